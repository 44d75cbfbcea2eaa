/* Value: one column of one row, typed, engine-neutral, 16 bytes.
 *
 * Decoders make values, transforms convert them, sinks format them by kind. Bytes lie in the
 * batch's arena (or in the source's packet until it is copied there); a value owns nothing.
 * The two engines' type tables (cdc/db/postgres/types.c, cdc/db/mysql/types.c) say which kind a
 * column type decodes to, from each of its forms.
 */
#ifndef MILLRACE_MODEL_VALUE_H
#define MILLRACE_MODEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* kind, name in errors, where it is held */
#define VALUE_KINDS(X)                                                                             \
    X(VALUE_ABSENT, "absent")     /* not in the log (unchanged TOAST): must not be written */      \
    X(VALUE_NULL, "null")                                                                          \
    X(VALUE_BOOL, "boolean")      /* i: 0 or 1 */                                                  \
    X(VALUE_INT, "integer")       /* i */                                                          \
    X(VALUE_UINT, "unsigned")     /* u; unsigned columns and BIT; see value_equal */               \
    X(VALUE_FLOAT, "float")       /* d, exactly a 32-bit float */                                  \
    X(VALUE_DOUBLE, "double")     /* d */                                                          \
    X(VALUE_DECIMAL, "decimal")   /* text: -?digits(.digits)?, scale as the source wrote it */     \
    X(VALUE_TEXT, "text")         /* text: UTF-8; enum labels, sets ("a,b") and all other text */  \
    X(VALUE_BYTES, "bytes")       /* text: any bytes */                                            \
    X(VALUE_DATE, "date")         /* i: days since 1970-01-01, proleptic Gregorian */              \
    X(VALUE_TIME, "time")         /* i: microseconds; MySQL's may be negative or beyond a day */   \
    X(VALUE_DATETIME, "datetime") /* i: microseconds since 1970-01-01 00:00, zone not said */      \
    X(VALUE_INSTANT, "instant")   /* i: microseconds since 1970-01-01 00:00 UTC */                 \
    X(VALUE_JSON, "json")         /* text: UTF-8 JSON */                                           \
    X(VALUE_UUID, "uuid")         /* text: 16 bytes */                                             \
    X(VALUE_ODD, "odd")           /* text: as its engine spells a value that has no common form */ \
                                  /* (NaN, infinity, 0000-00-00, BC); only the same engine may */  \
                                  /* write it, others refuse with the text in the error */

enum value_kind {
#define X(kind, name) kind,
    VALUE_KINDS(X)
#undef X
};

struct value {
    uint8_t kind; /* enum value_kind */
    uint32_t size; /* bytes at text, for the kinds that have text */
    union {
        int64_t i;
        uint64_t u;
        double d;
        const char *text; /* not NUL-terminated */
    };
};

const char *value_kind_name(enum value_kind kind);
static inline bool value_kind_has_text(enum value_kind kind)
{
    const unsigned texts = 1u << VALUE_DECIMAL | 1u << VALUE_TEXT | 1u << VALUE_BYTES |
                           1u << VALUE_JSON | 1u << VALUE_UUID | 1u << VALUE_ODD;
    return texts >> kind & 1;
}

/* Equality by meaning within one column: decimals without trailing zeros (1.0 = 1.00), -0.0 = 0.0,
 * INT = UINT of the same number. NULL equals NULL, ABSENT equals ABSENT. */
bool value_equal(const struct value *a, const struct value *b);
uint64_t value_hash(const struct value *v, uint64_t seed); /* equal values hash alike */

static inline struct value value_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}
static inline struct value value_int(int64_t i)
{
    return (struct value){.kind = VALUE_INT, .i = i};
}
static inline struct value value_text(enum value_kind kind, const char *text, size_t size)
{
    return (struct value){.kind = (uint8_t)kind, .size = (uint32_t)size, .text = text};
}

struct arena;
/* A copy whose bytes lie in `a`. */
struct value value_copy(const struct value *v, struct arena *a);
/* For errors and `held`: a short readable form, cut at `max` bytes ("…" appended), NUL-terminated. */
const char *value_show(const struct value *v, struct arena *a, size_t max);

/* Calendar arithmetic, proleptic Gregorian, used by both type tables. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day);

struct buffer;
/* The texts both engines read: "2026-11-22", "16:48:00.123456" (fraction only if not zero),
 * "2026-11-22 16:48:00.123456". Years 0001-9999 in four digits; others are the caller's affair. */
void value_add_date(struct buffer *b, int64_t days);
void value_add_time(struct buffer *b, int64_t us);
void value_add_datetime(struct buffer *b, int64_t us);
void value_add_uuid(struct buffer *b, const char *bytes);        /* with dashes */
/* Truth values, numbers, dates and times without zone: what reads the same everywhere, with nothing to
 * escape. false: another kind, nothing is added. */
bool value_add_plain(struct buffer *b, const struct value *v);
void value_add_hex(struct buffer *b, const char *bytes, size_t size);
/* The shortest text that reads back as the same float / double. */
void value_add_float(struct buffer *b, double d);
void value_add_double(struct buffer *b, double d);
/* Exactly the `size` bytes, as strtod and strtof read them; false where they are no number. */
bool value_read_double(const char *text, size_t size, double *out);
bool value_read_float(const char *text, size_t size, double *out);

#endif
