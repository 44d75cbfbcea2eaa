#include "model/value.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/fail.h"
#include <math.h>
#include <string.h>

static const char *const kind_names[] = {
#define X(kind, name) [kind] = name,
    VALUE_KINDS(X)
#undef X
};

const char *value_kind_name(enum value_kind kind)
{
    return kind_names[kind];
}

/* ---- decimals: equal where sign, integer digits and fraction digits are, without outer zeros ----
 */

struct decimal {
    bool negative;
    const char *whole, *fraction;
    size_t nwhole, nfraction;
};

static struct decimal decimal_of(const struct value *v)
{
    const char *at = v->text, *end = v->text + v->size;
    struct decimal d = {.negative = at < end && *at == '-'};
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    const char *point = at < end ? memchr(at, '.', (size_t)(end - at)) : NULL;
    const char *whole_end = point ? point : end;
    d.fraction = point ? point + 1 : end;
    while (at < whole_end && *at == '0')
        at++;
    while (end > d.fraction && end[-1] == '0')
        end--;
    d.whole = at;
    d.nwhole = (size_t)(whole_end - at);
    d.nfraction = (size_t)(end - d.fraction);
    if (d.nwhole == 0 && d.nfraction == 0)
        d.negative = false;
    return d;
}

static bool same_bytes(const char *a, size_t na, const char *b, size_t nb)
{
    return na == nb && (na == 0 || memcmp(a, b, na) == 0);
}

static bool decimal_equal(const struct value *a, const struct value *b)
{
    struct decimal x = decimal_of(a), y = decimal_of(b);
    return x.negative == y.negative && same_bytes(x.whole, x.nwhole, y.whole, y.nwhole) &&
           same_bytes(x.fraction, x.nfraction, y.fraction, y.nfraction);
}

/* ---- equality ---- */

static bool is_integer(const struct value *v)
{
    return v->kind == VALUE_INT || v->kind == VALUE_UINT;
}

static bool is_float(const struct value *v)
{
    return v->kind == VALUE_FLOAT || v->kind == VALUE_DOUBLE;
}

/* Above INT64_MAX an unsigned number has no signed equal. */
static bool integer_equal(const struct value *a, const struct value *b)
{
    return a->u == b->u && (a->kind == b->kind || a->i >= 0);
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (is_integer(a) && is_integer(b))
        return integer_equal(a, b);
    if (is_float(a) && is_float(b))
        return a->d == b->d || (isnan(a->d) && isnan(b->d));
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_NULL || a->kind == VALUE_ABSENT)
        return true;
    if (a->kind == VALUE_DECIMAL)
        return decimal_equal(a, b);
    if (value_kind_has_text((enum value_kind)a->kind))
        return same_bytes(a->text, a->size, b->text, b->size);
    return a->i == b->i;
}

/* ---- hash ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 32;
    h *= UINT64_C(0xD6E8FEB86659FD93);
    return h ^ h >> 29;
}

static uint64_t hash_bytes(uint64_t h, const char *p, size_t size)
{
    uint64_t word = 0;
    h = mix(h, size);
    for (; size >= sizeof word; p += sizeof word, size -= sizeof word) {
        memcpy(&word, p, sizeof word);
        h = mix(h, word);
    }
    if (size == 0)
        return h;
    word = 0;
    memcpy(&word, p, size);
    return mix(h, word);
}

static uint64_t hash_decimal(uint64_t h, const struct value *v)
{
    struct decimal d = decimal_of(v);
    h = mix(h, d.negative);
    h = hash_bytes(h, d.whole, d.nwhole);
    return hash_bytes(h, d.fraction, d.nfraction);
}

static uint64_t hash_float(uint64_t h, double d)
{
    uint64_t bits;
    if (d == 0 || isnan(d))
        d = isnan(d) ? NAN : 0;
    memcpy(&bits, &d, sizeof bits);
    return mix(h, bits);
}

uint64_t value_hash(const struct value *v, uint64_t seed)
{
    enum value_kind kind = v->kind;
    if (is_integer(v))
        return mix(mix(seed, VALUE_INT), v->u);
    if (is_float(v))
        return hash_float(mix(seed, VALUE_DOUBLE), v->d);
    uint64_t h = mix(seed, kind);
    if (kind == VALUE_NULL || kind == VALUE_ABSENT)
        return h;
    if (kind == VALUE_DECIMAL)
        return hash_decimal(h, v);
    return value_kind_has_text(kind) ? hash_bytes(h, v->text, v->size) : mix(h, v->u);
}

/* ---- copies and texts ---- */

struct value value_copy(const struct value *v, struct arena *a)
{
    struct value copy = *v;
    if (value_kind_has_text((enum value_kind)v->kind))
        copy.text = arena_copy(a, v->text, v->size);
    return copy;
}
