/* marker.c: the text of a marker, paths, and the guard that a reader keeps. */
#include "state/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "base/guard.h"
#include "base/reader.h"

/* The first number of the text: a later form gets another one, and an older reader refuses it. */
enum { MARKER_VERSION = 1 };

struct marker_lane {
    int64_t link;
    int64_t lane; /* wide: no padding in a key that is hashed by its bytes */
};

struct marker_seen {
    struct marker_lane key;
    int64_t seq;
    UT_hash_handle hh;
};

void marker_write(struct buffer *b, const struct marker *m)
{
    buffer_add_format(b, "%d %" PRId64 " %" PRId32 " %" PRId64 " %s", MARKER_VERSION, m->link,
                      m->lane, m->seq, m->path);
}

bool marker_number(struct reader *r, char stop, int64_t *out)
{
    uint64_t n = 0;
    bool any = false;
    while (reader_left(r) > 0) {
        uint8_t c = read_u8(r);
        if (c == (uint8_t)stop) {
            *out = (int64_t)n;
            return any;
        }
        if (c < '0' || c > '9')
            return false;
        unsigned digit = (unsigned)(c - '0');
        if (n > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
        any = true;
    }
    return false;
}

/* "12,7,90": numbers between commas, none empty. */
static bool path_is_sound(const char *path, size_t size)
{
    bool digit = false;
    for (size_t i = 0; i < size; i++) {
        if (path[i] == ',' && !digit)
            return false;
        if (path[i] != ',' && (path[i] < '0' || path[i] > '9'))
            return false;
        digit = path[i] != ',';
    }
    return digit;
}

enum status marker_read(const char *text, size_t size, struct marker *m, char *scratch,
                        struct failure *f)
{
    struct reader r = reader_of(text, size);
    int64_t version = 0, link = 0, lane = 0, seq = 0;
    bool sound = marker_number(&r, ' ', &version) && version == MARKER_VERSION &&
                 marker_number(&r, ' ', &link) && marker_number(&r, ' ', &lane) &&
                 lane <= INT32_MAX && marker_number(&r, ' ', &seq);
    size_t left = reader_left(&r);
    if (!sound || left > MARKER_PATH_BYTES || !path_is_sound((const char *)r.at, left))
        return fail(
            f, ERROR_PROTOCOL,
            "a log message with the prefix 'millrace' is no marker that this version knows "
            "(%zu bytes); is another program, or a newer Millrace, writing under that name?",
            size);
    memcpy(scratch, r.at, left);
    scratch[left] = '\0';
    *m = (struct marker){.link = link, .lane = (int32_t)lane, .seq = seq, .path = scratch};
    return STATUS_OK;
}

bool path_holds(const char *path, int64_t system)
{
    char id[24];
    size_t n = (size_t)snprintf(id, sizeof id, "%" PRId64, system);
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, ",");
        if (length == n && memcmp(at, id, n) == 0)
            return true;
        at += length;
        if (*at == ',')
            at++;
    }
    return false;
}

void marker_guard_init(struct marker_guard *g, int64_t source_system, int64_t target_system)
{
    *g = (struct marker_guard){.source_system = source_system, .target_system = target_system};
    snprintf(g->own_path, sizeof g->own_path, "%" PRId64, source_system);
    marker_guard_begin(g);
}

void marker_guard_free(struct marker_guard *g)
{
    struct marker_seen *seen, *next;
    HASH_ITER(hh, g->seen, seen, next)
    {
        HASH_DEL(g->seen, seen);
        free(seen);
    }
}

void marker_guard_begin(struct marker_guard *g)
{
    memcpy(g->path, g->own_path, sizeof g->path);
    g->echo = false;
    g->marked = false;
}

static struct marker_seen *seen_add(struct marker_guard *g, struct marker_lane key)
{
    struct marker_seen *seen = calloc(1, sizeof *seen);
    must(seen);
    seen->key = key;
    HASH_ADD(hh, g->seen, key, sizeof seen->key, seen);
    return seen;
}

/* Numbers go up by one: each target transaction of a lane has one marker. A hole is a transaction
 * that the log does not have (any more), so the stream cannot be trusted. */
static enum status check_sequence(struct marker_guard *g, const struct marker *m, struct failure *f)
{
    struct marker_lane key = {.link = m->link, .lane = m->lane};
    struct marker_seen *seen;
    HASH_FIND(hh, g->seen, &key, sizeof key, seen);
    if (!seen) {
        seen_add(g, key)->seq = m->seq;
        return STATUS_OK;
    }
    if (GUARD_MARKER_CHECK && m->seq != seen->seq + 1)
        return fail(f, ERROR_SEQUENCE_GAP,
                    "the log of the source goes from transaction %" PRId64 " to %" PRId64
                    " of link %" PRId64 " lane %" PRId32
                    ": log is missing or was written by someone else; compare both sides, and copy "
                    "the tables again",
                    seen->seq, m->seq, m->link, m->lane);
    seen->seq = m->seq;
    return STATUS_OK;
}

enum status marker_guard_met(struct marker_guard *g, const struct marker *m, struct failure *f)
{
    TRY(check_sequence(g, m, f));
    int n = snprintf(g->path, sizeof g->path, "%s,%" PRId64, m->path, g->source_system);
    if (n >= (int)sizeof g->path)
        return fail(f, ERROR_CONFIG,
                    "a transaction has passed too many systems (path %s): links form a chain that "
                    "is longer than Millrace can follow",
                    m->path);
    g->marked = true;
    g->echo = GUARD_PATH_CUT && path_holds(m->path, g->target_system);
    return STATUS_OK;
}
