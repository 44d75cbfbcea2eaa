#include "command/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buffer.h"

enum { REQUEST_BYTES_MAX = 64 * 1024, ANSWER_BYTES_MAX = 16 * 1024 * 1024, BACKLOG = 16 };

struct control {
    uv_pipe_t pipe;
    uv_loop_t *loop;
    char *path;
    json_t *(*answer)(void *owner, const json_t *request);
    void *owner;
};

struct caller {
    uv_pipe_t pipe;
    struct control *control;
    struct buffer request;
    uv_write_t write;
    char *answer;
};

/* ---- server ---- */

static void free_caller(uv_handle_t *handle)
{
    struct caller *c = handle->data;
    buffer_free(&c->request);
    free(c->answer);
    free(c);
}

static void close_caller(struct caller *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->pipe))
        uv_close((uv_handle_t *)&c->pipe, free_caller);
}

static void on_answered(uv_write_t *write, int status)
{
    (void)status;
    close_caller(write->data);
}

static void answer(struct caller *c)
{
    json_error_t error;
    json_t *request = json_loadb(c->request.data, c->request.size, 0, &error);
    json_t *said = request ? c->control->answer(c->control->owner, request)
                           : json_pack("{s:s}", "error", "the request is not JSON");
    c->answer = json_dumps(said, JSON_COMPACT);
    json_decref(said);
    json_decref(request);
    uv_buf_t out[2] = {uv_buf_init(c->answer, (unsigned)strlen(c->answer)),
                       uv_buf_init((char *)"\n", 1)};
    c->write.data = c;
    uv_read_stop((uv_stream_t *)&c->pipe);
    if (uv_write(&c->write, (uv_stream_t *)&c->pipe, out, 2, on_answered) != 0)
        close_caller(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct caller *c = handle->data;
    (void)suggested;
    *out = uv_buf_init(buffer_reserve(&c->request, 4096), 4096);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct caller *c = stream->data;
    (void)buf;
    if (size < 0 || c->request.size + (size_t)size > REQUEST_BYTES_MAX) {
        close_caller(c);
        return;
    }
    c->request.size += (size_t)size;
    if (c->request.size > 0 && memchr(c->request.data, '\n', c->request.size))
        answer(c);
}

static void on_caller(uv_stream_t *server, int status)
{
    struct control *control = server->data;
    struct caller *c = calloc(1, sizeof *c);
    must(c);
    c->control = control;
    c->pipe.data = c;
    buffer_init(&c->request, 2 * REQUEST_BYTES_MAX);
    uv_pipe_init(control->loop, &c->pipe, 0);
    if (status < 0 || uv_accept(server, (uv_stream_t *)&c->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
        close_caller(c);
}

static void free_control(uv_handle_t *handle)
{
    struct control *c = handle->data;
    free(c->path);
    free(c);
}

/* A connection to `path`, or -1 with errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static enum status free_path(const char *path, struct failure *f)
{
    struct stat st;
    int fd = connect_to(path);
    if (fd >= 0) {
        close(fd);
        return fail(f, ERROR_SECOND_ENGINE,
                    "a millrace process already listens on %s: it runs this config", path);
    }
    if (errno == ENAMETOOLONG)
        return fail(f, ERROR_CONFIG, "the socket's path %s is too long: set socket: in the config",
                    path);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path); /* left by a process that is gone */
    return STATUS_OK;
}

enum status control_open(uv_loop_t *loop, const char *path,
                         json_t *(*answer_fn)(void *owner, const json_t *request), void *owner,
                         struct failure *f, struct control **out)
{
    *out = NULL;
    TRY(free_path(path, f));
    struct control *c = calloc(1, sizeof *c);
    must(c);
    c->loop = loop;
    c->path = strdup(path);
    c->answer = answer_fn;
    c->owner = owner;
    c->pipe.data = c;
    uv_pipe_init(loop, &c->pipe, 0);
    mode_t mask = umask(0177); /* the socket is born 0600 */
    int error = uv_pipe_bind(&c->pipe, path);
    umask(mask);
    if (error == 0)
        error = uv_listen((uv_stream_t *)&c->pipe, BACKLOG, on_caller);
    if (error != 0) {
        uv_close((uv_handle_t *)&c->pipe, free_control);
        return fail(f, ERROR_CONFIG, "cannot listen on %s: %s; set socket: in the config", path,
                    uv_strerror(error));
    }
    *out = c;
    return STATUS_OK;
}

/* Somebody who has connected and says nothing must not keep the process. */
static void close_if_caller(uv_handle_t *handle, void *control)
{
    struct caller *c = handle->data;
    if (handle->type == UV_NAMED_PIPE && handle->data != control)
        close_caller(c);
}

void control_close(struct control *c)
{
    if (!c)
        return;
    uv_walk(c->loop, close_if_caller, c);
    uv_close((uv_handle_t *)&c->pipe, free_control); /* libuv unlinks the path */
}

/* ---- client ---- */

static enum status exchange(int fd, const char *path, const char *line, struct buffer *in,
                            struct failure *f)
{
    size_t size = strlen(line), sent = 0;
    while (sent < size) {
        ssize_t n = send(fd, line + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return fail(f, ERROR_CONNECT, "socket %s: %s", path, strerror(errno));
        sent += (size_t)n;
    }
    for (;;) {
        ssize_t n = recv(fd, buffer_reserve(in, 4096), 4096, 0);
        if (n < 0)
            return fail(f, ERROR_CONNECT, "socket %s: %s", path, strerror(errno));
        if (n == 0)
            return STATUS_OK;
        in->size += (size_t)n;
    }
}

enum status control_ask(const char *path, json_t *request, json_t **answer_out, struct failure *f)
{
    json_error_t error;
    struct buffer in;
    *answer_out = NULL;
    int fd = connect_to(path);
    if (fd < 0) {
        json_decref(request);
        if (errno == ENOENT || errno == ECONNREFUSED || errno == ENAMETOOLONG)
            return STATUS_OK;
        return fail(f, ERROR_CONNECT, "socket %s: %s", path, strerror(errno));
    }
    char *text = json_dumps(request, JSON_COMPACT);
    char *line = NULL;
    must(asprintf(&line, "%s\n", text) > 0);
    buffer_init(&in, ANSWER_BYTES_MAX);
    enum status status = exchange(fd, path, line, &in, f);
    if (status == STATUS_OK && !(*answer_out = json_loadb(in.data, in.size, 0, &error)))
        status = fail(f, ERROR_CONNECT, "socket %s: the process ended before it answered", path);
    buffer_free(&in);
    free(line);
    free(text);
    json_decref(request);
    close(fd);
    return status;
}
