/* Units form groups: within one, each is a factor times the group's base. Where a ratio joins two
 * groups, one is taken into the other; where it lies within one, it must agree.
 *
 * A material has groups of its own, whose members are its own units and the general groups' bases:
 * so what it says of one unit of a general group holds for all of them. */
#include "transforms/functions/units_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- units and groups ---- */

static struct unit *find_unit(struct unit *units, struct unit_name name)
{
    struct unit *u;
    HASH_FIND(hh, units, name.text, name.size, u);
    return u;
}

static struct unit *new_unit(struct unit **units, struct unit_name name)
{
    struct unit *u = calloc(1, sizeof *u);
    must(u);
    u->name = strndup(name.text, name.size);
    must(u->name);
    u->base = u;
    u->known = known_unit_find(name.text, name.size);
    mpq_init(u->factor);
    mpq_set_ui(u->factor, 1, 1);
    HASH_ADD_KEYPTR(hh, *units, u->name, name.size, u);
    return u;
}

static struct unit *get_unit(struct unit **units, struct unit_name name)
{
    struct unit *u = find_unit(*units, name);
    return u ? u : new_unit(units, name);
}

/* All of `from`'s group become units of `to`'s: a base of `from` is `ratio` bases of `to`. */
static void join_groups(struct unit *units, struct unit *from, struct unit *to, mpq_srcptr ratio)
{
    for (struct unit *u = units; u; u = u->hh.next) {
        if (u->base != from)
            continue;
        mpq_mul(u->factor, u->factor, ratio);
        u->base = to;
    }
}

/* ---- what a quantity is, in the base of its group ---- */

struct place {
    const struct unit *base;
    mpq_t factor;
};

static struct unit_name name_of(const struct unit *u)
{
    return (struct unit_name){u->name, strlen(u->name)};
}

/* false: the unit is not defined. `factor` is initialised. */
static bool find_place(struct unit *general, struct unit *own, struct unit_name name,
                       struct place *out)
{
    const struct unit *u = find_unit(general, name);
    if (!u)
        u = find_unit(own, name);
    if (!u)
        return false;
    mpq_set(out->factor, u->factor);
    out->base = u->base;
    const struct unit *joined = own ? find_unit(own, name_of(u->base)) : NULL;
    if (joined && joined != u) {
        mpq_mul(out->factor, out->factor, joined->factor);
        out->base = joined->base;
    }
    return true;
}

static enum unit_answer ratio_between(struct unit *general, struct unit *own, struct unit_name from,
                                      struct unit_name to, struct place *a, struct place *b)
{
    if (!find_place(general, own, from, a))
        return UNIT_FROM_UNKNOWN;
    if (!find_place(general, own, to, b))
        return UNIT_TO_UNKNOWN;
    if (a->base != b->base)
        return UNIT_DIFFERENT_DIMENSIONS;
    mpq_div(a->factor, a->factor, b->factor);
    return UNIT_OK;
}

static enum unit_answer ratio_in(struct unit *general, struct unit *own, struct unit_name from,
                                 struct unit_name to, mpq_ptr ratio)
{
    struct place a, b;
    mpq_inits(a.factor, b.factor, NULL);
    enum unit_answer answer = ratio_between(general, own, from, to, &a, &b);
    if (answer == UNIT_OK)
        mpq_set(ratio, a.factor);
    mpq_clears(a.factor, b.factor, NULL);
    return answer;
}

enum unit_answer units_ratio(const struct units *u, struct unit_name from, struct unit_name to,
                             struct unit_name material, mpq_ptr ratio)
{
    struct material *m = NULL;
    if (from.size == to.size && memcmp(from.text, to.text, to.size) == 0) {
        mpq_set_ui(ratio, 1, 1);
        return UNIT_OK;
    }
    if (!u)
        return UNIT_FROM_UNKNOWN;
    if (material.size > 0)
        HASH_FIND(hh, u->materials, material.text, material.size, m);
    return ratio_in(u->general, m ? m->units : NULL, from, to, ratio);
}

bool units_fail_unknown(const struct units *u)
{
    return u && u->fail_unknown;
}

/* ---- contradictions ---- */

/* Of any length: an unfit ratio may have hundreds of digits. */
static enum status contradiction(struct failure *f, struct unit_name left, struct unit_name right,
                                 mpq_srcptr said, mpq_srcptr is, const char *why)
{
    char *a = mpq_get_str(NULL, 10, said), *b = mpq_get_str(NULL, 10, is);
    must(a && b);
    enum status status = fail(f, ERROR_CONFIG, "1 %.*s is %.60s %.*s by this, but %.60s %s",
                              (int)left.size, left.text, a, (int)right.size, right.text, b, why);
    free(a);
    free(b);
    return status;
}

/* Two known names of one dimension must stand as everybody knows. */
static enum status check_known(struct failure *f, const struct unit *a, const struct unit *b,
                               mpq_srcptr ratio, bool may_join)
{
    mpq_t x, y;
    enum status status = STATUS_OK;
    if (!a->known || !b->known)
        return STATUS_OK;
    if (strcmp(a->known->dimension, b->known->dimension) != 0)
        return may_join ? STATUS_OK
                        : fail(f, ERROR_CONFIG,
                               "%s is a unit of %s, %s one of %s: only a material's own ratios "
                               "join them",
                               a->name, a->known->dimension, b->name, b->known->dimension);
    mpq_inits(x, y, NULL);
    known_unit_factor(a->known, x);
    known_unit_factor(b->known, y);
    mpq_div(x, x, y);
    if (!mpq_equal(x, ratio))
        status = contradiction(f, name_of(a), name_of(b), ratio, x, "by what their names mean");
    mpq_clears(x, y, NULL);
    return status;
}

static enum status check_pair(struct failure *f, struct unit *general, struct unit *own,
                              const struct unit *a, const struct unit *b)
{
    mpq_t ratio;
    enum status status = STATUS_OK;
    if (a == b || !a->known || !b->known ||
        (own && strcmp(a->known->dimension, b->known->dimension) != 0))
        return STATUS_OK;
    mpq_init(ratio);
    if (ratio_in(general, own, name_of(a), name_of(b), ratio) == UNIT_OK)
        status = check_known(f, a, b, ratio, own != NULL);
    mpq_clear(ratio);
    return status;
}

static enum status check_against(struct failure *f, struct unit *general, struct unit *own,
                                 const struct unit *a, struct unit *others)
{
    /* What a general group says of its own units was checked when it was made. */
    const bool both_general = own && others == general && find_unit(general, name_of(a)) == a;
    for (const struct unit *b = others; b; b = b->hh.next)
        if (!both_general || a->base != b->base)
            TRY(check_pair(f, general, own, a, b));
    return STATUS_OK;
}

/* Every known name with every other: a few dozen at most are known. */
static enum status check_all_known(struct failure *f, struct unit *general, struct unit *own)
{
    for (const struct unit *a = general; a; a = a->hh.next)
        if (a->known)
            TRY(check_against(f, general, own, a, general));
    for (const struct unit *a = own; a; a = a->hh.next) {
        if (!a->known)
            continue;
        TRY(check_against(f, general, own, a, own));
        TRY(check_against(f, general, own, a, general));
    }
    return STATUS_OK;
}

/* ---- one ratio more ---- */

/* What the line itself says of two known names. */
static enum status check_words(struct failure *f, const struct ratio_words *w, bool may_join)
{
    const struct unit a = {.name = strndupa(w->left.text, w->left.size),
                           .known = known_unit_find(w->left.text, w->left.size)};
    const struct unit b = {.name = strndupa(w->right.text, w->right.size),
                           .known = known_unit_find(w->right.text, w->right.size)};
    return check_known(f, &a, &b, w->value, may_join);
}

static enum status check_agrees(struct failure *f, const struct ratio_words *w,
                                struct unit *general, struct unit *own)
{
    mpq_t is;
    enum status status = STATUS_OK;
    mpq_init(is);
    if (ratio_in(general, own, w->left, w->right, is) == UNIT_OK && !mpq_equal(is, w->value))
        status = contradiction(f, w->left, w->right, w->value, is, "by the ratios before it");
    mpq_clear(is);
    return status;
}

/* left = value * right, in bases: base(left) = value * factor(right) / factor(left) base(right) */
static void join(struct unit *units, struct unit *a, struct unit *b, mpq_srcptr value)
{
    mpq_t ratio;
    if (a->base == b->base)
        return;
    mpq_init(ratio);
    mpq_mul(ratio, value, b->factor);
    mpq_div(ratio, ratio, a->factor);
    join_groups(units, a->base, b->base, ratio);
    mpq_clear(ratio);
}

static enum status add_general(struct units *u, const struct ratio_words *w, struct failure *f)
{
    TRY(check_words(f, w, false));
    TRY(check_agrees(f, w, u->general, NULL));
    struct unit *a = get_unit(&u->general, w->left);
    struct unit *b = get_unit(&u->general, w->right);
    if (a == b)
        return mpq_cmp_ui(w->value, 1, 1) == 0
                   ? STATUS_OK
                   : fail(f, ERROR_CONFIG, "%s is 1 of itself, and nothing else", a->name);
    join(u->general, a, b, w->value);
    return check_all_known(f, u->general, NULL);
}

/* The unit that stands in a material's groups for this name: its own, or the base of the general
 * one, of which one is `factor`. */
static struct unit *stand_in(struct units *u, struct material *m, struct unit_name name,
                             mpq_ptr factor)
{
    const struct unit *general = find_unit(u->general, name);
    if (!general) {
        mpq_set_ui(factor, 1, 1);
        return get_unit(&m->units, name);
    }
    mpq_set(factor, general->factor);
    return get_unit(&m->units, name_of(general->base));
}

static enum status add_own(struct units *u, struct material *m, const struct ratio_words *w,
                           struct failure *f)
{
    TRY(check_words(f, w, true));
    TRY(check_agrees(f, w, u->general, m->units));
    mpq_t left, right;
    mpq_inits(left, right, NULL);
    struct unit *a = stand_in(u, m, w->left, left);
    struct unit *b = stand_in(u, m, w->right, right);
    /* left * a = value * right * b */
    mpq_mul(right, right, w->value);
    mpq_div(right, right, left);
    bool itself = a == b && mpq_cmp_ui(right, 1, 1) != 0;
    if (a != b)
        join(m->units, a, b, right);
    mpq_clears(left, right, NULL);
    if (itself)
        return fail(f, ERROR_CONFIG, "%s is 1 of itself, and nothing else", a->name);
    return check_all_known(f, u->general, m->units);
}

static struct material *get_material(struct units *u, const char *name)
{
    struct material *m;
    HASH_FIND_STR(u->materials, name, m);
    if (m)
        return m;
    m = calloc(1, sizeof *m);
    must(m);
    m->name = strdup(name);
    must(m->name);
    HASH_ADD_KEYPTR(hh, u->materials, m->name, strlen(m->name), m);
    return m;
}

/* Grows by doubling. */
static void note_said(struct units *u, const char *material, const char *text)
{
    if ((u->nsaid & (u->nsaid - 1)) == 0) {
        u->said = realloc(u->said, (u->nsaid ? 2 * u->nsaid : 1) * sizeof *u->said);
        must(u->said);
    }
    const char *name = material ? material : "";
    must(asprintf(&u->said[u->nsaid++], "%zu:%s%s", strlen(name), name, text) > 0);
}

enum status units_add(struct units *u, const char *material, const char *text, struct failure *f)
{
    struct ratio_words w;
    TRY(ratio_words_read(text, &w, f));
    enum status status = material ? add_own(u, get_material(u, material), &w, f)
                                  : add_general(u, &w, f);
    ratio_words_free(&w);
    if (status == STATUS_OK)
        note_said(u, material, text);
    if (status != STATUS_OK && material)
        return fail_in(f, "\"%.80s\" of material %.80s", text, material);
    return status == STATUS_OK ? status : fail_in(f, "\"%.80s\"", text);
}

/* ---- the whole ---- */

static void free_units(struct unit **units)
{
    struct unit *u, *next;
    HASH_ITER(hh, *units, u, next)
    {
        HASH_DEL(*units, u);
        mpq_clear(u->factor);
        free(u->name);
        free(u);
    }
}

void units_free(struct units *u)
{
    struct material *m, *next;
    if (!u)
        return;
    free_units(&u->general);
    HASH_ITER(hh, u->materials, m, next)
    {
        HASH_DEL(u->materials, m);
        free_units(&m->units);
        free(m->name);
        free(m);
    }
    for (size_t i = 0; i < u->nsaid; i++)
        free(u->said[i]);
    free(u->said);
    free(u);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void units_digest(struct units *u, struct digest *out)
{
    if (u->nsaid > 0)
        qsort(u->said, u->nsaid, sizeof *u->said, by_text);
    digest_number(out, u->fail_unknown);
    digest_number(out, (int64_t)u->nsaid);
    for (size_t i = 0; i < u->nsaid; i++)
        digest_text(out, u->said[i]);
}
