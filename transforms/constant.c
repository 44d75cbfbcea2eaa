/* Constants are written in YAML as text, and become values of the target column's kind once. */
#include "transforms/convert_parts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "model/zone.h"

#define SECOND_US INT64_C(1000000)

static bool is_decimal(const char *text)
{
    const char *p = text + (*text == '-');
    size_t whole = strspn(p, "0123456789");
    p += whole;
    if (*p == '.') {
        size_t fraction = strspn(++p, "0123456789");
        p += fraction ? fraction : strlen(p) + 1; /* a point alone is no number */
        if (!fraction)
            return false;
    }
    return whole > 0 && !*p;
}

static bool take_digits(const char **at, int min, int max, int64_t *out)
{
    int n = 0;
    for (*out = 0; n < max && isdigit((unsigned char)(*at)[0]); n++)
        *out = *out * 10 + (*(*at)++ - '0');
    return n >= min;
}

static bool take_char(const char **at, const char *any)
{
    if (!**at || !strchr(any, **at))
        return false;
    ++*at;
    return true;
}

static bool take_date(const char **at, int64_t *days)
{
    int64_t year, month, day, y;
    unsigned m, d;
    if (!take_digits(at, 4, 4, &year) || !take_char(at, "-") || !take_digits(at, 2, 2, &month) ||
        !take_char(at, "-") || !take_digits(at, 2, 2, &day) || month < 1 || month > 12 || day < 1)
        return false;
    *days = days_from_civil(year, (unsigned)month, (unsigned)day);
    civil_from_days(*days, &y, &m, &d);
    return y == year && m == month && d == day; /* no 31 February */
}

/* hh:mm[:ss[.ffffff]] */
static bool take_time(const char **at, int64_t *us)
{
    int64_t hours, minutes, seconds = 0, fraction = 0;
    if (!take_digits(at, 2, 3, &hours) || !take_char(at, ":") || !take_digits(at, 2, 2, &minutes))
        return false;
    if (take_char(at, ":") && !take_digits(at, 2, 2, &seconds))
        return false;
    if (take_char(at, ".")) {
        const char *start = *at;
        if (!take_digits(at, 1, 6, &fraction))
            return false;
        for (int64_t n = *at - start; n < 6; n++)
            fraction *= 10;
    }
    *us = (hours * 3600 + minutes * 60 + seconds) * SECOND_US + fraction;
    return minutes < 60 && seconds < 60;
}

/* Z, +08, +08:00; nothing: `*given` stays false. */
static bool take_offset(const char **at, bool *given, int64_t *us)
{
    *us = 0;
    *given = take_char(at, "Zz");
    if (*given || (**at != '+' && **at != '-'))
        return true;
    bool west = *(*at)++ == '-';
    int64_t hours, minutes = 0;
    if (!take_digits(at, 2, 2, &hours) || (take_char(at, ":") && !take_digits(at, 2, 2, &minutes)))
        return false;
    *us = (hours * 60 + minutes) * 60 * SECOND_US * (west ? -1 : 1);
    *given = true;
    return true;
}

static bool read_moment(const char *text, const struct column *c, const struct zone *zone,
                        struct value *out)
{
    int64_t days, us = 0, offset = 0;
    bool zoned = false;
    if (!take_date(&text, &days))
        return false;
    if (take_char(&text, " T") && (!take_time(&text, &us) || us >= INT64_C(86400) * SECOND_US))
        return false;
    if (c->kind == VALUE_INSTANT && !take_offset(&text, &zoned, &offset))
        return false;
    us += days * 86400 * SECOND_US;
    if (c->kind == VALUE_INSTANT)
        us = zoned ? us - offset : zone_to_utc(zone, us);
    *out = (struct value){.kind = (uint8_t)c->kind, .i = us};
    return !*text;
}

static bool read_date_only(const char *text, struct value *out)
{
    *out = (struct value){.kind = VALUE_DATE};
    return take_date(&text, &out->i) && !*text;
}

static bool read_time_only(const char *text, struct value *out)
{
    bool negative = take_char(&text, "-");
    *out = (struct value){.kind = VALUE_TIME};
    if (!take_time(&text, &out->i) || *text)
        return false;
    if (negative)
        out->i = -out->i;
    return true;
}

static bool read_bool(const char *text, struct value *out)
{
    bool yes = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    *out = (struct value){.kind = VALUE_BOOL, .i = yes};
    return yes || strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

static bool read_constant(const struct column *c, const char *text, const struct zone *zone,
                          struct arena *a, struct value *out)
{
    switch (c->kind) {
    case VALUE_BOOL:
        return read_bool(text, out);
    case VALUE_DATE:
        return read_date_only(text, out);
    case VALUE_TIME:
        return read_time_only(text, out);
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return read_moment(text, c, zone, out);
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
    case VALUE_DECIMAL:
        *out = value_text(VALUE_DECIMAL, arena_strdup(a, text), strlen(text));
        return is_decimal(text);
    default:
        *out = value_text(VALUE_TEXT, arena_strdup(a, text), strlen(text));
        return true;
    }
}

enum status convert_constant(const struct column *target, const char *text, const struct zone *to,
                             struct arena *a, struct value *out, struct failure *f)
{
    if (!read_constant(target, text, to, a, out))
        return fail(f, ERROR_CONFIG, "constant for column %s: \"%s\" is no %s (%s)", target->name,
                    text, value_kind_name(target->kind), target->type);
    /* The same rules as for a row's value: a source column of the kind that was read. */
    struct column source = {
        .type = "constant", .kind = out->kind, .length = -1, .precision = -1, .scale = -1};
    struct conversion_step step = convert_step(&source, target, to, to);
    if (step.judgement == CONVERT_NO)
        return fail(f, ERROR_CONFIG, "constant for column %s: %s columns take none", target->name,
                    target->type);
    struct failure refused = {0};
    if (step.convert && step.convert(&step, out, a, &refused) != STATUS_OK)
        return fail(f, ERROR_CONFIG, "constant for column %s: %s", target->name, refused.text);
    return STATUS_OK;
}
