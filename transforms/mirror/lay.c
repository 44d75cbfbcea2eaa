#include "transforms/mirror/lay.h"

#include <inttypes.h>
#include <math.h>

#include "base/buffer.h"
#include "model/number_text.h"

enum { TIME_TEXT_BYTES = 64 };
static const int64_t FIRST_DAY = -719162, LAST_DAY = 2932896, US_PER_DAY = 86400000000;

static struct value copy_text(const struct buffer *b, struct arena *a)
{
    return value_text(VALUE_TEXT, arena_copy(a, b->data, b->size), b->size);
}

static enum status refuse(const struct value *v, struct arena *a, struct failure *f)
{
    return fail(f, ERROR_VALUE,
                "%s %s has no form that views could read; mend it at the source, or leave the "
                "column out of the view",
                value_kind_name((enum value_kind)v->kind), value_show(v, a, 60));
}

static bool is_common_day(int64_t days)
{
    return days >= FIRST_DAY && days <= LAST_DAY;
}

static bool is_common_time(const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_DATE:
        return is_common_day(v->i);
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return is_common_day(v->i / US_PER_DAY - (v->i % US_PER_DAY < 0));
    default:
        return true;
    }
}

static enum status lay_time(const struct value *v, struct arena *a, struct value *out,
                            struct failure *f)
{
    char room[TIME_TEXT_BYTES];
    struct buffer b = {.data = room, .capacity = sizeof room, .max = sizeof room};
    if (!is_common_time(v))
        return refuse(v, a, f);
    if (v->kind == VALUE_DATE)
        value_add_date(&b, v->i);
    else if (v->kind == VALUE_TIME)
        value_add_time(&b, v->i);
    else
        value_add_datetime(&b, v->i);
    if (v->kind == VALUE_INSTANT)
        buffer_add_char(&b, 'Z');
    *out = copy_text(&b, a);
    return STATUS_OK;
}

static struct value lay_unsigned(const struct value *v, struct arena *a)
{
    if (v->u <= INT64_MAX)
        return value_int(v->i);
    const char *text = arena_format(a, "%" PRIu64, v->u);
    return value_text(VALUE_TEXT, text, strlen(text));
}

static struct value lay_uuid(const struct value *v, struct arena *a)
{
    char room[TIME_TEXT_BYTES];
    struct buffer b = {.data = room, .capacity = sizeof room, .max = sizeof room};
    must(v->size == 16);
    value_add_uuid(&b, v->text);
    return copy_text(&b, a);
}

static enum status lay_decimal(const struct value *v, struct arena *a, struct value *out,
                               struct failure *f)
{
    char *room = arena_alloc(a, (size_t)v->size + 1);
    struct buffer b = {.data = room, .capacity = (size_t)v->size + 1, .max = (size_t)v->size + 1};
    if (!number_text_canonical(v->text, v->size, &b))
        return refuse(v, a, f);
    *out = value_text(VALUE_TEXT, room, b.size);
    return STATUS_OK;
}

static enum status lay(const struct value *v, struct arena *a, struct value *out, struct failure *f)
{
    *out = *v;
    switch ((enum value_kind)v->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
    case VALUE_INT:
    case VALUE_TEXT:
    case VALUE_BYTES:
        break;
    case VALUE_BOOL:
        out->kind = VALUE_INT;
        break;
    case VALUE_UINT:
        *out = lay_unsigned(v, a);
        break;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        if (isnan(v->d) || isinf(v->d)) /* SQLite would store NULL for a NaN */
            return refuse(v, a, f);
        out->kind = VALUE_DOUBLE;
        break;
    case VALUE_DECIMAL:
        return lay_decimal(v, a, out, f);
    case VALUE_JSON:
        out->kind = VALUE_TEXT;
        break;
    case VALUE_UUID:
        *out = lay_uuid(v, a);
        break;
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return lay_time(v, a, out, f);
    case VALUE_ODD:
        return refuse(v, a, f);
    }
    return STATUS_OK;
}

bool lay_is_text(enum value_kind column)
{
    const unsigned texts = 1u << VALUE_DECIMAL | 1u << VALUE_TEXT | 1u << VALUE_JSON |
                           1u << VALUE_UUID | 1u << VALUE_DATE | 1u << VALUE_TIME |
                           1u << VALUE_DATETIME | 1u << VALUE_INSTANT;
    return texts >> column & 1;
}

/* A number in a column of texts would become a text, and be another value than it was. */
enum status lay_value(enum value_kind column, const struct value *v, struct arena *a,
                      struct value *out, struct failure *f)
{
    TRY(lay(v, a, out, f));
    if (lay_is_text(column) && (out->kind == VALUE_INT || out->kind == VALUE_DOUBLE))
        return fail(f, ERROR_INTERNAL, "a value of kind %s in a column of kind %s",
                    value_kind_name((enum value_kind)v->kind), value_kind_name(column));
    return STATUS_OK;
}
