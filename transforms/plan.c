/* Applying a plan; compiling one is in plan_compile.c. */
#include "transforms/plan_parts.h"

#include "base/buffer.h"

const struct relation *plan_target(const struct plan *p)
{
    return p->target;
}

bool plan_keeps_key(const struct plan *p)
{
    if (p->target->nkey == 0 || p->target->nkey != p->source->nkey)
        return false;
    for (int i = 0; i < p->target->nkey; i++) {
        int from = p->steps[p->target->key[i]].source;
        if (from < 0 || !p->source->columns[from].key)
            return false;
    }
    return true;
}

/* ---- rows ---- */

/* The key of the source's row: what a person can look for. */
static const char *show_key(const struct relation *r, const struct value *row, struct arena *a)
{
    const char *text = "";
    for (int i = 0; i < r->nkey; i++)
        text = arena_format(a, "%s%s%s=%s", text, i ? ", " : "", r->columns[r->key[i]].name,
                            value_show(&row[r->key[i]], a, 60));
    return text;
}

static enum status fail_row(const struct plan *p, const struct value *row, struct arena *a,
                            struct failure *f)
{
    const struct relation *s = p->source;
    const char *key = show_key(s, row, a);
    return fail_in(f, "table %s.%s%s%s%s", s->schema, s->name, *key ? " (" : "", key,
                   *key ? ")" : "");
}

static enum status step_value(const struct plan_step *step, const struct value *row, bool is_new,
                              struct value *out, struct arena *a, struct failure *f)
{
    if (step->source < 0) {
        *out = step->constant;
        return STATUS_OK;
    }
    *out = row[step->source];
    if (out->kind == VALUE_ABSENT)
        return STATUS_OK;
    if (out->kind == VALUE_NULL) {
        /* MySQL would number an auto_increment column, or stamp a timestamp, without a word. */
        if (is_new && step->refuse_null)
            return fail(f, ERROR_VALUE,
                        "column %s (%s) is NOT NULL at the target and cannot hold "
                        "NULL",
                        step->conversion.target->name, step->conversion.target->type);
        return STATUS_OK;
    }
    return step->conversion.convert ? step->conversion.convert(&step->conversion, out, a, f)
                                    : STATUS_OK;
}

static enum status convert_row(const struct plan *p, struct value **row, bool is_new,
                               struct arena *a, struct failure *f)
{
    if (!*row)
        return STATUS_OK;
    int n = p->target->ncolumns;
    struct value *out = arena_alloc(a, (size_t)n * sizeof *out);
    for (int i = 0; i < n; i++) {
        out[i] = (struct value){.kind = VALUE_ABSENT};
        if (!p->steps[i].given ||
            step_value(&p->steps[i], *row, is_new, &out[i], a, f) == STATUS_OK)
            continue;
        if (is_new || p->target->nkey == 0 || p->target->columns[i].key)
            return fail_row(p, *row, a, f);
        /* The target never held this old value, and is not looked up by it. */
        out[i] = (struct value){.kind = VALUE_ABSENT};
    }
    *row = out;
    return STATUS_OK;
}

/* ---- old rows ---- */

/* A table without a key at the target is matched by all that is known of the old row. Where the
 * log says nothing of it, its key is as it was: the key columns of the new one. */
static struct value *key_of(const struct plan *p, const struct value *after, struct arena *a)
{
    const struct relation *s = p->source;
    struct value *before = arena_alloc(a, (size_t)s->ncolumns * sizeof *before);
    for (int i = 0; i < s->ncolumns; i++)
        before[i] = s->columns[i].key ? after[i] : (struct value){.kind = VALUE_ABSENT};
    return before;
}

static enum status check_before(const struct plan *p, const struct change *c,
                                const struct value *before, struct arena *a, struct failure *f)
{
    if (!before) {
        if (c->op == CHANGE_UPDATE && !p->key_moves && p->target->nkey > 0)
            return STATUS_OK;
        return fail(f, ERROR_ROW_IMAGE,
                    "table %s.%s: the log does not tell the old row of a change, which is needed "
                    "to find the row of %s.%s; set its replica identity (or row image) to FULL",
                    p->source->schema, p->source->name, p->target->schema, p->target->name);
    }
    for (int i = 0; i < p->target->nkey; i++) {
        const struct plan_step *step = &p->steps[p->target->key[i]];
        if (step->source >= 0 && before[step->source].kind == VALUE_ABSENT) {
            fail(f, ERROR_ROW_IMAGE,
                 "the old row in the log lacks column %s, which is part of "
                 "the target's key",
                 p->source->columns[step->source].name);
            return fail_row(p, before, a, f);
        }
    }
    return STATUS_OK;
}

static enum status old_row(const struct plan *p, const struct change *c, struct value **before,
                           struct arena *a, struct failure *f)
{
    if (c->op != CHANGE_UPDATE && c->op != CHANGE_DELETE)
        return STATUS_OK;
    if (!*before && c->op == CHANGE_UPDATE && p->target->nkey == 0 && p->source->nkey > 0)
        *before = key_of(p, c->after, a);
    return check_before(p, c, *before, a, f);
}

enum status plan_apply(const struct plan *p, struct change *c, struct arena *a, struct failure *f)
{
    struct value *before = c->before, *after = c->after;
    TRY(old_row(p, c, &before, a, f));
    if (!p->identity) {
        TRY(convert_row(p, &before, false, a, f));
        TRY(convert_row(p, &after, true, a, f));
    }
    c->before = before;
    c->after = after;
    c->relation = p->target;
    return STATUS_OK;
}

/* ---- for `check` ---- */

static const char *judgement_text(const struct conversion_step *c)
{
    switch (c->judgement) {
    case CONVERT_SAME:
        return "same";
    case CONVERT_WIDER:
        return "converted, nothing lost";
    default:
        return "converted; refused per row: ";
    }
}

static void describe_step(const struct plan *p, int i, struct buffer *out)
{
    const struct plan_step *step = &p->steps[i];
    const struct column *t = &p->target->columns[i];
    if (step->source < 0) {
        buffer_add_format(out, "(constant) -> %s %s\n", t->name, t->type);
        return;
    }
    const struct column *s = &p->source->columns[step->source];
    buffer_add_format(out, "%s %s -> %s %s: %s%s\n", s->name, s->type, t->name, t->type,
                      judgement_text(&step->conversion),
                      step->conversion.loses ? step->conversion.loses : "");
}

void plan_describe(const struct plan *p, struct buffer *out)
{
    for (int i = 0; i < p->target->ncolumns; i++) {
        const struct column *t = &p->target->columns[i];
        if (p->steps[i].given)
            describe_step(p, i, out);
        else
            buffer_add_format(out, "%s %s: not written%s\n", t->name, t->type,
                              t->generated ? " (generated)" : "");
    }
    for (int i = 0; i < p->source->ncolumns; i++)
        if (p->dropped[i])
            buffer_add_format(out, "%s %s: dropped\n", p->source->columns[i].name,
                              p->source->columns[i].type);
}
