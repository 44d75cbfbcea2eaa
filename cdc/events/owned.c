#include "events/owned.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct said {
    struct said *next;
    struct arena arena;
    const char *link;
    struct owned *owned;
    int n;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct said *all;
static uint64_t version;

/* ---- copies ---- */

static const char *const *copy_names(struct arena *a, const char *const *names, int n)
{
    const char **out = arena_alloc(a, ((size_t)n + 1) * sizeof *out);
    for (int i = 0; i < n; i++)
        out[i] = arena_strdup(a, names[i]);
    return out;
}

static void copy(struct arena *a, const struct owned *from, struct owned *to)
{
    *to = *from;
    to->link = arena_strdup(a, from->link);
    to->flow = arena_strdup(a, from->flow);
    to->system = arena_strdup(a, from->system);
    to->schema = arena_strdup(a, from->schema);
    to->table = arena_strdup(a, from->table);
    to->columns = copy_names(a, from->columns, from->ncolumns);
    to->key = copy_names(a, from->key, from->nkey);
}

/* ---- comparing ---- */

static bool same_names(const char *const *a, int na, const char *const *b, int nb)
{
    if (na != nb)
        return false;
    for (int i = 0; i < na; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool is_one_table(const struct owned *a, const struct owned *b)
{
    return strcmp(a->system, b->system) == 0 && strcmp(a->schema, b->schema) == 0 &&
           strcmp(a->table, b->table) == 0;
}

bool owned_same(const struct owned *a, const struct owned *b)
{
    return is_one_table(a, b) && strcmp(a->flow, b->flow) == 0 && a->link_id == b->link_id &&
           a->on_drift == b->on_drift &&
           same_names(a->columns, a->ncolumns, b->columns, b->ncolumns) &&
           same_names(a->key, a->nkey, b->key, b->nkey);
}

static bool says_the_same(const struct said *s, const struct owned *owned, int n)
{
    if (s->n != n)
        return false;
    for (int i = 0; i < n; i++)
        if (!owned_same(&s->owned[i], &owned[i]))
            return false;
    return true;
}

static struct said *find(const char *link)
{
    for (struct said *s = all; s; s = s->next)
        if (strcmp(s->link, link) == 0)
            return s;
    return NULL;
}

/* ---- one writer a column ---- */

static enum status two_writers(const struct owned *o, const struct owned *mine, const char *column,
                               struct failure *f)
{
    return fail(f, ERROR_CONFIG,
                "column %s of %s.%s in system %s is written by flow %s of link %s and by flow %s of "
                "link %s: a column has one writer; leave it out of one of the two (`millrace check` "
                "lists all of them)",
                column, mine->schema, mine->table, mine->system, o->flow, o->link, mine->flow,
                mine->link);
}

static enum status check_column(const struct owned *mine, const char *column, struct failure *f)
{
    for (const struct said *s = all; s; s = s->next) {
        if (strcmp(s->link, mine->link) == 0)
            continue;
        for (int i = 0; i < s->n; i++) {
            const struct owned *o = &s->owned[i];
            if (!is_one_table(o, mine))
                continue;
            for (int c = 0; c < o->ncolumns; c++)
                if (strcmp(o->columns[c], column) == 0)
                    return two_writers(o, mine, column, f);
        }
    }
    return STATUS_OK;
}

/* Two flows of one link; all writes of one flow are one writer. */
static enum status check_own(const struct owned *owned, int n, const struct owned *mine,
                             const char *column, struct failure *f)
{
    for (int i = 0; i < n; i++) {
        const struct owned *o = &owned[i];
        if (strcmp(o->flow, mine->flow) == 0 || !is_one_table(o, mine))
            continue;
        for (int c = 0; c < o->ncolumns; c++)
            if (strcmp(o->columns[c], column) == 0)
                return two_writers(o, mine, column, f);
    }
    return STATUS_OK;
}

static enum status check(const struct owned *owned, int n, struct failure *f)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < owned[i].ncolumns; c++) {
            TRY(check_column(&owned[i], owned[i].columns[c], f));
            TRY(check_own(owned, n, &owned[i], owned[i].columns[c], f));
        }
    return STATUS_OK;
}

/* ---- saying and asking ---- */

static struct said *add(const char *link)
{
    struct said *s = calloc(1, sizeof *s);
    must(s);
    arena_init(&s->arena);
    s->next = all;
    all = s;
    s->link = strdup(link);
    must(s->link);
    return s;
}

static void keep(struct said *s, const struct owned *owned, int n)
{
    arena_reset(&s->arena);
    s->owned = arena_alloc(&s->arena, ((size_t)n + 1) * sizeof *s->owned);
    s->n = n;
    for (int i = 0; i < n; i++)
        copy(&s->arena, &owned[i], &s->owned[i]);
    version++;
}

enum status owned_publish(const char *link, const struct owned *owned, int n, struct failure *f)
{
    pthread_mutex_lock(&mutex);
    enum status status = check(owned, n, f);
    if (status == STATUS_OK) {
        struct said *s = find(link);
        if (!s || !says_the_same(s, owned, n))
            keep(s ? s : add(link), owned, n);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

bool owned_is_published(const char *link)
{
    pthread_mutex_lock(&mutex);
    bool yes = find(link) != NULL;
    pthread_mutex_unlock(&mutex);
    return yes;
}

int owned_in(const char *system, const char *but, struct arena *a, const struct owned **out)
{
    int n = 0, max = 0;
    pthread_mutex_lock(&mutex);
    for (const struct said *s = all; s; s = s->next)
        max += s->n;
    struct owned *found = arena_alloc(a, ((size_t)max + 1) * sizeof *found);
    for (const struct said *s = all; s; s = s->next)
        for (int i = 0; strcmp(s->link, but) != 0 && i < s->n; i++)
            if (strcmp(s->owned[i].system, system) == 0)
                copy(a, &s->owned[i], &found[n++]);
    pthread_mutex_unlock(&mutex);
    *out = found;
    return n;
}

uint64_t owned_version(void)
{
    pthread_mutex_lock(&mutex);
    uint64_t v = version;
    pthread_mutex_unlock(&mutex);
    return v;
}
