#include "command/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/clock.h"

enum { REQUEST_BYTES_MAX = 64 * 1024, ANSWER_BYTES_MAX = 16 * 1024 * 1024, BACKLOG = 16,
       STREAM_BYTES_MAX = 32 * 1024 * 1024 };

struct control {
    uv_pipe_t pipe;
    uv_loop_t *loop;
    char *path;
    json_t *(*answer)(void *owner, const json_t *request, struct control_stream *stream);
    void *owner;
};

struct caller {
    uv_pipe_t pipe;
    struct control *control;
    struct buffer request;
    uv_write_t write;
    char *answer;
    struct control_stream stream;
    struct buffer sent; /* of the stream: what is on its way */
    bool writing, ended;
};

/* ---- server ---- */

static void free_caller(uv_handle_t *handle)
{
    struct caller *c = handle->data;
    if (c->stream.self)
        c->stream.close(c->stream.self);
    buffer_free(&c->request);
    buffer_free(&c->sent);
    free(c->answer);
    free(c);
}

static void close_caller(struct caller *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->pipe))
        uv_close((uv_handle_t *)&c->pipe, free_caller);
}

static void stream_more(struct caller *c);

static void on_written(uv_write_t *write, int status)
{
    struct caller *c = write->data;
    c->writing = false;
    if (status < 0 || !c->stream.self || c->ended)
        close_caller(c);
    else
        stream_more(c);
}

static void write_out(struct caller *c, const uv_buf_t *out, unsigned n)
{
    c->write.data = c;
    c->writing = true;
    if (uv_write(&c->write, (uv_stream_t *)&c->pipe, out, n, on_written) != 0) {
        c->writing = false;
        close_caller(c);
    }
}

/* One write at a time: what comes meanwhile waits where its buffer has an end. */
static void stream_more(struct caller *c)
{
    if (c->writing || c->ended || uv_is_closing((uv_handle_t *)&c->pipe))
        return;
    buffer_clear(&c->sent);
    c->ended = !c->stream.take(c->stream.self, &c->sent);
    uv_buf_t out = uv_buf_init(c->sent.data, (unsigned)c->sent.size);
    if (c->sent.size > 0)
        write_out(c, &out, 1);
    else if (c->ended)
        close_caller(c);
}

static void answer(struct caller *c)
{
    json_error_t error;
    json_t *request = json_loadb(c->request.data, c->request.size, 0, &error);
    json_t *said = request ? c->control->answer(c->control->owner, request, &c->stream)
                           : json_pack("{s:s}", "error", "the request is not JSON");
    c->answer = json_dumps(said, JSON_COMPACT);
    json_decref(said);
    json_decref(request);
    uv_buf_t out[2] = {uv_buf_init(c->answer, (unsigned)strlen(c->answer)),
                       uv_buf_init((char *)"\n", 1)};
    if (!c->stream.self) /* else the end of what it sends tells that it goes */
        uv_read_stop((uv_stream_t *)&c->pipe);
    write_out(c, out, 2);
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
    if (c->stream.self)
        return; /* it has nothing more to say */
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
    buffer_init(&c->sent, STREAM_BYTES_MAX);
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
                         json_t *(*answer_fn)(void *owner, const json_t *request,
                                              struct control_stream *stream),
                         void *owner, struct failure *f, struct control **out)
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

static void more_if_stream(uv_handle_t *handle, void *control)
{
    struct caller *c = handle->data;
    if (handle->type == UV_NAMED_PIPE && handle->data != control && c->stream.self)
        stream_more(c);
}

void control_more(struct control *c)
{
    if (c)
        uv_walk(c->loop, more_if_stream, c);
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

/* -1: nobody listens there (STATUS_OK), or it cannot be reached. */
static enum status reach(const char *path, int *fd, struct failure *f)
{
    *fd = connect_to(path);
    if (*fd >= 0 || errno == ENOENT || errno == ECONNREFUSED || errno == ENAMETOOLONG)
        return STATUS_OK;
    return fail(f, ERROR_CONNECT, "socket %s: %s", path, strerror(errno));
}

static enum status send_line(int fd, const char *path, const char *line, struct failure *f)
{
    size_t size = strlen(line), sent = 0;
    while (sent < size) {
        ssize_t n = send(fd, line + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return fail(f, ERROR_CONNECT, "socket %s: %s", path, strerror(errno));
        sent += (size_t)n;
    }
    return STATUS_OK;
}

static char *request_line(const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    char *line = NULL;
    must(text && asprintf(&line, "%s\n", text) > 0);
    free(text);
    return line;
}

static enum status exchange(int fd, const char *path, const char *line, struct buffer *in,
                            struct failure *f)
{
    TRY(send_line(fd, path, line, f));
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
    int fd;
    *answer_out = NULL;
    enum status status = reach(path, &fd, f);
    if (fd < 0) {
        json_decref(request);
        return status;
    }
    char *line = request_line(request);
    buffer_init(&in, ANSWER_BYTES_MAX);
    status = exchange(fd, path, line, &in, f);
    if (status == STATUS_OK && !(*answer_out = json_loadb(in.data, in.size, 0, &error)))
        status = fail(f, ERROR_CONNECT, "socket %s: the process ended before it answered", path);
    buffer_free(&in);
    free(line);
    json_decref(request);
    close(fd);
    return status;
}

/* ---- a client that stays ---- */

struct following {
    int fd;
    const char *path;
    int64_t until_us; /* -1: never */
    struct buffer in;
    bool (*line)(void *owner, char *text);
    void *owner;
};

/* Whole lines go on, what is left of one stays. False: who follows has enough. */
static bool give_lines(struct following *w)
{
    size_t from = 0;
    bool goes_on = true;
    char *end;
    while (goes_on && from < w->in.size &&
           (end = memchr(w->in.data + from, '\n', w->in.size - from))) {
        *end = '\0';
        goes_on = w->line(w->owner, w->in.data + from);
        from = (size_t)(end - w->in.data) + 1;
    }
    memmove(w->in.data, w->in.data + from, w->in.size - from);
    w->in.size -= from;
    return goes_on;
}

/* False: the time is over. */
static bool wait_for_more(const struct following *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};
    int ready = 0;
    while (ready == 0) {
        int64_t left_us = w->until_us < 0 ? 1000000 : w->until_us - clock_monotonic_us();
        if (left_us <= 0)
            return false;
        ready = poll(&p, 1, left_us > 1000000 ? 1000 : (int)(left_us / 1000) + 1);
    }
    return true;
}

static enum status follow(struct following *w, struct failure *f)
{
    while (wait_for_more(w)) {
        ssize_t n = recv(w->fd, buffer_reserve(&w->in, 65536), 65536, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail(f, ERROR_CONNECTION_LOST, "the process at %s has ended", w->path);
        w->in.size += (size_t)n;
        if (!give_lines(w))
            return STATUS_OK;
    }
    return STATUS_OK;
}

enum status control_follow(const char *path, json_t *request, int64_t ms,
                           bool (*line_fn)(void *owner, char *text), void *owner, bool *there,
                           struct failure *f)
{
    struct following w = {.path = path, .line = line_fn, .owner = owner};
    char *line = request_line(request);
    json_decref(request);
    w.until_us = ms < 0 ? -1 : clock_monotonic_us() + ms * 1000;
    buffer_init(&w.in, 2 * STREAM_BYTES_MAX);
    enum status status = reach(path, &w.fd, f);
    *there = w.fd >= 0;
    if (*there)
        status = send_line(w.fd, path, line, f);
    if (*there && status == STATUS_OK)
        status = follow(&w, f);
    if (*there)
        close(w.fd);
    buffer_free(&w.in);
    free(line);
    return status;
}
