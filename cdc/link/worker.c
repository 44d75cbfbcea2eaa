/* Copy workers: one thread a reader, with a connection to each side and a lane of its own. A chunk
 * is one target transaction: marker, rows, and the chunk's own row with its position.
 *
 * Where the target's foreign keys are enforced, tables come by rank: a row that is there has its
 * parents, also when a resumed copy streams before it is finished. */
#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "base/log.h"
#include "link/internal.h"

enum { COPY_PIECE_BYTES = 4 * 1024 * 1024 };

struct copy {
    struct attempt *a;
    struct snapshot *snapshot;
    struct chunk *chunks;
    int nchunks, next, done;
    int rank; /* of the tables that are copied now */
    int64_t rows;
    const char *position;
    bool absent_only; /* rows that are there already are left alone */
    bool failed;
    pthread_mutex_t mutex;
    struct failure failure; /* the first worker's that failed */
};

struct worker {
    struct copy *copy;
    pthread_t thread;
    int reader;
    enum status status;
    struct failure failure;
    struct sink *sink;
    struct checkpoint at;
    char path[32];
    struct arena arena;  /* plans, of this worker's own target relations */
    struct plan **plans; /* by mapped table; NULL: not met yet */
    struct batch *batch;
    int64_t rows;
};

static const struct sink_driver *driver(const struct worker *w)
{
    return w->copy->a->sink_driver;
}

static enum status open_sink(struct worker *w)
{
    struct attempt *a = w->copy->a;
    struct sink_options options = {
        .endpoint = &a->lc->to->apply,
        .link = a->lc->name,
        .cascades_in_log = true, /* parents and children are copied in any order */
        .fast_copy = true,
        .lock_wait_ms = 10000,
        .wake = &a->wake,
        .failure = &w->failure,
    };
    struct last_checkpoint last;
    TRY(driver(w)->open(&options, &w->sink));
    w->at = a->writer.apply.at;
    w->at.lane = w->reader + 1;
    w->at.position = w->at.root = w->copy->position;
    w->at.path = w->path;
    snprintf(w->path, sizeof w->path, "%lld", (long long)a->source_id);
    TRY(state_last(driver(w)->session(w->sink), w->at.link, w->at.lane, &w->arena, &last,
                   &w->failure));
    w->at.seq = last.exists ? last.seq : 0;
    return STATUS_OK;
}

static struct mapped_table *table_of(const struct copy *copy, const struct chunk *c)
{
    struct mapping *m = &copy->a->mapping;
    for (int i = 0; i < m->ntables; i++)
        if (strcmp(m->tables[i].label, c->table) == 0)
            return &m->tables[i];
    return NULL;
}

static enum status plan_of(struct worker *w, struct mapped_table *t, struct plan **out)
{
    struct mapping *m = &w->copy->a->mapping;
    struct plan **slot = &w->plans[t - m->tables];
    if (!*slot) {
        const struct relation *target;
        TRY(driver(w)->describe(w->sink, t->target.schema, t->target.name, &target));
        ((struct relation *)target)->plan = t;
        TRY(plan_compile(t->flow, t->relation, target, m->from, m->to, &w->arena, slot,
                         &w->failure));
    }
    *out = *slot;
    return STATUS_OK;
}

/* The rows of the batch as target rows, without those that were deleted since they were read. */
static enum status target_rows(struct worker *w, struct plan *plan, struct value ***rows,
                               uint32_t *n)
{
    const struct window *window = w->copy->a->window;
    const struct relation *target = plan_target(plan);
    struct batch *b = w->batch;
    *rows = arena_alloc(&b->arena, sizeof **rows * (b->nchanges + 1));
    *n = 0;
    for (uint32_t i = 0; i < b->nchanges; i++) {
        struct change *c = &b->changes[i];
        TRY(plan_apply(plan, c, &b->arena, &w->failure));
        if (!window || target->nkey == 0 || !window_holds(window, target, c->after))
            (*rows)[(*n)++] = c->after;
    }
    return STATUS_OK;
}

static enum status write_rows(struct worker *w, struct plan *plan)
{
    struct value **rows;
    uint32_t n;
    const struct relation *target = plan_target(plan);
    TRY(target_rows(w, plan, &rows, &n));
    if (n == 0)
        return STATUS_OK;
    bool *present = arena_alloc(&w->batch->arena, (size_t)target->ncolumns);
    for (int i = 0; i < target->ncolumns; i++)
        present[i] = rows[0][i].kind != VALUE_ABSENT;
    struct row_set set = {
        .op = w->copy->absent_only && target->nkey > 0 ? SET_INSERT_ABSENT : SET_INSERT,
        .relation = target,
        .nrows = n,
        .rows = rows,
        .present = present,
        .lenient = w->copy->absent_only,
    };
    TRY(driver(w)->write_set(w->sink, &set));
    w->rows += n;
    return driver(w)->settle(w->sink);
}

static enum status read_piece(struct worker *w, bool *end)
{
    batch_reset(w->batch);
    batch_begin(w->batch);
    return w->copy->a->source_driver->chunk_next(w->copy->snapshot, w->reader, w->batch,
                                                 COPY_PIECE_BYTES, end, &w->failure);
}

/* A COMMIT of an earlier run of ours may arrive late, after we had looked: what is finished, and
 * which numbers are taken, is read again. Whether it was a second engine, the stream's fence says.
 */
static enum status late_commit(struct worker *w)
{
    w->failure.code = ERROR_READ_AGAIN;
    return fail_in(&w->failure, "another session has written for this copy; looking again");
}

static enum status finish_chunk(struct worker *w, const struct chunk *c)
{
    enum status status = state_finish_chunk(driver(w)->session(w->sink), w->at.link, c,
                                            w->copy->position, w->rows, &w->failure);
    return status != STATUS_OK && w->failure.code == ERROR_WRONG_COUNT ? late_commit(w) : status;
}

static enum status write_chunk(struct worker *w, const struct chunk *c, struct plan *plan, bool end)
{
    TRY(driver(w)->begin(w->sink, &w->at));
    TRY(driver(w)->settle(w->sink)); /* the marker is first, whatever comes */
    TRY(write_rows(w, plan));
    while (!end) {
        TRY(read_piece(w, &end));
        TRY(write_rows(w, plan));
    }
    TRY(finish_chunk(w, c));
    crash_here(CRASH_CHUNK_BEFORE_COMMIT);
    return driver(w)->commit(w->sink);
}

static enum status copy_chunk(struct worker *w, const struct chunk *c)
{
    struct attempt *a = w->copy->a;
    struct mapped_table *t = table_of(w->copy, c);
    struct plan *plan;
    bool end;
    if (!t)
        return STATUS_OK; /* a table that is mapped no more */
    TRY(plan_of(w, t, &plan));
    w->rows = 0;
    TRY(a->source_driver->chunk_open(w->copy->snapshot, w->reader, t->relation, c->low, c->high,
                                     &w->failure));
    TRY(read_piece(w, &end)); /* before the transaction opens: a slow read holds no lock */
    crash_here(CRASH_CHUNK_READ);
    w->at.seq++;
    enum status status = write_chunk(w, c, plan, end);
    if (status != STATUS_OK) {
        driver(w)->rollback(w->sink);
        return w->failure.code == ERROR_SECOND_ENGINE ? late_commit(w) : status;
    }
    crash_here(CRASH_CHUNK_AFTER_COMMIT);
    return STATUS_OK;
}

static void show_progress(struct link_status *s, void *arg)
{
    struct copy *copy = arg;
    s->copy_chunks = copy->nchunks;
    s->copy_chunks_done = copy->done;
    s->copy_rows = copy->rows;
}

static int rank_of(const struct copy *copy, const struct chunk *c)
{
    const struct mapped_table *t = table_of(copy, c);
    return t && copy->a->foreign_keys ? t->rank : 0;
}

static struct chunk *take_chunk(struct copy *copy)
{
    struct chunk *c = NULL;
    pthread_mutex_lock(&copy->mutex);
    while (!copy->failed && copy->next < copy->nchunks && !c) {
        c = &copy->chunks[copy->next++];
        if (c->finished || rank_of(copy, c) != copy->rank)
            c = NULL;
    }
    pthread_mutex_unlock(&copy->mutex);
    return c;
}

static void chunk_done(struct worker *w, struct chunk *c)
{
    struct copy *copy = w->copy;
    pthread_mutex_lock(&copy->mutex);
    c->finished = true;
    copy->done++;
    copy->rows += w->rows;
    link_show(copy->a->link, show_progress, copy);
    pthread_mutex_unlock(&copy->mutex);
}

static void give_up(struct worker *w)
{
    struct copy *copy = w->copy;
    pthread_mutex_lock(&copy->mutex);
    if (!copy->failed)
        copy->failure = w->failure;
    copy->failed = true;
    pthread_mutex_unlock(&copy->mutex);
}

static void *worker_thread(void *arg)
{
    struct worker *w = arg;
    struct chunk *c;
    w->status = open_sink(w);
    while (w->status == STATUS_OK && (c = take_chunk(w->copy))) {
        w->status = copy_chunk(w, c);
        if (w->status == STATUS_OK)
            chunk_done(w, c);
        else
            fail_in(&w->failure, "first copy of %s, chunk %d", c->table, (int)c->n);
    }
    if (w->status != STATUS_OK)
        give_up(w);
    return NULL;
}

static void worker_init(struct worker *w, struct copy *copy, int reader)
{
    *w = (struct worker){.copy = copy, .reader = reader};
    arena_init(&w->arena);
    w->plans = arena_zalloc(&w->arena, sizeof *w->plans * (size_t)copy->a->mapping.ntables);
    w->batch = batch_new();
}

static void worker_free(struct worker *w)
{
    if (w->sink)
        driver(w)->close(w->sink);
    batch_free(w->batch);
    arena_free(&w->arena);
}

/* ---- the lanes' fences ---- */

static enum status write_fence(struct attempt *a, const struct checkpoint *at)
{
    struct sink *sink = a->writer.apply.sink;
    TRY(a->sink_driver->begin(sink, at));
    TRY(a->sink_driver->settle(sink));
    return a->sink_driver->commit(sink);
}

static enum status take_lane(struct attempt *a, int lane)
{
    struct apply *apply = &a->writer.apply;
    struct last_checkpoint last;
    struct checkpoint at = apply->at;
    at.lane = lane;
    at.path = apply->path;
    at.position = at.root = apply->position;
    TRY(state_last(a->sink_driver->session(apply->sink), at.link, lane, &a->arena, &last,
                   apply->failure));
    at.seq = last.exists ? last.seq + 1 : 1;
    enum status status = write_fence(a, &at);
    if (status == STATUS_OK)
        return STATUS_OK;
    a->sink_driver->rollback(apply->sink);
    if (apply->failure->code == ERROR_SECOND_ENGINE) /* the COMMIT that was on its way */
        apply->failure->code = ERROR_READ_AGAIN;
    fail_in(apply->failure, "shutting out earlier sessions of the first copy");
    return error_status(apply->failure->code);
}

enum status workers_shut_out(struct attempt *a)
{
    for (int reader = 0; reader < COPY_READERS_MAX; reader++)
        TRY(attempt_writer_failed(a, take_lane(a, reader + 1)));
    return STATUS_OK;
}

/* ---- the whole ---- */

static void run_workers(struct copy *copy, struct worker *workers, int n)
{
    int started = 0;
    for (int i = 0; i < n; i++)
        worker_init(&workers[i], copy, i);
    while (started < n &&
           pthread_create(&workers[started].thread, NULL, worker_thread, &workers[started]) == 0)
        started++;
    if (started == 0) {
        copy->failed = true;
        fail(&copy->failure, ERROR_INTERNAL, "cannot start a copy worker's thread");
    }
    for (int i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < n; i++)
        worker_free(&workers[i]);
}

/* The lowest rank that is not finished; false where all is. */
static bool next_rank(struct copy *copy)
{
    bool any = false;
    for (int i = 0; i < copy->nchunks; i++) {
        const struct chunk *c = &copy->chunks[i];
        if (!c->finished && (!any || rank_of(copy, c) < copy->rank)) {
            copy->rank = rank_of(copy, c);
            any = true;
        }
    }
    copy->next = 0;
    return any;
}

enum status workers_run(struct attempt *a, struct snapshot *snapshot, int readers,
                        struct chunk *chunks, int nchunks, const char *position, bool absent_only)
{
    struct copy copy = {.a = a,
                        .snapshot = snapshot,
                        .chunks = chunks,
                        .nchunks = nchunks,
                        .position = position,
                        .absent_only = absent_only};
    struct worker *workers = calloc((size_t)readers, sizeof *workers);
    must(workers);
    pthread_mutex_init(&copy.mutex, NULL);
    for (int i = 0; i < nchunks; i++)
        copy.done += chunks[i].finished;
    while (!copy.failed && next_rank(&copy))
        run_workers(&copy, workers, readers);
    pthread_mutex_destroy(&copy.mutex);
    free(workers);
    if (!copy.failed)
        return STATUS_OK;
    a->failure = copy.failure;
    return error_status(a->failure.code);
}
