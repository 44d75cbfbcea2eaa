/* A link's place: its checkpoint in the target, and whether the source still has the log after it.
 * The source's own driver judges, as `run` would. */
#include <string.h>
#include "check/internal.h"
#include "check/dump_once.h"
#include "link/afresh.h"
#include "link/drivers.h"
#include "state/checkpoint.h"

struct place {
    const char *link; /* id in the target; NULL: it has none */
    const char *position, *plan_hex;
    bool copying; /* chunks are planned and not all finished */
};

static bool has_state(struct check *k, struct check_side *side, bool *there)
{
    struct rows rows;
    const char *sql =
        check_is_postgres(side)
            ? "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
              " WHERE n.nspname = 'millrace' AND c.relname IN ('link', 'checkpoint', 'chunk')"
            : "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'millrace'"
              " AND TABLE_NAME IN ('link', 'checkpoint', 'chunk')";
    if (session_query(side->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK)
        return false;
    *there = strcmp(rows_cell(&rows, 0, 0), "3") == 0;
    return true;
}

static enum status read_link(struct check *k, struct check_link *l, const char *name,
                             struct place *p)
{
    struct rows rows;
    TRY(session_run(l->to->session, &k->arena, &rows, 1,
                    "SELECT id FROM millrace.link WHERE name = ?", name));
    p->link = rows.nrows ? rows_cell(&rows, 0, 0) : NULL;
    return STATUS_OK;
}

static enum status read_place(struct check *k, struct check_link *l, struct place *p)
{
    struct rows rows;
    const char *plan = check_is_postgres(l->to) ? "encode(plan, 'hex')" : "lower(hex(plan))";
    TRY(read_link(k, l, l->lc->name, p));
    if (!p->link && l->lc->was)
        TRY(read_link(k, l, l->lc->was, p));
    if (!p->link)
        return STATUS_OK;
    const char *sql = arena_format(&k->arena,
                                   "SELECT position, %s FROM millrace.checkpoint WHERE link = %s"
                                   " AND lane = 0 ORDER BY seq DESC LIMIT 1",
                                   plan, p->link);
    TRY(session_query(l->to->session, &k->arena, &rows, sql, 0, NULL));
    if (rows.nrows) {
        p->position = rows_cell(&rows, 0, 0);
        p->plan_hex = rows_cell(&rows, 0, 1);
    }
    sql = arena_format(&k->arena,
                       "SELECT count(*) FROM millrace.chunk WHERE link = %s"
                       " AND position IS NULL",
                       p->link);
    TRY(session_query(l->to->session, &k->arena, &rows, sql, 0, NULL));
    p->copying = strcmp(rows_cell(&rows, 0, 0), "0") != 0;
    return STATUS_OK;
}

/* ---- does the log still have it? ---- */

static bool nothing_is_wanted(void *owner, const char *schema, const char *table)
{
    (void)owner, (void)schema, (void)table;
    return false;
}

static enum status ask_source(struct check *k, struct check_link *l, const char *position)
{
    uv_loop_t loop;
    struct intake intake;
    struct source *source = NULL;
    const struct source_driver *driver = source_driver_of(l->lc->from->engine);
    struct source_options options = {.endpoint = &l->lc->from->capture,
                                     .link = l->lc->name,
                                     .slot = l->lc->slot,
                                     .publication = l->lc->publication,
                                     .server_id = l->lc->server_id,
                                     .loop = &loop,
                                     .intake = &intake,
                                     .wake = &k->wake,
                                     .failure = &k->failure,
                                     .wanted = nothing_is_wanted};
    must(uv_loop_init(&loop) == 0);
    intake_init(&intake, 1 << 20);
    enum status status = driver->open(&options, &source);
    if (status == STATUS_OK)
        status = driver->check_position(source, position);
    if (source)
        driver->close(source);
    intake_free(&intake);
    uv_run(&loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop) == 0);
    return status;
}

static void check_plan(struct check *k, const struct check_link *l, const char *hex)
{
    unsigned char hash[PLAN_HASH_BYTES];
    char text[2 * PLAN_HASH_BYTES + 1], advice[AFRESH_BYTES];
    link_plan_hash(l->lc, hash);
    for (int i = 0; i < PLAN_HASH_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    if (hex && strcmp(hex, text) == 0)
        report_add(k->report, VERDICT_OK, NULL, "the mapping is the one that the link began with");
    else
        report_add(k->report, VERDICT_MISSING, NULL,
                   "the mapping in the config is not the one that the link began with: go back to "
                   "that, or `millrace remove %s` and copy again%s",
                   l->lc->name, afresh_advice(l->lc, advice, sizeof advice));
}

/* Whether a GTID's log was removed MariaDB says only when it is asked to send it. */
static enum status ask_log(struct check *k, struct check_link *l, const char *position)
{
    TRY(ask_source(k, l, position));
    if (check_is_postgres(l->from))
        return STATUS_OK;
    return dump_once(k, l->from, position, NULL, NULL);
}

static void check_log(struct check *k, struct check_link *l, const char *position)
{
    failure_clear(&k->failure);
    enum status status = ask_log(k, l, position);
    if (status == STATUS_RETRY && k->failure.code == ERROR_SLOT_ACTIVE)
        report_add(k->report, VERDICT_OK, NULL, "the link stands at %s, and runs: %s", position,
                   k->failure.text);
    else if (status == STATUS_OK)
        report_add(k->report, VERDICT_OK, NULL,
                   "the link stands at %s, and the source's log still holds what follows",
                   position);
    else {
        afresh_advise(l->lc, &k->failure);
        report_add(k->report, VERDICT_MISSING, NULL, "the link stands at %s: %s", position,
                   k->failure.text);
    }
}

/* ---- a first copy to come ---- */

static enum status check_empty(struct check *k, struct check_link *l)
{
    char advice[AFRESH_BYTES];
    struct rows rows;
    for (int i = 0; i < l->ntables; i++) {
        const struct check_table *t = &l->tables[i];
        if (!t->target)
            continue;
        const char *table = check_qualified(k, l->to, t->target_schema, t->target_name);
        const char *sql = arena_format(&k->arena, "SELECT 1 FROM %s LIMIT 1", table);
        if (session_query(l->to->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK) {
            TRY(check_failed(k, l->to, t->target_name));
            continue;
        }
        if (rows.nrows)
            report_add(
                k->report, VERDICT_MISSING, NULL,
                "%s: %s.%s has rows, and first_copy is to_empty: empty it, or say first_copy: "
                "none where both sides are already equal%s",
                l->to->system->name, t->target_schema, t->target_name,
                afresh_advice(l->lc, advice, sizeof advice));
    }
    return STATUS_OK;
}

static enum status check_first(struct check *k, struct check_link *l)
{
    struct report *r = k->report;
    if (l->lc->first_copy == COPY_NONE) {
        report_add(r, VERDICT_OK, NULL,
                   "the link has no checkpoint yet: it will begin at the end of "
                   "the log, %s",
                   l->events ? "and take what is there for written" : "without a copy");
        return STATUS_OK;
    }
    if (!l->lc->copies) {
        report_add(r, VERDICT_OK, NULL,
                   "the link has no checkpoint yet: the other direction copies, "
                   "this one begins before it does");
        return STATUS_OK;
    }
    report_add(r, VERDICT_OK, NULL,
               "the link has no checkpoint yet: it will begin with a copy of %d "
               "tables, by %d readers",
               l->ntables, l->events ? 1 : l->lc->copy_readers);
    return check_empty(k, l);
}

static enum status check_stood(struct check *k, struct check_link *l, const struct place *p)
{
    check_plan(k, l, p->plan_hex);
    check_log(k, l, p->position);
    if (p->copying)
        report_add(k->report, VERDICT_NOTE, NULL, "its first copy is not finished: it goes on");
    return STATUS_OK;
}

enum status check_position(struct check *k, struct check_link *l)
{
    struct place p = {0};
    bool there = false;
    if (!l->to || !l->to->session || !l->from->session)
        return STATUS_OK;
    failure_clear(&k->failure);
    if (!has_state(k, l->to, &there) || (there && read_place(k, l, &p) != STATUS_OK))
        return check_failed(k, l->to, "the link's checkpoint");
    return p.position ? check_stood(k, l, &p) : check_first(k, l);
}
