#include "events/program.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/digest.h"
#include "events/let.h"
#include "events/owned.h"
#include "events/types.h"
#include "events/vocabulary_once.h"
#include "events/watch.h"
#include "transforms/vocabulary/path_cache.h"

enum { PATH_BYTES = 4096, FOLDERS = 4 };

/* Millrace's own message types: the envelope of what is held is one of them. */
static const char own_vocabulary[] = "isa95/v1.proto";

/* ---- vocabulary ---- */

static const char *beside(struct arena *a, const char *path, const char *folder)
{
    char *copy = arena_strdup(a, path);
    return arena_format(a, "%s/%s", dirname(copy), folder);
}

/* Beside the configuration; where Millrace is installed; in its build tree. */
static size_t list_folders(struct event_program *p, const char **folders)
{
    char exe[PATH_BYTES];
    size_t n = 0;
    folders[n++] = beside(&p->arena, p->config->path, ".");
    ssize_t size = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (size <= 0)
        return n;
    exe[size] = '\0';
    folders[n++] = beside(&p->arena, exe, "../share/millrace/vocabulary");
    folders[n++] = beside(&p->arena, exe, "../vocabulary");
    folders[n++] = beside(&p->arena, exe, "../../vocabulary");
    return n;
}

static enum status load_vocabulary(struct event_program *p, struct failure *f)
{
    const struct name_list *given = &p->config->vocabulary;
    const char *folders[FOLDERS];
    const char **names = arena_alloc(&p->arena, ((size_t)given->n + 1) * sizeof *names);
    bool own = false;
    for (int i = 0; i < given->n; i++) {
        names[i] = given->name[i];
        own = own || strcmp(names[i], own_vocabulary) == 0;
    }
    if (!own)
        names[given->n] = own_vocabulary;
    struct vocabulary_files files = {names, (size_t)given->n + !own, folders,
                                     list_folders(p, folders)};
    return vocabulary_once(&files, &p->vocabulary, f);
}

/* ---- the link's events ---- */

static bool is_flows(const struct link_config *lc, const struct event_config *e)
{
    for (int i = 0; i < lc->nevent_flows; i++)
        if (event_flow_takes(&lc->event_flows[i], e->name, e->type))
            return true;
    return false;
}

static const char *touch_text(const struct touch_config *t)
{
    return t->column ? t->column : t->query.text;
}

static struct touch_definition *define_touches(struct arena *a, const struct event_config *e)
{
    struct touch_definition *out = arena_alloc(a, ((size_t)e->ntouched_by + 1) * sizeof *out);
    for (int i = 0; i < e->ntouched_by; i++)
        out[i] = (struct touch_definition){e->touched_by[i].table, touch_text(&e->touched_by[i])};
    return out;
}

static struct list_definition *define_lists(struct arena *a, const struct event_config *e)
{
    struct list_definition *out = arena_alloc(a, ((size_t)e->nlists + 1) * sizeof *out);
    for (int i = 0; i < e->nlists; i++)
        out[i] = (struct list_definition){e->lists[i].field, e->lists[i].key,
                                          e->lists[i].sql.text};
    return out;
}

/* What is to be asked for again must be in the mirror. */
static bool is_restored(const struct link_config *lc, const struct event_config *e)
{
    for (int i = 0; i < lc->nevent_flows; i++)
        if (event_flow_takes(&lc->event_flows[i], e->name, e->type) &&
            lc->event_flows[i].on_drift == DRIFT_RESTORE)
            return true;
    return false;
}

static struct event_definition define(struct arena *a, const struct link_config *lc,
                                      const struct event_config *e)
{
    return (struct event_definition){
        .assembled = e->assembled || is_restored(lc, e),
        .name = e->name,
        .type = e->type,
        .of = e->of,
        .key = e->key,
        .touched_by = define_touches(a, e),
        .ntouched_by = e->ntouched_by,
        .looks_up = e->looks_up.name,
        .nlooks_up = e->looks_up.n,
        .lists = define_lists(a, e),
        .nlists = e->nlists,
        .sql = e->sql.text,
    };
}

static void define_events(struct event_program *p)
{
    const struct config *c = p->config;
    p->definitions = arena_alloc(&p->arena, ((size_t)c->nevents + 1) * sizeof *p->definitions);
    for (int i = 0; i < c->nevents; i++)
        if (c->events[i].from == p->lc->from && is_flows(p->lc, &c->events[i]))
            p->definitions[p->ndefinitions++] = define(&p->arena, p->lc, &c->events[i]);
}

bool event_program_reads(const struct event_program *p, const char *table)
{
    for (int i = 0; i < p->nowned; i++)
        if (strcmp(p->owned[i].table, table) == 0)
            return true;
    for (int i = 0; i < p->ndefinitions; i++) {
        const struct event_definition *d = &p->definitions[i];
        if (strcmp(d->of, table) == 0)
            return true;
        for (int k = 0; k < d->ntouched_by; k++)
            if (strcmp(d->touched_by[k].table, table) == 0)
                return true;
        for (int k = 0; k < d->nlooks_up; k++)
            if (strcmp(d->looks_up[k], table) == 0)
                return true;
    }
    return false;
}

/* ---- views ---- */

static enum status compile_views(struct event_program *p, const struct relation *const *relations,
                                 int n, struct failure *f)
{
    struct views_options options;
    p->event_functions = (struct event_functions){p->functions, p->vocabulary, relations, n};
    event_functions_views(&p->event_functions, &options);
    return views_compile(p->definitions, p->ndefinitions, relations, n, &options, &p->views, f);
}

/* ---- flows ---- */

static void add_fields(struct event_program *p, struct event_line *line)
{
    const struct event_fields *own = &line->type->own;
    int more = let_nfields(line->let);
    struct field *fields = arena_alloc(&p->arena, (own->n + (size_t)more) * sizeof *fields);
    memcpy(fields, own->fields, own->n * sizeof *fields);
    for (int i = 0; i < more; i++)
        fields[own->n + (uint32_t)i] = (struct field){let_field(line->let, i), CTE_TEXT};
    line->event = (struct field_list){NULL, fields, (int)own->n + more};
    line->nlists = line->type->nlists;
    line->lists = arena_alloc(&p->arena, ((size_t)line->nlists + 1) * sizeof *line->lists);
    for (int i = 0; i < line->nlists; i++) {
        const struct event_fields *list = &line->type->lists[i];
        line->lists[i] = (struct field_list){list->list, list->fields, (int)list->n};
    }
}

static enum status make_line(struct event_program *p, const struct event_flow *flow,
                             struct event_line *line, struct failure *f)
{
    line->flow = flow;
    line->name = flow->name;
    line->type = event_program_type(p, flow->event->type);
    must(line->type);
    if (flow->let.text)
        TRY(let_make(p, &flow->let, &line->type->own, &line->let, f));
    add_fields(p, line);
    return STATUS_OK;
}

static enum status make_lines(struct event_program *p, struct failure *f)
{
    const struct link_config *lc = p->lc;
    p->lines = arena_zalloc(&p->arena, ((size_t)lc->nevent_flows + 1) * sizeof *p->lines);
    for (int i = 0; i < lc->nevent_flows; i++) {
        p->nlines++;
        TRY(make_line(p, &lc->event_flows[i], &p->lines[i], f));
    }
    return STATUS_OK;
}

/* ---- all of it ---- */

static enum status load(struct event_program *p, struct failure *f)
{
    TRY(zone_load(p->lc->from->zone, &p->from, f));
    TRY(load_vocabulary(p, f));
    TRY(event_functions_load(p->config, &p->functions, f));
    define_events(p);
    return STATUS_OK;
}

enum status event_program_load(const struct config *config, const struct link_config *lc,
                               struct event_program **out, struct failure *f)
{
    struct event_program *p = calloc(1, sizeof *p);
    must(p);
    arena_init(&p->arena);
    p->paths = path_cache_new();
    p->config = config;
    p->lc = lc;
    *out = p;
    return load(p, f);
}

enum status event_program_compile(struct event_program *p, const struct relation *const *relations,
                                  int nrelations, struct failure *f)
{
    TRY(compile_views(p, relations, nrelations, f));
    TRY(types_make(p, f));
    return make_lines(p, f);
}

bool event_program_watches(const struct event_program *p, const struct owned *owned, int n)
{
    if (p->nowned != n)
        return false;
    for (int i = 0; i < n; i++)
        if (!owned_same(&p->owned[i], &owned[i]))
            return false;
    return true;
}

void event_program_watch(struct event_program *p, const struct owned *owned, int n)
{
    struct event_definition *more =
        arena_alloc(&p->arena, (size_t)(p->ndefinitions + n + 1) * sizeof *more);
    memcpy(more, p->definitions, (size_t)p->ndefinitions * sizeof *more);
    p->definitions = more;
    p->owned = owned;
    p->nowned = n;
}

enum status event_program_compile_again(struct event_program *p,
                                        const struct relation *const *relations, int nrelations,
                                        struct failure *f)
{
    views_free(p->views);
    p->views = NULL;
    path_cache_free(p->paths); /* names of the former views */
    p->paths = path_cache_new();
    watch_define(p, relations, nrelations);
    return compile_views(p, relations, nrelations, f);
}

void event_program_free(struct event_program *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->nlines; i++)
        let_free(p->lines[i].let);
    views_free(p->views);
    functions_free(p->functions);
    path_cache_free(p->paths);
    vocabulary_free(p->vocabulary);
    arena_free(&p->arena);
    free(p);
}

const struct event_type *event_program_type(const struct event_program *p, const char *name)
{
    for (int i = 0; i < p->ntypes; i++)
        if (strcmp(p->types[i].name, name) == 0)
            return &p->types[i];
    return NULL;
}

/* What is watched is kept in the mirror too. */
static const char *watched_text(struct event_program *p)
{
    const char *text = "";
    for (int i = 0; i < p->ndefinitions; i++)
        if (watch_of(p->definitions[i].name) >= 0)
            text = arena_format(&p->arena, "%s%s\n", text, p->definitions[i].sql);
    return text;
}

const char *event_program_hash(struct event_program *p)
{
    const char *more[] = {functions_hash(p->functions), vocabulary_hash(p->vocabulary),
                          watched_text(p)};
    char *hash = arena_alloc(&p->arena, DIGEST_TEXT_BYTES);
    link_events_hash(p->config, p->lc, more, 3, hash);
    return hash;
}
