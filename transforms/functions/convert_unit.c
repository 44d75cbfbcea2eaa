/* convert_unit(quantity, from, to [, material [, scale [, rounding]]])
 *
 * Each connection remembers the ratios it has met: which they are costs two to four lookups and
 * GMP arithmetic, and a mapping asks for few of them many times. A ratio that ends as a decimal
 * (1000, 0.25) is kept as one: to convert is then one multiplication of small numbers. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"
#include "transforms/functions/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

enum { RATIOS_MAX = 4096, KEY_BYTES_MAX = 512 };

struct ratio {
    mpq_t exact;
    struct exact decimal;
    bool ends; /* `decimal` is the ratio */
    UT_hash_handle hh;
    char key[]; /* from, to and material, a NUL between them */
};

struct ratio_cache {
    struct ratio *all;
};

static void ratio_free(struct ratio *r)
{
    mpq_clear(r->exact);
    exact_free(&r->decimal);
    free(r);
}

static void forget_all(struct ratio_cache *cache)
{
    struct ratio *r, *next;
    HASH_ITER(hh, cache->all, r, next)
    {
        HASH_DEL(cache->all, r);
        ratio_free(r);
    }
}

void ratio_cache_free(struct ratio_cache *cache)
{
    if (!cache)
        return;
    forget_all(cache);
    free(cache);
}

/* ---- one call ---- */

struct conversion {
    sqlite3_context *context;
    struct words from, to, material;
    int scale; /* where `rounds` */
    enum rounding rounding;
    bool rounds;
};

static struct unit_name unit_of(struct words w)
{
    return (struct unit_name){w.text, w.size};
}

static void no_ratio(const struct conversion *c, const struct units *u, enum unit_answer answer)
{
    char pair[OUTCOME_SUBJECT_BYTES];
    const enum outcome_kind kind = units_fail_unknown(u) ? OUTCOME_FAIL : OUTCOME_QUARANTINE;
    struct words unit = answer == UNIT_FROM_UNKNOWN ? c->from : c->to;
    if (answer != UNIT_DIFFERENT_DIMENSIONS) {
        call_end(c->context, kind, REASON_UNIT, unit, c->material,
                 "convert_unit: no ratio says what \"%.*s\" is (material \"%.*s\")", SHOWN(unit),
                 SHOWN(c->material));
        return;
    }
    snprintf(pair, sizeof pair, "%.*s -> %.*s", (int)(c->from.size < 50 ? c->from.size : 50),
             c->from.text, (int)(c->to.size < 50 ? c->to.size : 50), c->to.text);
    call_end(c->context, kind, REASON_DIMENSION, words_of(pair), c->material,
             "convert_unit: no ratio leads from \"%.*s\" to \"%.*s\" (material \"%.*s\")",
             SHOWN(c->from), SHOWN(c->to), SHOWN(c->material));
}

static struct ratio *new_ratio(struct ratio_cache *cache, const struct conversion *c,
                               const char *key, size_t size)
{
    static const struct exact one = {.small = 1};
    struct call *call = sqlite3_user_data(c->context);
    const struct units *u = functions_units(call->functions);
    struct ratio *r = calloc(1, sizeof *r + size);
    must(r);
    mpq_init(r->exact);
    enum unit_answer answer =
        units_ratio(u, unit_of(c->from), unit_of(c->to), unit_of(c->material), r->exact);
    if (answer != UNIT_OK) {
        no_ratio(c, u, answer);
        ratio_free(r);
        return NULL;
    }
    r->ends = exact_scale_by(&r->decimal, &one, r->exact);
    memcpy(r->key, key, size);
    if (HASH_COUNT(cache->all) >= RATIOS_MAX)
        forget_all(cache);
    HASH_ADD(hh, cache->all, key, size, r);
    return r;
}

static size_t write_key(const struct conversion *c, char *key)
{
    size_t at = 0;
    const struct words parts[] = {c->from, c->to, c->material};
    for (int i = 0; i < 3; i++) {
        memcpy(key + at, parts[i].text, parts[i].size);
        at += parts[i].size;
        key[at++] = 0;
    }
    return at;
}

/* NULL: the statement has ended. */
static const struct ratio *find_ratio(const struct conversion *c)
{
    struct call *call = sqlite3_user_data(c->context);
    char key[KEY_BYTES_MAX];
    struct ratio *r;
    if (c->from.size + c->to.size + c->material.size + 3 > KEY_BYTES_MAX) {
        call_end(c->context, OUTCOME_QUARANTINE, REASON_UNIT, c->from, c->material,
                 "convert_unit: names of units or material of more than %d bytes", KEY_BYTES_MAX);
        return NULL;
    }
    if (!call->ratios)
        call->ratios = calloc(1, sizeof *call->ratios);
    must(call->ratios);
    size_t size = write_key(c, key);
    HASH_FIND(hh, call->ratios->all, key, size, r);
    return r ? r : new_ratio(call->ratios, c, key, size);
}

static bool apply(const struct conversion *c, const struct ratio *r, struct exact *x)
{
    if (c->rounds)
        exact_scale_rounded(x, x, r->exact, c->scale, c->rounding);
    else if (r->ends)
        exact_multiply(x, x, &r->decimal);
    else
        return exact_scale_by(x, x, r->exact);
    return true;
}

static void no_end(const struct conversion *c, sqlite3_value *quantity)
{
    struct words text = call_text(quantity);
    call_end(c->context, OUTCOME_QUARANTINE, REASON_NO_END, c->to, text,
             "convert_unit: %.*s \"%.*s\" is no finite decimal number of \"%.*s\": give a scale, "
             "convert_unit(quantity, from, to, material, 6)",
             SHOWN(text), SHOWN(c->from), SHOWN(c->to));
}

static bool read_rounding(struct conversion *c, int n, sqlite3_value **values)
{
    c->rounding = ROUND_HALF_UP;
    c->rounds = n > 4 && sqlite3_value_type(values[4]) != SQLITE_NULL;
    if (c->rounds && !call_scale(c->context, "convert_unit", values[4], &c->scale))
        return false;
    return n < 6 || call_rounding(c->context, "convert_unit", values[5], &c->rounding);
}

void convert_unit_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct conversion c = {.context = context, .material = NOTHING};
    struct exact x;
    if (call_has_null(3, values) || !read_rounding(&c, n, values))
        return;
    c.from = call_text(values[1]);
    c.to = call_text(values[2]);
    if (n > 3 && sqlite3_value_type(values[3]) != SQLITE_NULL)
        c.material = call_text(values[3]);
    const struct ratio *r = find_ratio(&c);
    if (!r || !call_number(context, "convert_unit", values[0], &x))
        return;
    if (apply(&c, r, &x))
        call_return_number(context, "convert_unit", &x);
    else
        no_end(&c, values[0]);
    exact_free(&x);
}
