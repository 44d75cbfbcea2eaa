#include "base/log.h"
#include "config/parts.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWORD_BYTES_MAX = 4096 };

const char *path_beside(struct load *l, const char *path)
{
    const char *slash = strrchr(l->config->path, '/');
    if (*path == '/' || !slash)
        return path;
    return arena_format(l->arena, "%.*s/%s", (int)(slash - l->config->path), l->config->path, path);
}

/* A line's end, which editors leave behind, is no part of a password. */
static const char *clean(struct load *l, char *text, size_t size)
{
    if (size > 0 && text[size - 1] == '\n')
        size--;
    if (size > 0 && text[size - 1] == '\r')
        size--;
    return arena_copy(l->arena, text, size);
}

static ssize_t read_all(int fd, char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        ssize_t n = read(fd, text + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        at += (size_t)n;
    }
    return (ssize_t)at;
}

static void warn_if_open(const char *path, int fd)
{
    struct stat s;
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && (s.st_mode & (S_IROTH | S_IWOTH)))
        log_warn("msg=\"every user can read this password file: chmod 600\" path=%s",
                 log_quote(path));
}

static enum status read_file(struct load *l, const struct node *at, const char **out)
{
    char text[PASSWORD_BYTES_MAX + 2];
    const char *path = path_beside(l, at->text);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return wrong(l, at, "password_file %s cannot be opened: %s", path, strerror(errno));
    warn_if_open(path, fd);
    ssize_t n = read_all(fd, text, sizeof text);
    int error = errno;
    close(fd);
    if (n < 0)
        return wrong(l, at, "password_file %s cannot be read: %s", path, strerror(error));
    if (n > PASSWORD_BYTES_MAX)
        return wrong(l, at, "password_file %s is longer than %d bytes", path, PASSWORD_BYTES_MAX);
    *out = clean(l, text, (size_t)n);
    explicit_bzero(text, sizeof text);
    if (!**out || strlen(*out) + 2 < (size_t)n)
        return wrong(l, at, "password_file %s holds no password", path);
    if (strchr(*out, '\n'))
        return wrong(l, at, "password_file %s must hold the password alone, in one line", path);
    return STATUS_OK;
}

/* What is no name is perhaps the password itself, set down in the wrong place: it is not shown. */
static bool is_variable_name(const char *text)
{
    bool good = *text && !(*text >= '0' && *text <= '9');
    for (const char *c = text; *c; c++)
        good &= isalnum((unsigned char)*c) || *c == '_';
    return good;
}

static enum status read_variable(struct load *l, const struct node *at, const char **out)
{
    if (!is_variable_name(at->text))
        return wrong(l, at,
                     "password_env must be the name of an environment variable (letters, digits "
                     "and _): the password itself never stands in this file");
    const char *value = getenv(at->text);
    if (!value || !*value)
        return wrong(l, at, "password_env: the environment has no variable %s%s", at->text,
                     value ? " with something in it" : "");
    *out = arena_strdup(l->arena, value);
    return STATUS_OK;
}

enum status secret_read(struct load *l, const struct form *role, const char **out)
{
    const struct node *file = role->given[ROLE_PASSWORD_FILE];
    const struct node *variable = role->given[ROLE_PASSWORD_ENV];
    *out = NULL;
    if (file && variable)
        return wrong(l, variable->key, "either password_file or password_env, not both");
    if (file)
        return read_file(l, file, out);
    return variable ? read_variable(l, variable, out) : STATUS_OK;
}
