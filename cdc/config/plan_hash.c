/* The plan's canonical spelling and its hash (config.h). Every text goes with its length, so that
 * no two plans can be spelled alike; what has no order is sorted. */
#include "base/buffer.h"
#include "config/config.h"
#include <openssl/evp.h>
#include <stdlib.h>

enum { SPELLING_MAX = 64 * 1024 * 1024 };

static void add(struct buffer *b, const char *text)
{
    if (!text) {
        buffer_add_char(b, '-');
        return;
    }
    buffer_add_uint(b, strlen(text));
    buffer_add_char(b, ':');
    buffer_add_text(b, text);
}

static void add_system(struct buffer *b, const struct system *s)
{
    buffer_add_format(b, "system %lld ", (long long)s->id);
    add(b, s->zone);
    buffer_add_char(b, '\n');
}

static int by_from(const void *a, const void *b)
{
    return strcmp(((const struct rename *)a)->from, ((const struct rename *)b)->from);
}

static int by_column(const void *a, const void *b)
{
    return strcmp(((const struct constant *)a)->column, ((const struct constant *)b)->column);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A sorted copy; NULL of nothing. */
static void *sorted(const void *items, int n, size_t size, int (*order)(const void *, const void *))
{
    if (n == 0)
        return NULL;
    void *copy = malloc((size_t)n * size);
    must(copy);
    memcpy(copy, items, (size_t)n * size);
    qsort(copy, (size_t)n, size, order);
    return copy;
}

static void add_renames(struct buffer *b, const struct flow *f)
{
    struct rename *r = sorted(f->renames, f->nrenames, sizeof *r, by_from);
    for (int i = 0; i < f->nrenames; i++) {
        buffer_add_text(b, " column ");
        add(b, r[i].from);
        add(b, r[i].to);
    }
    free(r);
}

static void add_texts(struct buffer *b, const char *word, const char **texts, int n)
{
    const char **t = sorted(texts, n, sizeof *t, by_text);
    for (int i = 0; i < n; i++) {
        buffer_add_text(b, word);
        add(b, t[i]);
    }
    free(t);
}

static void add_constants(struct buffer *b, const struct flow *f)
{
    struct constant *c = sorted(f->constants, f->nconstants, sizeof *c, by_column);
    for (int i = 0; i < f->nconstants; i++) {
        buffer_add_text(b, " constant ");
        add(b, c[i].column);
        add(b, c[i].value);
    }
    free(c);
}

static void add_flow(struct buffer *b, const struct flow *f)
{
    buffer_add_text(b, f->pattern ? "pattern " : "table ");
    add(b, f->source_schema);
    add(b, f->source_table);
    add(b, f->target_schema);
    add(b, f->target_table);
    add_renames(b, f);
    add_texts(b, " drop ", f->drop, f->ndrop);
    add_constants(b, f);
    buffer_add_char(b, '\n');
}

/* Exact names by name, before the patterns, whose order has a meaning. */
static int by_table(const void *a, const void *b)
{
    const struct flow *x = *(const struct flow *const *)a, *y = *(const struct flow *const *)b;
    if (x->pattern != y->pattern)
        return x->pattern ? 1 : -1;
    if (x->pattern)
        return x < y ? -1 : x > y;
    int order = strcmp(x->source_schema, y->source_schema);
    return order ? order : strcmp(x->source_table, y->source_table);
}

static void add_flows(struct buffer *b, const struct link_config *l)
{
    const struct flow **all = calloc((size_t)l->nflows + 1, sizeof *all);
    must(all);
    bool patterns = false;
    for (int i = 0; i < l->nflows; i++) {
        all[i] = &l->flows[i];
        patterns |= l->flows[i].pattern;
    }
    qsort(all, (size_t)l->nflows, sizeof *all, by_table);
    for (int i = 0; i < l->nflows; i++)
        add_flow(b, all[i]);
    free(all);
    if (patterns)
        add_texts(b, l->exclude_targets ? " exclude target " : " exclude ", l->exclude,
                  l->nexclude);
}

static void add_tables(struct buffer *b, const struct link_config *l)
{
    add_system(b, l->from);
    add_system(b, l->to);
    add_flows(b, l);
}

void link_plan_hash(const struct link_config *l, unsigned char out[32])
{
    struct buffer b;
    buffer_init(&b, SPELLING_MAX);
    buffer_add_text(&b, "millrace plan 1\n");
    if (l->nevent_flows > 0)
        buffer_add_format(&b, "events %lld %lld\n", (long long)l->from->id, (long long)l->to->id);
    else
        add_tables(&b, l);
    unsigned size = 0;
    must(EVP_Digest(b.data, b.size, out, &size, EVP_sha256(), NULL) == 1 && size == 32);
    buffer_free(&b);
}
