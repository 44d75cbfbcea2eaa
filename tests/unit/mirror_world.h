/* The tables and definitions that the tests of transforms/mirror share: Odoo's production orders
 * with their moves, and ktg-mes's feedback. Rows are written as texts, one word a column. */
#ifndef MILLRACE_TEST_MIRROR_WORLD_H
#define MILLRACE_TEST_MIRROR_WORLD_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fail.h"
#include "model/change.h"
#include "model/object.h"
#include "transforms/mirror/views.h"

/* ---- relations ---- */

#define COLUMN(n, k) {.name = n, .type = "", .kind = k, .nullable = true}
#define KEY(n, k)    {.name = n, .type = "", .kind = k, .key = true}
#define RELATION(s, n, full, ...)                                                                  \
    {.schema = s,                                                                                  \
     .name = n,                                                                                    \
     .ncolumns = sizeof((struct column[]){__VA_ARGS__}) / sizeof(struct column),                   \
     .columns = (struct column[]){__VA_ARGS__},                                                    \
     .nkey = 1,                                                                                    \
     .key = (int[]){0},                                                                            \
     .full_before = full}

static const struct relation mrp_production =
    RELATION("public", "mrp_production", false, KEY("id", VALUE_INT), COLUMN("name", VALUE_TEXT),
             COLUMN("state", VALUE_TEXT), COLUMN("product_id", VALUE_INT),
             COLUMN("product_qty", VALUE_DECIMAL), COLUMN("origin", VALUE_TEXT),
             COLUMN("company_id", VALUE_INT), COLUMN("x_mes_state", VALUE_TEXT));
static const struct relation stock_move =
    RELATION("public", "stock_move", false, KEY("id", VALUE_INT),
             COLUMN("raw_material_production_id", VALUE_INT), COLUMN("product_id", VALUE_INT),
             COLUMN("product_uom_qty", VALUE_DECIMAL), COLUMN("product_uom", VALUE_INT),
             COLUMN("state", VALUE_TEXT), COLUMN("note", VALUE_TEXT));
static const struct relation product_product =
    RELATION("public", "product_product", false, KEY("id", VALUE_INT),
             COLUMN("default_code", VALUE_TEXT), COLUMN("active", VALUE_BOOL));
static const struct relation uom_uom =
    RELATION("public", "uom_uom", false, KEY("id", VALUE_INT), COLUMN("name", VALUE_JSON),
             COLUMN("factor", VALUE_DECIMAL));

static const struct relation pro_feedback =
    RELATION("mes", "pro_feedback", true, KEY("record_id", VALUE_INT),
             COLUMN("feedback_code", VALUE_TEXT), COLUMN("workorder_code", VALUE_TEXT),
             COLUMN("quantity_qualified", VALUE_DOUBLE), COLUMN("status", VALUE_TEXT),
             COLUMN("remark", VALUE_TEXT));
static const struct relation pro_workorder =
    RELATION("mes", "pro_workorder", true, KEY("workorder_id", VALUE_INT),
             COLUMN("workorder_code", VALUE_TEXT), COLUMN("quantity_produced", VALUE_DOUBLE),
             COLUMN("status", VALUE_TEXT));
static const struct relation wm_item_consume =
    RELATION("mes", "wm_item_consume", true, KEY("record_id", VALUE_INT),
             COLUMN("feedback_id", VALUE_INT), COLUMN("status", VALUE_TEXT));
static const struct relation wm_item_consume_line =
    RELATION("mes", "wm_item_consume_line", true, KEY("line_id", VALUE_INT),
             COLUMN("record_id", VALUE_INT), COLUMN("item_code", VALUE_TEXT),
             COLUMN("quantity_consume", VALUE_DOUBLE));
static const struct relation wm_product_produce =
    RELATION("mes", "wm_product_produce", true, KEY("record_id", VALUE_INT),
             COLUMN("item_code", VALUE_TEXT), COLUMN("quantity", VALUE_DOUBLE),
             COLUMN("status", VALUE_TEXT));

static const struct relation *const odoo[] = {&mrp_production, &stock_move, &product_product,
                                              &uom_uom};
static const struct relation *const ktg[] = {&pro_feedback, &pro_workorder, &wm_item_consume,
                                             &wm_item_consume_line, &wm_product_produce};
enum { NODOO = sizeof odoo / sizeof *odoo, NKTG = sizeof ktg / sizeof *ktg };

/* ---- definitions ---- */

static const struct event_definition order_event = {
    .name = "OperationsRequest",
    .of = "mrp_production",
    .key = "id",
    .touched_by =
        (struct touch_definition[]){
            {"stock_move", "raw_material_production_id"},
        },
    .ntouched_by = 1,
    .looks_up = (const char *const[]){"product_product", "uom_uom"},
    .nlooks_up = 2,
    .sql = "select p.name as id, p.origin as source_document_id,"
           "       pp.default_code as material_definition_id,"
           "       p.product_qty as quantity, p.state as request_state"
           "  from mrp_production p left join product_product pp on pp.id = p.product_id"
           " where p.id = :object and p.company_id = 1"
           "   and p.state in ('confirmed', 'progress', 'done')",
    .lists =
        (struct list_definition[]){
            {"material_requirement", "material_definition_id",
             "select c.default_code as material_definition_id,"
             "       m.product_uom_qty as quantity, u.name ->> 'en_US' as quantity_unit"
             "  from stock_move m join product_product c on c.id = m.product_id"
             "  left join uom_uom u on u.id = m.product_uom"
             " where m.raw_material_production_id = :object and m.state <> 'cancel'"},
        },
    .nlists = 1,
};

static const struct event_definition job_response = {
    .name = "JobResponse",
    .of = "pro_feedback",
    .key = "id",
    .sql = "select coalesce(feedback_code, 'ktg:' || record_id) as id,"
           "       workorder_code as operations_request_id, quantity_qualified as quantity_good"
           "  from pro_feedback where record_id = :object and status = 'FINISHED'",
};
static const struct event_definition consumed = {
    .name = "Consumed",
    .type = "MaterialActual",
    .of = "wm_item_consume_line",
    .key = "id",
    .touched_by = (struct touch_definition[]){{"wm_item_consume",
                                               "select line_id from wm_item_consume_line"
                                               " where record_id = :record_id"}},
    .ntouched_by = 1,
    .sql = "select 'consume:' || l.line_id as id, l.item_code as material_definition_id,"
           "       l.quantity_consume as quantity, 'Consumed' as material_use"
           "  from wm_item_consume_line l join wm_item_consume c on c.record_id = l.record_id"
           " where l.line_id = :object and c.status = 'FINISHED'",
};
static const struct event_definition produced = {
    .name = "Produced",
    .type = "MaterialActual",
    .of = "wm_product_produce",
    .key = "id",
    .sql = "select 'produce:' || record_id as id, item_code as material_definition_id, quantity,"
           "       'Produced' as material_use"
           "  from wm_product_produce where record_id = :object and status = 'FINISHED'",
};

/* ---- rows: "7 WH/MO/7 draft ..."; "-" NULL, "?" not in the log, "" the row ends ---- */

static inline struct value world_value(const struct column *c, const char *word, size_t size,
                                       struct arena *a)
{
    const char *text = arena_copy(a, word, size);
    if (strcmp(text, "-") == 0)
        return value_null();
    if (strcmp(text, "?") == 0)
        return (struct value){.kind = VALUE_ABSENT};
    struct value v = value_text(c->kind, text, size);
    if (c->kind == VALUE_INT || c->kind == VALUE_BOOL)
        v.i = strtoll(text, NULL, 10);
    else if (c->kind == VALUE_DOUBLE)
        v.d = strtod(text, NULL);
    return v;
}

static inline struct value *world_row(const struct relation *r, const char *words, struct arena *a)
{
    if (!words)
        return NULL;
    struct value *row = arena_alloc(a, (size_t)r->ncolumns * sizeof *row);
    for (int i = 0; i < r->ncolumns; i++) {
        words += strspn(words, " ");
        size_t size = strcspn(words, " ");
        row[i] = size ? world_value(&r->columns[i], words, size, a)
                      : (struct value){.kind = VALUE_ABSENT};
        words += size;
    }
    return row;
}

/* ---- events as texts: "CHANGED OperationsRequest WH/MO/7 {id=..} -> {id=.. lines[{..}]}" ---- */

static inline void world_show_value(struct buffer *b, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_NULL:
        buffer_add_text(b, "null");
        break;
    case VALUE_INT:
        buffer_add_int(b, v->i);
        break;
    case VALUE_DOUBLE:
        buffer_add_format(b, "%g", v->d);
        break;
    default:
        buffer_add(b, v->text, v->size);
    }
}

static inline void world_show_object(struct buffer *b, const struct object *o)
{
    buffer_add_char(b, '{');
    for (uint32_t i = 0; i < o->nfields; i++) {
        buffer_add_format(b, "%s%s=", i ? " " : "", o->fields[i].name);
        world_show_value(b, &o->fields[i].value);
    }
    for (uint32_t l = 0; l < o->nlists; l++) {
        buffer_add_format(b, " %s[", o->lists[l].name);
        for (uint32_t i = 0; i < o->lists[l].nelements; i++)
            world_show_object(b, &o->lists[l].elements[i]);
        buffer_add_char(b, ']');
    }
    buffer_add_char(b, '}');
}

static inline void world_show_event(struct buffer *b, const struct event *e)
{
    static const char *const ops[] = {"CREATED", "CHANGED", "GONE"};
    buffer_add_format(b, "%s %s %s", ops[e->op], e->type, e->key);
    if (e->before) {
        buffer_add_text(b, " ");
        world_show_object(b, e->before);
    }
    if (e->after) {
        buffer_add_text(b, " -> ");
        world_show_object(b, e->after);
    }
    buffer_add_char(b, '\n');
}

#endif
