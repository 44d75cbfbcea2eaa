/* A link of the tests: a mirror over definitions, source transactions as lists of rows in words,
 * and the events that come out as lines of text. Positions are numbers. */
#ifndef MILLRACE_TEST_MIRROR_LINK_H
#define MILLRACE_TEST_MIRROR_LINK_H

#include "mirror_world.h"
#include "transforms/mirror/mirror.h"

struct link {
    const char *again, *again_event; /* asked for once more in the next transaction */
    bool again_by_key, again_found;
    struct views *views;
    struct mirror *mirror;
    struct mirror_options options;
    struct arena arena; /* one transaction */
    struct buffer out;
    struct failure failure;
    struct change changes[4096];
    uint32_t nchanges;
    int at; /* the source's position */
    bool quiet;
    uint32_t step; /* objects a call of mirror_evaluate */
    enum status status;
};

/* What a transaction collects: in memory (0), or, from its second record on, in tables (1). */
static uint32_t link_collect_kib;

static inline enum position_order link_order(void *context, const char *a, const char *b)
{
    (void)context;
    long x = strtol(a, NULL, 10), y = strtol(b, NULL, 10);
    return x < y ? POSITION_BEFORE : x > y ? POSITION_AFTER : POSITION_EQUAL;
}

static inline void link_check(struct link *l, enum status status)
{
    l->status = status;
    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", l->failure.text);
    must(status == STATUS_OK);
}

static inline struct link *link_new_with(const struct event_definition *events, int n,
                                         const struct relation *const *relations, int nrelations,
                                         const struct views_options *options)
{
    struct link *l = calloc(1, sizeof *l);
    arena_init(&l->arena);
    buffer_init(&l->out, 256 * 1024 * 1024);
    l->options = (struct mirror_options){.plan = "one", .order = link_order,
                                         .collect_kib = link_collect_kib};
    l->step = 3;
    link_check(l, views_compile(events, n, relations, nrelations, options, &l->views,
                                &l->failure));
    return l;
}

static inline struct link *link_new(const struct event_definition *events, int n,
                                    const struct relation *const *relations, int nrelations)
{
    return link_new_with(events, n, relations, nrelations, NULL);
}

static inline void link_open(struct link *l)
{
    link_check(l, mirror_open(l->views, &l->options, &l->mirror, &l->failure));
    if (!mirror_plan_changed(l->mirror) && !mirror_position(l->mirror))
        link_check(l, mirror_resume(l->mirror, NULL, &l->failure));
}

static inline void link_free(struct link *l)
{
    mirror_close(l->mirror);
    views_free(l->views);
    buffer_free(&l->out);
    arena_free(&l->arena);
    free(l);
}

/* ---- a source transaction ---- */

static inline void link_change(struct link *l, const struct relation *r, enum change_op op,
                               const char *before, const char *after)
{
    must(l->nchanges < sizeof l->changes / sizeof *l->changes);
    l->changes[l->nchanges++] = (struct change){
        op, r, world_row(r, before, &l->arena), world_row(r, after, &l->arena)};
}
static inline void insert(struct link *l, const struct relation *r, const char *after)
{
    link_change(l, r, CHANGE_INSERT, NULL, after);
}
/* `before` NULL: the key is as it was (PostgreSQL); its key alone; or the whole row (MySQL) */
static inline void update(struct link *l, const struct relation *r, const char *before,
                          const char *after)
{
    link_change(l, r, CHANGE_UPDATE, before, after);
}
static inline void delete(struct link *l, const struct relation *r, const char *before)
{
    link_change(l, r, CHANGE_DELETE, before, NULL);
}

static inline enum status link_drain(struct link *l)
{
    struct mirror_step s = {.more = true};
    while (s.more) {
        TRY(mirror_evaluate(l->mirror, l->step, &l->arena, &s, &l->failure));
        for (uint32_t i = 0; i < s.nevents; i++)
            world_show_event(&l->out, &s.events[i]);
    }
    return STATUS_OK;
}

static inline enum status link_try_commit(struct link *l)
{
    char position[16];
    snprintf(position, sizeof position, "%d", ++l->at);
    TRY(mirror_begin(l->mirror, position, &l->failure));
    TRY(mirror_apply(l->mirror, l->changes, l->nchanges, &l->failure));
    if (l->again)
        TRY(mirror_again(l->mirror, l->again_event, l->again, l->again_by_key, &l->again_found,
                         &l->failure));
    TRY(mirror_end(l->mirror, position, l->quiet, &l->failure));
    return link_drain(l);
}

/* Ends the transaction: its events as text. */
static inline const char *commit(struct link *l)
{
    buffer_clear(&l->out);
    enum status status = link_try_commit(l);
    l->nchanges = 0;
    arena_reset(&l->arena);
    link_check(l, status);
    return buffer_text(&l->out);
}

/* All tables are whole, and empty, at the start. */
static inline void link_complete(struct link *l, bool quiet)
{
    char position[16];
    snprintf(position, sizeof position, "%d", l->at);
    for (int i = 0; i < views_ntables(l->views); i++) {
        link_check(l, mirror_complete(l->mirror, views_table(l->views, i), position,
                                      quiet ? MIRROR_BEGINS_QUIETLY : MIRROR_TELLS_CHANGES,
                                      &l->failure));
        link_check(l, link_drain(l));
    }
}

#endif
