#include "transforms/mirror/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "transforms/mirror/internal.h"

enum {
    BYTES_MAX = 1024 * 1024 * 1024, /* SQLite's own limit of a value */
    POSITION_MAX = 64 * 1024 * 1024,
    SQL_MAX = 1024 * 1024,
    COLLECT_KIB = 4096,
    BREATHE_OPERATIONS = 20000, /* of SQLite's machine: about a millisecond */
};

/* ---- texts ---- */

void mirror_set_text(struct buffer *b, const char *text)
{
    buffer_clear(b);
    if (!text)
        return;
    buffer_add_text(b, text);
    buffer_text(b);
}

const char *mirror_text(const struct buffer *b)
{
    return b->size ? b->data : NULL;
}

const char *mirror_position(const struct mirror *m)
{
    return mirror_text(&m->position);
}

const char *mirror_committed(const struct mirror *m)
{
    return mirror_text(&m->committed);
}

bool mirror_plan_changed(const struct mirror *m)
{
    return m->plan_changed;
}

/* ---- opening ---- */

static void init_texts(struct mirror *m, const struct mirror_options *options)
{
    m->options = *options;
    m->options.path = options->path ? arena_strdup(&m->arena, options->path) : NULL;
    m->options.plan = arena_strdup(&m->arena, options->plan);
    buffer_init(&m->before_bytes, BYTES_MAX);
    buffer_init(&m->after_bytes, BYTES_MAX);
    buffer_init(&m->position, POSITION_MAX);
    buffer_init(&m->committed, POSITION_MAX);
    buffer_init(&m->checkpoint, POSITION_MAX);
}

static struct mirror *mirror_new(const struct views *v, const struct mirror_options *options)
{
    struct mirror *m = calloc(1, sizeof *m);
    must(m && options->order && options->plan);
    arena_init(&m->arena);
    arena_init(&m->scratch);
    arena_init(&m->collected);
    init_texts(m, options);
    m->views = v;
    m->tables = arena_zalloc(&m->arena, (size_t)v->ntables * sizeof *m->tables);
    for (int i = 0; i < v->ntables; i++)
        m->tables[i].kept = &v->tables[i];
    m->events = arena_zalloc(&m->arena, (size_t)v->nviews * sizeof *m->events);
    for (int i = 0; i < v->nviews; i++) {
        m->events[i].view = &v->views[i];
        m->events[i].number = i;
    }
    return m;
}

/* In the temporary database: made outside the transaction, so that a rollback leaves it. */
static enum status create_parked(struct mirror *m, const struct table *t, struct failure *f)
{
    const struct kept *k = t->kept;
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    char *name = sqlite3_mprintf("parked:%s", k->relation->name);
    must(name);
    kept_add_create(m->views, &b, name, k->relation, k->columns, k->ncolumns, k->nkey);
    sqlite3_free(name);
    must(strncmp(buffer_text(&b), "create table ", 13) == 0);
    enum status status = db_exec(m->db, f, "create temp table %s", b.data + 13);
    buffer_free(&b);
    return status;
}

static enum status prepare_event(struct mirror *m, struct event_run *e, struct failure *f)
{
    TRY(ask_prepare(m, e, f));
    if (e->view->alone)
        return seen_prepare(m, e, f);
    TRY(touch_prepare(m, e, f));
    return evaluate_prepare(m, e, f);
}

static enum status prepare_all(struct mirror *m, struct failure *f)
{
    TRY(alone_open(m, f));
    for (int i = 0; i < views_ntables(m->views); i++) {
        TRY(create_parked(m, &m->tables[i], f));
        TRY(rows_prepare(m, &m->tables[i], f));
    }
    for (int i = 0; i < m->views->nviews; i++)
        if (prepare_event(m, &m->events[i], f) != STATUS_OK)
            return fail_in(f, "event %s", m->events[i].view->name);
    return emit_prepare(m, f);
}

static int breathe(void *context)
{
    struct mirror *m = context;
    return !m->options.breathe(m->options.context);
}

/* The statements belong to the plan that the file has. */
static enum status start(struct mirror *m, struct failure *f)
{
    TRY(prepare_all(m, f));
    TRY(file_load(m, f));
    if (m->options.breathe) {
        sqlite3_progress_handler(m->db, BREATHE_OPERATIONS, breathe, m);
        if (m->rows)
            sqlite3_progress_handler(m->rows, BREATHE_OPERATIONS, breathe, m);
    }
    return mirror_start_transaction(m, f);
}

enum status mirror_open(const struct views *views, const struct mirror_options *options,
                        struct mirror **out, struct failure *f)
{
    struct mirror *m = mirror_new(views, options);
    enum status status = file_open(m, f);
    if (status == STATUS_OK && m->plan_changed)
        status = file_load(m, f);
    else if (status == STATUS_OK)
        status = start(m, f);
    if (status != STATUS_OK) {
        fail_in(f, "mirror %s", options->path ? options->path : "in memory");
        mirror_close(m);
        m = NULL;
    }
    *out = m;
    return status;
}

static void close_db(sqlite3 *db)
{
    sqlite3_stmt *statement;
    while (db && (statement = sqlite3_next_stmt(db, NULL)))
        sqlite3_finalize(statement);
    sqlite3_close_v2(db);
}

void mirror_close(struct mirror *m)
{
    if (!m)
        return;
    close_db(m->db);
    close_db(m->rows);
    buffer_free(&m->before_bytes);
    buffer_free(&m->after_bytes);
    buffer_free(&m->position);
    buffer_free(&m->committed);
    buffer_free(&m->checkpoint);
    arena_free(&m->scratch);
    arena_free(&m->collected);
    arena_free(&m->arena);
    free(m);
}

enum status mirror_rebuild(struct mirror *m, bool afresh, struct failure *f)
{
    must(m->plan_changed);
    TRY(file_rebuild(m, afresh, f));
    m->plan_changed = false;
    return start(m, f);
}

/* ---- what a transaction collects ---- */

bool mirror_may_collect(const struct mirror *m)
{
    uint32_t kib = m->options.collect_kib ? m->options.collect_kib : COLLECT_KIB;
    return m->collected.bytes < (size_t)kib * 1024;
}

void mirror_forget_collected(struct mirror *m)
{
    m->noutcomes = 0;
    m->asked_again = NULL;
    m->differences = (struct differences){0};
    for (int i = 0; i < m->views->nviews; i++) {
        struct event_run *e = &m->events[i];
        e->ntouched = e->nmoved = e->nseen = 0;
        e->has_last = false;
        collection_clear(&e->touched);
        collection_clear(&e->seen);
        for (int j = 0; e->touches && j < e->view->ntouches; j++) {
            e->touches[j].npending = 0;
            collection_clear(&e->touches[j].pending);
        }
    }
    arena_reset(&m->collected);
}

/* ---- where it stands ---- */

enum position_order mirror_order(const struct mirror *m, const char *a, const char *b)
{
    return m->options.order(m->options.context, a, b);
}

/* Relations of an earlier life of the source may lie where new ones do. */
static void forget_relations(struct mirror *m)
{
    for (int i = 0; i < m->views->ntables; i++)
        m->tables[i].seen = NULL;
}

/* Events of a new plan begin with what their views say where the target stands. */
static enum status take_baseline(struct mirror *m, struct failure *f)
{
    bool any;
    TRY(fill_touch_baseline(m, &any, f));
    m->must_commit |= any;
    return any ? evaluate_now(m, f) : STATUS_OK;
}

enum status mirror_resume(struct mirror *m, const char *checkpoint, struct failure *f)
{
    must(!m->plan_changed && m->phase == PHASE_IDLE);
    const char *at = mirror_position(m);
    forget_relations(m);
    mirror_set_text(&m->checkpoint, checkpoint);
    m->resumed = true;
    m->replaying = false;
    if (!at)
        return STATUS_OK;
    enum position_order o = checkpoint ? mirror_order(m, at, checkpoint) : POSITION_AFTER;
    if (o == POSITION_AFTER || o == POSITION_UNRELATED)
        return fail(f, ERROR_POSITION_LOST, "the mirror stands at %s, the target's checkpoint at "
                    "%s: the target was set back; remove the mirror's file, it is filled again",
                    at, checkpoint ? checkpoint : "(none)");
    m->replaying = o == POSITION_BEFORE;
    return m->replaying ? STATUS_OK : take_baseline(m, f);
}

/* ---- a source transaction ---- */

/* The target's checkpoint may lie between two transactions: past it, nothing is repeated. */
static enum status leave_replay(struct mirror *m, const char *position, struct failure *f)
{
    if (!m->replaying)
        return STATUS_OK;
    enum position_order o = mirror_order(m, position, mirror_text(&m->checkpoint));
    if (o == POSITION_UNRELATED)
        return fail(f, ERROR_POSITION_LOST, "a transaction that ends at %s is neither before nor "
                    "after the target's checkpoint %s", position, mirror_text(&m->checkpoint));
    m->replaying = o == POSITION_BEFORE;
    m->repeated = o != POSITION_AFTER;
    m->quiet |= m->repeated;
    return STATUS_OK;
}

/* Where events began, the file must know it before they go on: after a crash they could not begin
 * there again, for the target would be further. */
static enum status commit_beginning(struct mirror *m, struct failure *f)
{
    bool committed;
    if (!m->must_commit || !m->options.path)
        return STATUS_OK;
    TRY(mirror_commit(m, mirror_text(&m->checkpoint), &committed, f));
    return committed ? STATUS_OK
                     : fail(f, ERROR_INTERNAL, "events began at %s: that must be committed first",
                            mirror_position(m));
}

enum status mirror_begin(struct mirror *m, const char *position, struct failure *f)
{
    must(m->resumed && m->phase == PHASE_IDLE);
    if (m->replaying && position &&
        mirror_order(m, position, mirror_text(&m->checkpoint)) == POSITION_AFTER) {
        m->replaying = false;
        TRY(take_baseline(m, f));
    }
    TRY(commit_beginning(m, f));
    m->phase = PHASE_APPLY;
    m->quiet = m->repeated = false;
    return STATUS_OK;
}

static bool is_of(const struct table *t, const struct relation *r)
{
    const struct relation *k = t->kept->relation;
    return t->seen == r || (strcmp(k->name, r->name) == 0 && strcmp(k->schema, r->schema) == 0);
}

static enum status fail_change(struct mirror *m, const struct change *c, struct failure *f)
{
    const struct relation *r = c->relation;
    const struct value *row = c->before ? c->before : c->after;
    const char *key = "";
    for (int i = 0; row && i < r->nkey; i++)
        key = arena_format(&m->scratch, "%s%s%s=%s", key, i ? ", " : "",
                           r->columns[r->key[i]].name,
                           value_show(&row[r->key[i]], &m->scratch, 60));
    return fail_in(f, "table %s.%s%s%s%s", r->schema, r->name, *key ? " (" : "", key,
                   *key ? ")" : "");
}

static enum status apply_to(struct mirror *m, struct table *t, const struct change *c,
                            struct failure *f)
{
    arena_reset(&m->scratch);
    m->changes++;
    enum status status = rows_bind(m, t, c->relation, f);
    if (status == STATUS_OK)
        status = t->kept->mirrored ? rows_apply(m, t, c, f) : alone_apply(m, t, c, f);
    return status == STATUS_OK ? status : fail_change(m, c, f);
}

enum status mirror_apply(struct mirror *m, const struct change *changes, uint32_t n,
                         struct failure *f)
{
    must(m->phase == PHASE_APPLY);
    for (uint32_t i = 0; i < n; i++)
        for (int t = 0; t < m->views->ntables; t++)
            if (is_of(&m->tables[t], changes[i].relation))
                TRY(apply_to(m, &m->tables[t], &changes[i], f));
    return STATUS_OK;
}

enum status mirror_end(struct mirror *m, const char *position, bool quiet, struct failure *f)
{
    bool any = false;
    must(m->phase == PHASE_APPLY);
    m->quiet = quiet;
    bool was_replaying = m->replaying;
    TRY(rows_check_parked(m, f));
    TRY(leave_replay(m, position, f));
    mirror_set_text(&m->position, position);
    if (was_replaying && !m->replaying)
        TRY(fill_touch_baseline(m, &any, f));
    if (any && !m->quiet)
        return fail(f, ERROR_PLAN_CHANGED,
                    "the definitions changed while a large transaction was on its way to the "
                    "target: start once more with the old ones");
    if (any)
        m->names_objects = false; /* as in evaluate_now */
    m->must_commit |= any;
    m->phase = PHASE_IDLE;
    if (m->views->nviews > 0)
        evaluate_start(m);
    return STATUS_OK;
}
