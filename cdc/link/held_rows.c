/* Rows of a link with tables that the target refused: how they become changes again, and what a
 * person asks of them.
 *
 * They are kept as the source had them, and converted by the plan of the attempt that tries them: so the
 * attempt must know the tables as they are. Where the target's has changed since it began, or a row does
 * not fit the source's, the attempt ends, once a request, and the next one goes on with it. */
#include <string.h>
#include "base/log.h"
#include "db/mysql/my.h"
#include "db/postgres/pg.h"
#include "link/internal.h"
#include "model/change_code.h"
#include "sinks/ward.h"

static struct mapped_table *find(struct attempt *a, const char *schema, const char *name)
{
    for (int i = 0; i < a->mapping.ntables; i++) {
        struct mapped_table *t = &a->mapping.tables[i];
        if (strcmp(t->source.schema, schema) == 0 && strcmp(t->source.name, name) == 0)
            return t;
    }
    return NULL;
}

/* ---- a held row as a change ---- */

static enum status decode(struct attempt *a, const struct held_event *h,
                          const struct mapped_table *t, struct arena *arena, struct change *out)
{
    enum status status = change_decode(h->envelope, h->envelope_size, t->relation, arena, out,
                                       &a->writer.failure);
    a->writer.misfit = a->writer.misfit || status == STATUS_DATA;
    return status;
}

static enum status restore(void *owner, const struct held_event *h, struct arena *arena,
                           struct change *out)
{
    struct attempt *a = owner;
    struct failure *f = &a->writer.failure;
    const char *schema, *name;
    TRY(change_code_table(h->envelope, h->envelope_size, arena, &schema, &name, f));
    const struct mapped_table *t = find(a, schema, name);
    if (!t)
        return fail(f, ERROR_VALUE, "table %s.%s is not mapped any more", schema, name);
    if (t->window)
        return fail(f, ERROR_VALUE, "table %s.%s is being copied", schema, name);
    if (!plan_keeps_key(t->plan))
        return fail(f, ERROR_VALUE, "table %s.%s has another key at the target than at the source",
                    schema, name);
    TRY(decode(a, h, t, arena, out));
    return plan_apply(t->plan, out, arena, f);
}

void held_rows_open(struct attempt *a)
{
    struct ward_options options = {
        .quarantines = a->lc->quarantines,
        .limit = a->lc->quarantine_limit,
        .restore = restore,
        .owner = a,
    };
    if (!a->sink_driver->session(a->writer.apply.sink))
        return;
    a->writer.apply.ward = ward_new(&options);
    a->writer.link = a->link;
    a->writer.attempt = a;
}

enum status held_rows_void(struct attempt *a, const struct mapped_table *t)
{
    return attempt_writer_failed(
        a, ward_void(&a->writer.apply, t->source.schema, t->source.name));
}

/* ---- are the target's tables as they were? ---- */

static enum status describe(struct writer *w, const struct relation *then, struct arena *arena,
                            struct relation **out)
{
    struct session *s = w->apply.driver->session(w->apply.sink);
    if (((struct session_base *)s)->engine == ENGINE_POSTGRES)
        return pg_describe((struct pg *)s, then->schema, then->name, false, arena, out);
    return my_describe((struct my *)s, then->schema, then->name, arena, out);
}

enum status held_rows_table_stands(struct writer *w, const struct relation *then, bool *same)
{
    struct relation *now;
    struct arena arena;
    arena_init(&arena);
    enum status status = describe(w, then, &arena, &now);
    *same = status == STATUS_OK && relation_is_unaltered(now, then);
    arena_free(&arena);
    return status;
}

static enum status begin_anew(struct writer *w, const char *schema, const char *name)
{
    return fail(&w->failure, ERROR_READ_AGAIN,
                "held rows are to be tried again, and a table (%s.%s, for one) is not what it was when "
                "the link started: beginning once more, to see it as it is",
                schema, name);
}

static enum status check_tables(struct writer *w)
{
    struct attempt *a = w->attempt;
    for (int i = 0; i < a->mapping.ntables; i++) {
        const struct mapped_table *t = &a->mapping.tables[i];
        bool same;
        if (!ward_holds(w->apply.ward, t->source.schema, t->source.name))
            continue;
        TRY(held_rows_table_stands(w, t->written, &same));
        if (!same && link_refreshes(w->link, w->asked.id))
            return begin_anew(w, t->target.schema, t->target.name);
    }
    return STATUS_OK;
}

/* ---- what a person asks ---- */

static void answer(struct writer *w, enum error error, const char *text)
{
    link_answer_quarantine(w->link, w->asked.id, error, text);
    w->asked.id = 0;
}

static void add_refused(char *text, size_t size, const struct ward_result *r)
{
    size_t n = strlen(text);
    if (r->refused_n && n < size)
        snprintf(text + n, size - n, "\nthe first that is refused again: n %lld: %s",
                 (long long)r->refused_n, r->refused_text);
}

static void tell(struct writer *w)
{
    const struct ward_result *r = ward_result(w->apply.ward);
    char text[1000];
    if (w->asked.skip)
        snprintf(text, sizeof text, "%llu held rows dropped; %llu that were behind are written",
                 (unsigned long long)w->dropped, (unsigned long long)r->gone);
    else
        snprintf(text, sizeof text, "%llu held rows tried; %llu are out of millrace.held",
                 (unsigned long long)r->tried, (unsigned long long)r->gone);
    add_refused(text, sizeof text, r);
    answer(w, ERROR_NONE, text);
}

/* Once, also where the answer does not come with this attempt: what is refused from then on may be
 * what the filter names, and nobody has seen it. */
static enum status drop(struct writer *w)
{
    if (!link_has_dropped(w->link, w->asked.id, &w->dropped)) {
        TRY(ward_drop(&w->apply, &w->asked.filter, &w->dropped));
        link_note_dropped(w->link, w->asked.id, w->dropped);
    }
    ward_retry(&w->apply, NULL); /* what was behind them */
    return STATUS_OK;
}

static enum status begin(struct writer *w)
{
    w->misfit = false;
    TRY(check_tables(w));
    if (w->asked.skip)
        return drop(w);
    ward_retry(&w->apply, &w->asked.filter);
    return STATUS_OK;
}

static enum status go_on(struct writer *w)
{
    bool done;
    enum status status = ward_step(&w->apply, &done);
    if (status == STATUS_DATA) { /* the link is well: only what was asked for is not to be had */
        answer(w, w->failure.code, w->failure.text);
        failure_clear(&w->failure);
        return STATUS_OK;
    }
    TRY(status);
    atomic_store(&w->more, !done);
    if (!done)
        return STATUS_OK;
    if (w->misfit && link_refreshes(w->link, w->asked.id))
        return begin_anew(w, w->attempt->mapping.names[0].schema,
                          w->attempt->mapping.names[0].name);
    tell(w);
    return STATUS_OK;
}

enum status held_rows_hear(struct writer *w)
{
    atomic_store(&w->more, false);
    if (!w->apply.ward || w->apply.in_large)
        return STATUS_OK;
    if (!w->asked.id) {
        if (!link_take_quarantine_request(w->link, &w->asked))
            return STATUS_OK;
        TRY(begin(w));
    }
    return go_on(w);
}
