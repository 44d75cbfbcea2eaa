/* ward_row.c: a change as a row of millrace.held. */
#include "sinks/ward_parts.h"

#include <string.h>
#include "model/change_code.h"
#include "sinks/apply_parts.h"

/* As JSON a row grows sixfold at most, and twofold again as a literal: below what a statement may be. */
enum { CHANGE_BYTES_MAX = 64 << 20, JSON_BYTES_MAX = 1 << 30 };

const char *change_op_name(enum change_op op)
{
    switch (op) {
    case CHANGE_INSERT:
        return "insert";
    case CHANGE_UPDATE:
        return "update";
    case CHANGE_DELETE:
        return "delete";
    case CHANGE_TRUNCATE:
        break;
    }
    return "truncate";
}

static size_t row_bytes(const struct relation *r, const struct value *row)
{
    size_t bytes = 0;
    for (int i = 0; row && i < r->ncolumns; i++)
        bytes += value_kind_has_text((enum value_kind)row[i].kind) ? row[i].size : 0;
    return bytes;
}

/* What cannot be kept is not passed over. */
enum status ward_fits(struct apply *a, const struct change *c)
{
    size_t bytes = row_bytes(c->relation, c->before) + row_bytes(c->relation, c->after);
    if (bytes <= CHANGE_BYTES_MAX)
        return STATUS_OK;
    return fail(a->failure, ERROR_UNSUPPORTED,
                "table %s.%s: a change of %zu bytes cannot be kept in millrace.held (at most %d): "
                "make the target take it instead",
                c->relation->schema, c->relation->name, bytes, (int)CHANGE_BYTES_MAX);
}

static const char *as_json(struct buffer *b, struct arena *arena, const struct relation *r,
                           const struct value *row)
{
    if (!row)
        return NULL;
    buffer_clear(b);
    row_json_write(b, r, row);
    return arena_copy(arena, b->data, b->size);
}

static void add_keys(struct ward *w, const struct change *c, struct arena *arena,
                     struct held_event *out)
{
    const struct relation *r = c->relation;
    out->key = ward_key(r, c->after ? c->after : c->before, c->before, &w->text, arena);
    if (c->op != CHANGE_UPDATE || !c->before)
        return;
    const char *old = ward_key(r, c->before, NULL, &w->text, arena);
    out->old_key = strcmp(old, out->key) == 0 ? NULL : old;
}

enum status ward_describe(struct apply *a, const struct origin *o, struct arena *arena,
                          struct held_event *out)
{
    struct ward *w = a->ward;
    const struct change *c = &o->change;
    const struct relation *r = c->relation;
    TRY(ward_fits(a, c));
    *out = (struct held_event){
        .flow = arena_format(arena, "%s.%s", r->schema, r->name),
        .op = change_op_name(c->op),
        .before = as_json(&w->text, arena, r, c->before),
        .after = as_json(&w->text, arena, r, c->after),
        .table = arena_format(arena, "%s.%s", o->target->schema, o->target->name),
    };
    add_keys(w, c, arena, out);
    buffer_clear(&w->text);
    change_encode(c, &w->text);
    out->envelope = arena_copy(arena, w->text.data, w->text.size);
    out->envelope_size = w->text.size;
    return STATUS_OK;
}
