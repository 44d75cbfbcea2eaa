/* A zone is a sorted table of transitions. Whatever the file's footer says of later years is
 * unrolled into the same table for 400 years, after which the Gregorian calendar repeats to the
 * day of the week: so one binary search answers for every instant, and later times are moved back
 * by whole cycles. */
#include "model/zone.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/reader.h"
#include "model/zone_rule.h"

#define US             INT64_C(1000000)
#define CYCLE_SECONDS  (INT64_C(146097) * 86400) /* 400 Gregorian years */
#define FILE_BYTES_MAX (256 * 1024)

struct transition {
    int64_t at;     /* UTC seconds */
    int64_t before; /* offsets in seconds east of UTC */
    int64_t after;
};

struct zone {
    struct zone *next;
    const char *name;
    int64_t first_offset; /* before the first transition, or always */
    int ntransitions;
    struct transition *transitions;
    int64_t cycle_from; /* times from here on lie in a repetition; INT64_MAX: nothing repeats */
};

/* Loaded zones live for the process: values and plans point to them from any thread. */
static pthread_mutex_t zones_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct zone *zones;

/* ---- lookup ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* How many whole cycles to move `seconds` back so that the table answers for it. */
static int64_t cycles_beyond(const struct zone *z, int64_t seconds)
{
    if (seconds < z->cycle_from)
        return 0;
    return (seconds - z->cycle_from) / CYCLE_SECONDS + 1;
}

static int64_t offset_at_utc(const struct zone *z, int64_t utc)
{
    utc -= cycles_beyond(z, utc) * CYCLE_SECONDS;
    int low = 0, high = z->ntransitions;
    while (low < high) {
        int middle = (low + high) / 2;
        if (z->transitions[middle].at <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? z->first_offset : z->transitions[low - 1].after;
}

/* In a gap and in a fold the offset from before the transition holds: so the local time at which
 * the later offset takes over is reckoned with the larger of the two. */
static int64_t local_start(const struct transition *t)
{
    return t->at + (t->after > t->before ? t->after : t->before);
}

static int64_t offset_at_local(const struct zone *z, int64_t local)
{
    local -= cycles_beyond(z, local) * CYCLE_SECONDS;
    int low = 0, high = z->ntransitions;
    while (low < high) {
        int middle = (low + high) / 2;
        if (local_start(&z->transitions[middle]) <= local)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? z->first_offset : z->transitions[low - 1].after;
}

static int64_t shift(int64_t us, int64_t seconds)
{
    int64_t result;
    if (__builtin_add_overflow(us, seconds * US, &result))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

int64_t zone_to_utc(const struct zone *z, int64_t local_us)
{
    return shift(local_us, -offset_at_local(z, floor_div(local_us, US)));
}

int64_t zone_from_utc(const struct zone *z, int64_t utc_us)
{
    return shift(utc_us, offset_at_utc(z, floor_div(utc_us, US)));
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

bool zone_same(const struct zone *a, const struct zone *b)
{
    if (a == b)
        return true;
    return a->ntransitions == 0 && b->ntransitions == 0 && a->first_offset == b->first_offset;
}

/* ---- building ---- */

static void zone_append(struct zone *z, int64_t at, int64_t offset)
{
    if (z->ntransitions && z->transitions[z->ntransitions - 1].at == at)
        z->ntransitions--; /* two at one instant: the later one is what holds */
    int64_t before = z->ntransitions ? z->transitions[z->ntransitions - 1].after : z->first_offset;
    z->transitions[z->ntransitions++] = (struct transition){at, before, offset};
}

/* The footer's rule for the 400 years after the table's last transition. */
static void zone_unroll(struct zone *z, const struct zone_rule *rule)
{
    int64_t last = z->ntransitions ? z->transitions[z->ntransitions - 1].at : INT64_MIN;
    int64_t first_year = z->ntransitions ? zone_rule_year(last) : 1900;
    for (int64_t year = first_year; year <= first_year + 401; year++) {
        int64_t at[2], offset[2];
        zone_rule_transitions(rule, year, at, offset);
        for (int i = 0; i < 2; i++)
            if (at[i] > last)
                zone_append(z, at[i], offset[i]);
    }
    /* A cycle's first year is one that the rule rules from its start to its end. */
    z->cycle_from = zone_rule_year_start(first_year + 401);
}

/* TZif (RFC 8536 section 3.1), one header:
 *   "TZif" version[1] unused[15] isutcnt isstdcnt leapcnt timecnt typecnt charcnt (each u32)
 * and its data block, with times of `width` bytes:
 *   times[timecnt]*width types[timecnt] (utoff i32, isdst u8, idx u8)[typecnt] names[charcnt]
 *   leaps[leapcnt]*(width+4) isstd[isstdcnt] isut[isutcnt]
 */
struct tzif_header {
    uint8_t version;
    uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static bool read_header(struct reader *r, struct tzif_header *h)
{
    const uint8_t *magic = read_bytes(r, 4);
    if (!magic || memcmp(magic, "TZif", 4) != 0)
        return false;
    h->version = read_u8(r);
    read_bytes(r, 15);
    h->isutcnt = (uint32_t)read_be(r, 4);
    h->isstdcnt = (uint32_t)read_be(r, 4);
    h->leapcnt = (uint32_t)read_be(r, 4);
    h->timecnt = (uint32_t)read_be(r, 4);
    h->typecnt = (uint32_t)read_be(r, 4);
    h->charcnt = (uint32_t)read_be(r, 4);
    return !r->overrun && h->typecnt > 0 && h->typecnt <= 256 && h->timecnt <= FILE_BYTES_MAX;
}

static size_t data_bytes(const struct tzif_header *h, size_t width)
{
    return h->timecnt * (width + 1) + (size_t)h->typecnt * 6 + h->charcnt +
           h->leapcnt * (width + 4) + h->isstdcnt + h->isutcnt;
}

static bool read_transitions(struct reader *r, const struct tzif_header *h, struct zone *z)
{
    struct reader times = *r;
    read_bytes(r, (size_t)h->timecnt * 8);
    struct reader indexes = *r;
    read_bytes(r, h->timecnt);
    int64_t offsets[256] = {0};
    for (uint32_t i = 0; i < h->typecnt; i++) {
        offsets[i] = (int32_t)read_be(r, 4);
        read_bytes(r, 2);
    }
    z->first_offset = offsets[0];
    for (uint32_t i = 0; i < h->timecnt; i++) {
        int64_t at = (int64_t)read_be(&times, 8);
        uint8_t type = read_u8(&indexes);
        if (type >= h->typecnt || (z->ntransitions && at <= z->transitions[z->ntransitions - 1].at))
            return false;
        /* Fat files begin with a filler at the beginning of time. */
        if (at > -(INT64_C(1) << 58))
            zone_append(z, at, offsets[type]);
    }
    return !r->overrun;
}

static bool read_footer(struct reader *r, struct zone *z)
{
    const char *text = (const char *)r->at;
    size_t size = reader_left(r);
    if (size < 2 || text[0] != '\n')
        return false;
    const char *end = memchr(text + 1, '\n', size - 1);
    if (!end)
        return false;
    if (end == text + 1)
        return true; /* no rule: the last offset holds on */
    char copy[128];
    size_t length = (size_t)(end - text - 1);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text + 1, length);
    copy[length] = 0;
    struct zone_rule rule;
    if (!zone_rule_read(copy, &rule))
        return false;
    if (rule.has_dst)
        zone_unroll(z, &rule);
    return true;
}

enum { UNROLLED_MAX = 2 * 402 };

static bool zone_decode(const uint8_t *data, size_t size, struct zone *z)
{
    struct reader r = reader_of(data, size);
    struct tzif_header h;
    if (!read_header(&r, &h) || h.version < '2')
        return false;
    read_bytes(&r, data_bytes(&h, 4)); /* version 1 repeats the table in 32 bits */
    if (!read_header(&r, &h) || reader_left(&r) < data_bytes(&h, 8))
        return false;
    z->transitions = calloc(h.timecnt + UNROLLED_MAX, sizeof *z->transitions);
    must(z->transitions);
    struct reader block = r;
    read_bytes(&r, data_bytes(&h, 8));
    return read_transitions(&block, &h, z) && read_footer(&r, z);
}

/* ---- loading ---- */

static struct zone *zone_new(const char *name)
{
    struct zone *z = calloc(1, sizeof *z);
    must(z);
    z->name = strdup(name);
    must(z->name);
    z->cycle_from = INT64_MAX;
    return z;
}

static void zone_free(struct zone *z)
{
    free((char *)z->name);
    free(z->transitions);
    free(z);
}

/* "+08:00", "-3", "+0530": at most 15:59 as both engines take it. */
static bool fixed_offset(const char *name, int64_t *seconds)
{
    int hours, minutes = 0, used = 0;
    if ((name[0] != '+' && name[0] != '-') || !isdigit((unsigned char)name[1]))
        return false;
    const char *digits = name + 1;
    if (sscanf(digits, "%2d:%2d%n", &hours, &minutes, &used) != 2 || digits[used]) {
        minutes = 0;
        if (sscanf(digits, "%2d%n", &hours, &used) != 1 || digits[used])
            return false;
    }
    if (hours > 15 || minutes > 59 || minutes < 0)
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (name[0] == '-' ? -1 : 1);
    return true;
}

static bool name_is_safe(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("/_+-", *p))
            return false;
    return *name && *name != '/' && strlen(name) < 64;
}

static size_t read_file(const char *name, uint8_t *data, size_t max)
{
    static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                          "/usr/share/lib/zoneinfo"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        FILE *file = fopen(path, "rb");
        if (!file)
            continue;
        size_t size = fread(data, 1, max, file);
        fclose(file);
        return size;
    }
    return 0;
}

static bool zone_is_utc(const char *name)
{
    return strcmp(name, "UTC") == 0 || strcmp(name, "Etc/UTC") == 0 || strcmp(name, "Z") == 0;
}

static enum status zone_read(const char *name, struct zone *z, struct failure *f)
{
    if (zone_is_utc(name) || fixed_offset(name, &z->first_offset))
        return STATUS_OK;
    uint8_t *data = name_is_safe(name) ? malloc(FILE_BYTES_MAX) : NULL;
    size_t size = data ? read_file(name, data, FILE_BYTES_MAX) : 0;
    bool found = size > 0, good = found && zone_decode(data, size, z);
    free(data);
    if (good)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                found ? "time zone \"%s\": its file under /usr/share/zoneinfo cannot be read as "
                        "TZif version 2; reinstall tzdata"
                      : "time zone \"%s\" is not known; use a name of the tz database (with the "
                        "package tzdata installed) such as Asia/Shanghai, UTC, or an offset such "
                        "as +08:00",
                name);
}

enum status zone_load(const char *name, const struct zone **out, struct failure *f)
{
    enum status status = STATUS_OK;
    pthread_mutex_lock(&zones_mutex);
    struct zone *z = zones;
    while (z && strcmp(z->name, name) != 0)
        z = z->next;
    if (!z) {
        z = zone_new(name);
        status = zone_read(name, z, f);
        if (status == STATUS_OK) {
            z->next = zones;
            zones = z;
        } else {
            zone_free(z);
            z = NULL;
        }
    }
    pthread_mutex_unlock(&zones_mutex);
    *out = z;
    return status;
}
