#include "transforms/convert_parts.h"

#include <string.h>
#include "model/zone.h"

/* ---- the matrix: what is not here is NO ---- */

struct cell {
    enum value_kind from, to;
    conversion_function *convert;
    const char *loses; /* what may be refused per value; NULL: nothing can be lost */
};

#define RANGE   "numbers out of its range"
#define EXACT   "numbers that have no exact form in it"
#define DIGITS  "digits"
#define SECONDS "fractional seconds"
#define LENGTH  "values longer than it"
#define BLANKS  "values longer than it, or with blanks at their end"

static const struct cell matrix[] = {
    {VALUE_BOOL, VALUE_BOOL, NULL, NULL},
    {VALUE_BOOL, VALUE_INT, convert_to_int, NULL},
    {VALUE_BOOL, VALUE_UINT, convert_to_uint, NULL},
    {VALUE_BOOL, VALUE_DECIMAL, convert_to_decimal, NULL},
    {VALUE_BOOL, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_INT, VALUE_BOOL, convert_to_bool, "numbers other than 0 and 1"},
    {VALUE_INT, VALUE_INT, convert_to_int, RANGE},
    {VALUE_INT, VALUE_UINT, convert_to_uint, RANGE},
    {VALUE_INT, VALUE_FLOAT, convert_to_float, EXACT},
    {VALUE_INT, VALUE_DOUBLE, convert_to_double, EXACT},
    {VALUE_INT, VALUE_DECIMAL, convert_to_decimal, RANGE},
    {VALUE_INT, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_UINT, VALUE_BOOL, convert_to_bool, "numbers other than 0 and 1"},
    {VALUE_UINT, VALUE_INT, convert_to_int, RANGE},
    {VALUE_UINT, VALUE_UINT, convert_to_uint, RANGE},
    {VALUE_UINT, VALUE_FLOAT, convert_to_float, EXACT},
    {VALUE_UINT, VALUE_DOUBLE, convert_to_double, EXACT},
    {VALUE_UINT, VALUE_DECIMAL, convert_to_decimal, RANGE},
    {VALUE_UINT, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_FLOAT, VALUE_INT, convert_to_int, DIGITS},
    {VALUE_FLOAT, VALUE_UINT, convert_to_uint, DIGITS},
    {VALUE_FLOAT, VALUE_FLOAT, convert_to_float, DIGITS},
    {VALUE_FLOAT, VALUE_DOUBLE, convert_to_double, DIGITS},
    {VALUE_FLOAT, VALUE_DECIMAL, convert_to_decimal, DIGITS},
    {VALUE_FLOAT, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_DOUBLE, VALUE_INT, convert_to_int, DIGITS},
    {VALUE_DOUBLE, VALUE_UINT, convert_to_uint, DIGITS},
    {VALUE_DOUBLE, VALUE_FLOAT, convert_to_float, DIGITS},
    {VALUE_DOUBLE, VALUE_DOUBLE, convert_to_double, DIGITS},
    {VALUE_DOUBLE, VALUE_DECIMAL, convert_to_decimal, DIGITS},
    {VALUE_DOUBLE, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_DECIMAL, VALUE_INT, convert_to_int, DIGITS},
    {VALUE_DECIMAL, VALUE_UINT, convert_to_uint, DIGITS},
    {VALUE_DECIMAL, VALUE_FLOAT, convert_to_float, EXACT},
    {VALUE_DECIMAL, VALUE_DOUBLE, convert_to_double, EXACT},
    {VALUE_DECIMAL, VALUE_DECIMAL, convert_to_decimal, DIGITS},
    {VALUE_DECIMAL, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_TEXT, VALUE_TEXT, convert_to_text, LENGTH},
    {VALUE_TEXT, VALUE_BYTES, convert_to_bytes, LENGTH},
    {VALUE_TEXT, VALUE_JSON, convert_to_json, "text that is no JSON"},
    {VALUE_TEXT, VALUE_UUID, convert_to_uuid, "text that is no UUID"},

    {VALUE_BYTES, VALUE_BYTES, convert_to_bytes, "values of another length"},
    {VALUE_BYTES, VALUE_TEXT, convert_to_text, "bytes that are no UTF-8"},
    {VALUE_BYTES, VALUE_UUID, convert_to_uuid, "values of other than 16 bytes"},

    {VALUE_DATE, VALUE_DATE, NULL, NULL},
    {VALUE_DATE, VALUE_DATETIME, convert_to_datetime, NULL},
    {VALUE_DATE, VALUE_INSTANT, convert_to_instant, SECONDS},
    {VALUE_DATE, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_TIME, VALUE_TIME, convert_to_time, "fractional seconds, or times beyond a day"},
    {VALUE_TIME, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_DATETIME, VALUE_DATE, convert_to_date, "the time of day"},
    {VALUE_DATETIME, VALUE_DATETIME, convert_to_datetime, SECONDS},
    {VALUE_DATETIME, VALUE_INSTANT, convert_to_instant, SECONDS},
    {VALUE_DATETIME, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_INSTANT, VALUE_DATETIME, convert_to_datetime, SECONDS},
    {VALUE_INSTANT, VALUE_INSTANT, convert_to_instant, SECONDS},
    {VALUE_INSTANT, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_JSON, VALUE_JSON, NULL, NULL},
    {VALUE_JSON, VALUE_TEXT, convert_to_text, LENGTH},

    {VALUE_UUID, VALUE_UUID, NULL, NULL},
    {VALUE_UUID, VALUE_TEXT, convert_to_text, LENGTH},
    {VALUE_UUID, VALUE_BYTES, convert_to_bytes, "values of another length"},

    {VALUE_ODD, VALUE_ODD, NULL, NULL},
    {VALUE_ODD, VALUE_TEXT, convert_to_text, LENGTH},
};

/* Types that are text only because they have no common form (intervals, arrays, bits, enums) take
 * texts of their own kind: the number 10 as the text of a bit string would be 2. */
static const struct cell into_bits = {VALUE_UINT, VALUE_TEXT, convert_to_bits, RANGE};
static const struct cell from_bits = {VALUE_TEXT, VALUE_UINT, convert_from_bits, RANGE};

static const struct cell *matrix_cell(enum value_kind from, enum value_kind to)
{
    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++)
        if (matrix[i].from == from && matrix[i].to == to)
            return &matrix[i];
    return NULL;
}

static bool is_bit_number(const struct column *c)
{
    return c->kind == VALUE_UINT && column_bits(c) > 0;
}

static bool is_bit_string(const struct column *c)
{
    return c->kind == VALUE_TEXT && column_bits(c) > 0;
}

static const struct cell *cell_of(const struct column *s, const struct column *t)
{
    if (is_bit_number(s) && is_bit_string(t))
        return &into_bits;
    if (is_bit_string(s) && is_bit_number(t))
        return &from_bits;
    bool own_text = t->kind == VALUE_TEXT && !column_is_characters(t);
    bool interval = s->kind == VALUE_TIME && strncmp(t->type, "interval", 8) == 0;
    if (own_text && s->kind != VALUE_TEXT && !interval)
        return NULL;
    return matrix_cell(s->kind, t->kind);
}

/* ---- can a value of this column ever be refused by that one? ---- */

static bool is_integer(enum value_kind kind)
{
    return kind == VALUE_BOOL || kind == VALUE_INT || kind == VALUE_UINT;
}

static int decimal_digits(struct range r)
{
    uint64_t low = -(uint64_t)r.min, largest = low > r.max ? low : r.max;
    int digits = 1;
    for (; largest >= 10; largest /= 10)
        digits++;
    return digits;
}

static bool integers_fit(const struct column *s, const struct column *t)
{
    struct range from = column_range(s), to = column_range(t);
    switch (t->kind) {
    case VALUE_DECIMAL:
        return t->precision < 0 ||
               (t->scale >= 0 && decimal_digits(from) <= t->precision - t->scale);
    case VALUE_DOUBLE:
        return !column_rounds(t) && from.max <= (UINT64_C(1) << 53);
    case VALUE_FLOAT:
        return !column_rounds(t) && from.max <= (UINT64_C(1) << 24);
    case VALUE_BOOL:
        return s->kind == VALUE_BOOL;
    case VALUE_TEXT:
        return t->length < 0 || t->length >= 20;
    default:
        return from.min >= to.min && from.max <= to.max;
    }
}

static bool decimals_fit(const struct column *s, const struct column *t)
{
    if (t->precision < 0)
        return true;
    if (s->precision < 0 || s->scale < 0 || t->scale < 0)
        return false;
    return s->scale <= t->scale && s->precision - s->scale <= t->precision - t->scale;
}

static bool floats_fit(const struct column *s, const struct column *t)
{
    if (column_rounds(t))
        return column_rounds(s) && s->kind == t->kind && s->scale <= t->scale;
    return t->kind == VALUE_DOUBLE || s->kind == VALUE_FLOAT;
}

static bool drops_blanks(const struct column *s, const struct column *t)
{
    return column_is_fixed(t) && s->kind == VALUE_TEXT && !column_is_fixed(s);
}

static bool lengths_fit(const struct column *s, const struct column *t)
{
    if (drops_blanks(s, t))
        return false;
    if (column_pads(t))
        return column_pads(s) ? s->length == t->length : s->kind == VALUE_UUID && t->length == 16;
    if (t->length < 0)
        return true;
    if (s->kind == VALUE_UUID)
        return t->length >= (t->kind == VALUE_TEXT ? 36 : 16);
    return s->kind == t->kind && s->length >= 0 && s->length <= t->length;
}

static bool seconds_fit(const struct column *s, const struct column *t)
{
    if (column_is_clock(t) && !column_is_clock(s))
        return false;
    return s->kind == VALUE_DATE || column_unit_us(s) >= column_unit_us(t);
}

static bool always_fits(const struct column *s, const struct column *t)
{
    if (column_bits(s) > 0 && column_bits(t) > 0)
        return column_bits(s) <= column_bits(t);
    if (is_integer(s->kind))
        return integers_fit(s, t);
    switch (t->kind) {
    case VALUE_DECIMAL:
        return s->kind == VALUE_DECIMAL && decimals_fit(s, t);
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return s->kind != VALUE_DECIMAL && floats_fit(s, t);
    case VALUE_TEXT:
    case VALUE_BYTES:
        return !(s->kind == VALUE_BYTES && t->kind == VALUE_TEXT) && lengths_fit(s, t);
    case VALUE_TIME:
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return seconds_fit(s, t);
    default:
        return false;
    }
}

/* ---- steps ---- */

static bool shifts(const struct conversion_step *step, enum value_kind from)
{
    return from == VALUE_DATETIME && step->target->kind == VALUE_DATETIME &&
           !zone_same(step->from, step->to);
}

/* ODD goes round the conversions: it has no number or time to convert. A value of another kind
 * than its column's (a boolean where the log says tinyint) finds its own cell. */
static enum status convert_any(const struct conversion_step *step, struct value *v, struct arena *a,
                               struct failure *f)
{
    if (v->kind == step->source_kind)
        return step->inner(step, v, a, f);
    if (v->kind == VALUE_ODD && step->target->kind != VALUE_TEXT)
        return STATUS_OK;
    const struct cell *cell = matrix_cell(v->kind, step->target->kind);
    if (cell && !cell->convert)
        return STATUS_OK;
    return cell ? cell->convert(step, v, a, f)
                : convert_refuse(step, v, a, f, "there is no conversion from its kind");
}

struct conversion_step convert_step(const struct column *source, const struct column *target,
                                    const struct zone *from, const struct zone *to)
{
    struct conversion_step step = {
        .judgement = CONVERT_NO, .target = target, .from = from, .to = to};
    const struct cell *cell = cell_of(source, target);
    if (!cell)
        return step;
    step.source_bits = column_bits(source);
    step.drops_blanks = drops_blanks(source, target);
    struct range range = column_range(target);
    step.min = range.min;
    step.max = range.max;
    step.unit_us = column_unit_us(target);
    if (cell->loses && !always_fits(source, target)) {
        step.judgement = CONVERT_NARROWER;
        step.loses = drops_blanks(source, target) ? BLANKS : cell->loses;
    } else {
        step.judgement = source->kind == target->kind && !shifts(&step, source->kind)
                             ? CONVERT_SAME
                             : CONVERT_WIDER;
    }
    if (step.judgement != CONVERT_SAME) {
        step.source_kind = source->kind;
        step.inner = cell->convert;
        step.convert = convert_any;
    }
    return step;
}

enum status convert_refuse(const struct conversion_step *step, const struct value *v,
                           struct arena *a, struct failure *f, const char *why)
{
    const char *quote = v->kind == VALUE_TEXT || v->kind == VALUE_JSON ? "\"" : "";
    return fail(f, ERROR_VALUE, "column %s (%s) cannot hold %s%s%s: %s", step->target->name,
                step->target->type, quote, value_show(v, a, 120), quote, why);
}
