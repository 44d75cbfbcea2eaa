#include "benchmarks/load/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *scheme;
    enum place_family family;
    int port;
} schemes[] = {
    {"postgresql", PLACE_POSTGRES, 5432},
    {"postgres", PLACE_POSTGRES, 5432},
    {"mysql", PLACE_MYSQL, 3306},
    {"mariadb", PLACE_MYSQL, 3306},
};

static enum status bad(const char *url, const char *why, struct failure *f)
{
    /* of the URL only what is before '@': a password that was put in it is not repeated */
    const char *scheme_end = strstr(url, "://");
    return fail(f, ERROR_CONFIG,
                "the place %.*s...: %s; write FAMILY://USER@HOST:PORT/DATABASE, as in "
                "mariadb://app@127.0.0.1:3306/shop, and give the password in the environment",
                scheme_end ? (int)(scheme_end - url) : 10, url, why);
}

static bool copy(char *out, const char *from, size_t size)
{
    if (size >= PLACE_NAME_BYTES)
        return false;
    memcpy(out, from, size);
    out[size] = '\0';
    return true;
}

static bool read_scheme(const char **url, struct place *out)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i].scheme);
        if (strncmp(*url, schemes[i].scheme, size) == 0 && strncmp(*url + size, "://", 3) == 0) {
            out->family = schemes[i].family;
            out->port = schemes[i].port;
            *url += size + 3;
            return true;
        }
    }
    return false;
}

/* "host", "host:port", "[::1]:port" */
static bool read_host(const char *from, const char *end, struct place *out)
{
    const char *close = from < end && *from == '[' ? memchr(from, ']', (size_t)(end - from)) : NULL;
    const char *colon = memchr(close ? close : from, ':', (size_t)(end - (close ? close : from)));
    const char *host_end = close ? close : colon ? colon : end;
    if (close)
        from++;
    if (!copy(out->host, from, (size_t)(host_end - from)) || out->host[0] == '\0')
        return false;
    if (colon) {
        char *after;
        long port = strtol(colon + 1, &after, 10);
        if (after != end || port < 1 || port > 65535)
            return false;
        out->port = (int)port;
    }
    return true;
}

enum status place_read(const char *url, struct place *out, struct failure *f)
{
    *out = (struct place){0};
    const char *at = url;
    if (!read_scheme(&at, out))
        return bad(url, "the family is none of postgresql, mysql, mariadb", f);
    const char *sign = strrchr(at, '@');
    if (sign && memchr(at, ':', (size_t)(sign - at)))
        return bad(url, "a password does not belong here", f);
    if (sign && !copy(out->user, at, (size_t)(sign - at)))
        return bad(url, "the user's name is too long", f);
    const char *host = sign ? sign + 1 : at;
    const char *slash = strchr(host, '/');
    if (!slash || slash[1] == '\0' || !copy(out->database, slash + 1, strlen(slash + 1)))
        return bad(url, "there is no database", f);
    if (!read_host(host, slash, out))
        return bad(url, "host or port cannot be read", f);
    return STATUS_OK;
}

const char *place_text(const struct place *p)
{
    static _Thread_local char text[2 * PLACE_NAME_BYTES + 16];
    snprintf(text, sizeof text, "%s:%d/%s", p->host, p->port, p->database);
    return text;
}
