#include "scene.h"

#include <string.h>

#define COLUMN(n, k) {.name = n, .type = "", .kind = k, .nullable = true}
#define KEY(n, k)    {.name = n, .type = "", .kind = k, .key = true}
#define RELATION(n, ...)                                                                           \
    {.schema = "bench",                                                                            \
     .name = n,                                                                                    \
     .ncolumns = sizeof((struct column[]){__VA_ARGS__}) / sizeof(struct column),                   \
     .columns = (struct column[]){__VA_ARGS__},                                                    \
     .nkey = 1,                                                                                    \
     .key = (int[]){0},                                                                            \
     .full_before = true}

const struct relation work_order =
    RELATION("work_order", KEY("id", VALUE_INT), COLUMN("order_no", VALUE_TEXT),
             COLUMN("product", VALUE_TEXT), COLUMN("qty", VALUE_DECIMAL),
             COLUMN("scrap", VALUE_DECIMAL), COLUMN("price", VALUE_DECIMAL),
             COLUMN("unit", VALUE_TEXT), COLUMN("state", VALUE_TEXT),
             COLUMN("due", VALUE_INSTANT), COLUMN("note", VALUE_TEXT));
const struct relation order_head =
    RELATION("order_head", KEY("id", VALUE_INT), COLUMN("name", VALUE_TEXT),
             COLUMN("product_id", VALUE_INT), COLUMN("qty", VALUE_DECIMAL),
             COLUMN("state", VALUE_TEXT), COLUMN("due", VALUE_INSTANT),
             COLUMN("origin", VALUE_TEXT));
const struct relation order_line =
    RELATION("order_line", KEY("id", VALUE_INT), COLUMN("order_id", VALUE_INT),
             COLUMN("product_id", VALUE_INT), COLUMN("qty", VALUE_DECIMAL),
             COLUMN("uom_id", VALUE_INT), COLUMN("state", VALUE_TEXT));
const struct relation product =
    RELATION("product", KEY("id", VALUE_INT), COLUMN("code", VALUE_TEXT),
             COLUMN("uom_id", VALUE_INT));
const struct relation uom =
    RELATION("uom", KEY("id", VALUE_INT), COLUMN("name", VALUE_TEXT));
const struct relation *const scene_relations[] = {&work_order, &order_head, &order_line, &product,
                                                  &uom};
const int scene_nrelations = sizeof scene_relations / sizeof *scene_relations;

#define STATELESS_FIELDS                                                                           \
    "order_no as id, product as material_definition_id, dec_add(qty, scrap) as quantity,"          \
    " map('unit', unit) as quantity_unit, dec_round(dec_mul(qty, price), 2) as value,"             \
    " map('state', state) as request_state, due as end_time, note as description"
const char stateless_fields[] = STATELESS_FIELDS;

const struct event_definition stateless_event = {
    .name = "OperationsRequest",
    .of = "work_order",
    .key = "id",
    .sql = "select " STATELESS_FIELDS " from work_order where id = :object and state <> 'draft'",
};

const struct event_definition assembled_event = {
    .name = "OperationsRequest",
    .of = "order_head",
    .key = "id",
    .touched_by = (struct touch_definition[]){{"order_line", "order_id"}},
    .ntouched_by = 1,
    .looks_up = (const char *const[]){"product", "uom"},
    .nlooks_up = 2,
    .sql = "select h.name as id, p.code as material_definition_id, dec_mul(h.qty, 1) as quantity,"
           " map('unit', u.name) as quantity_unit, map('state', h.state) as request_state,"
           " h.due as end_time, h.origin as source_document_id"
           " from order_head h join product p on p.id = h.product_id"
           " join uom u on u.id = p.uom_id where h.id = :object and h.state <> 'draft'",
    .lists =
        (struct list_definition[]){
            {"material_requirement", "id",
             "select l.id as id, p.code as material_definition_id, dec_mul(l.qty, 1) as quantity,"
             " map('unit', u.name) as quantity_unit, l.state as state"
             " from order_line l join product p on p.id = l.product_id"
             " join uom u on u.id = l.uom_id where l.order_id = :object"},
        },
    .nlists = 1,
};

/* ---- values ---- */

static struct value text(struct scene *s, const char *format, long long n)
{
    const char *made = arena_format(&s->arena, format, n);
    return value_text(VALUE_TEXT, made, strlen(made));
}

/* With three digits behind the point, zeros among them: as numeric(12,3) comes. */
static struct value decimal(struct scene *s, int64_t thousandths)
{
    const char *made = arena_format(&s->arena, "%lld.%03d", (long long)(thousandths / 1000),
                                    (int)(thousandths % 1000));
    return value_text(VALUE_DECIMAL, made, strlen(made));
}

static struct value word(const char *const *words, int64_t i)
{
    return value_text(VALUE_TEXT, words[i], strlen(words[i]));
}

static struct value instant(int64_t n)
{
    const int64_t base = 1793000000; /* autumn 2026 */
    return (struct value){.kind = VALUE_INSTANT, .i = (base + n * 61) * 1000000};
}

static const char *const units[UOMS] = {"KG", "PCS", "M", "BOX"};
static const char *const states[] = {"confirmed", "progress", "done"};

/* ---- rows ---- */

static struct value *new_row(struct scene *s, const struct relation *r)
{
    return arena_alloc(&s->arena, (size_t)r->ncolumns * sizeof(struct value));
}

static struct value *work_order_row(struct scene *s, int64_t n)
{
    struct value *row = new_row(s, &work_order);
    row[ID] = value_int(n);
    row[ORDER_NO] = text(s, "WO-2026-%07lld", n);
    row[PRODUCT] = text(s, "PRD-%05lld", n % 9973);
    row[QTY] = decimal(s, 1000 + n * 37 % 9000000);
    row[SCRAP] = decimal(s, n * 13 % 5000);
    row[PRICE] = decimal(s, 500 + n * 7 % 120000);
    row[UNIT] = word(units, n % UOMS);
    row[STATE] = word(states, n % 3);
    row[DUE] = instant(n);
    row[NOTE] = n % 5 ? text(s, "customer order %lld, line 10", n / 3) : value_null();
    return row;
}

/* Later: more of it, in the next state. */
static struct value *changed_work_order(struct scene *s, int64_t n, const struct value *before)
{
    struct value *row = new_row(s, &work_order);
    memcpy(row, before, ORDER_COLUMNS * sizeof *row);
    row[QTY] = decimal(s, 2000 + n * 37 % 9000000);
    row[STATE] = word(states, (n + 1) % 3);
    return row;
}

static struct value *head_row(struct scene *s, int64_t n, int version)
{
    struct value *row = new_row(s, &order_head);
    row[0] = value_int(n);
    row[1] = text(s, "WH/MO/%07lld", n);
    row[2] = value_int(1 + n % PRODUCTS);
    row[3] = decimal(s, 1000 + n * 37 % 9000000 + version * 1000);
    row[4] = word(states, (n + version) % 3);
    row[5] = instant(n);
    row[6] = text(s, "SO%06lld", n / 2);
    return row;
}

static struct value *line_row(struct scene *s, int64_t n, int line, int version)
{
    struct value *row = new_row(s, &order_line);
    row[0] = value_int(n * LINES + line);
    row[1] = value_int(n);
    row[2] = value_int(1 + (n * 7 + line * 131) % PRODUCTS);
    row[3] = decimal(s, 250 + (n * 11 + line) % 400000 + version * 500);
    row[4] = value_int(1 + (n + line) % UOMS);
    row[5] = word(states, (n + version) % 3);
    return row;
}

struct value *scene_product(struct scene *s, int id)
{
    struct value *row = new_row(s, &product);
    row[0] = value_int(id);
    row[1] = text(s, "PRD-%05lld", id);
    row[2] = value_int(1 + id % UOMS);
    return row;
}

struct value *scene_uom(struct scene *s, int id)
{
    struct value *row = new_row(s, &uom);
    row[0] = value_int(id);
    row[1] = word(units, id - 1);
    return row;
}

/* ---- batches ---- */

static void make_stateless(struct scene *s, int changes, int per)
{
    s->ntransactions = (changes + per - 1) / per;
    s->transactions = arena_zalloc(&s->arena, (size_t)s->ntransactions * sizeof *s->transactions);
    struct change *all = arena_zalloc(&s->arena, (size_t)changes * sizeof *all);
    for (int i = 0; i < changes; i++) {
        struct transaction *t = &s->transactions[i / per];
        if (i % per == 0)
            t->changes = &all[i];
        t->n++;
        struct value *row = work_order_row(s, i + 1);
        all[i] = (struct change){.op = CHANGE_INSERT, .relation = &work_order, .after = row};
        if (s->scenario == STATELESS_UPDATE)
            all[i] = (struct change){CHANGE_UPDATE, &work_order, row,
                                     changed_work_order(s, i + 1, row)};
    }
}

/* One half makes the orders, the other half changes each of them. */
static void make_assembled(struct scene *s, int changes)
{
    int orders = changes / (1 + LINES) / 2;
    s->ntransactions = 2 * orders;
    s->transactions = arena_zalloc(&s->arena, (size_t)s->ntransactions * sizeof *s->transactions);
    for (int i = 0; i < s->ntransactions; i++) {
        int version = i / orders, n = 1 + i % orders;
        struct transaction *t = &s->transactions[i];
        t->n = 1 + LINES;
        t->changes = arena_zalloc(&s->arena, t->n * sizeof *t->changes);
        for (int c = 0; c <= LINES; c++) {
            struct change *change = &t->changes[c];
            change->op = version ? CHANGE_UPDATE : CHANGE_INSERT;
            change->relation = c ? &order_line : &order_head;
            change->after = c ? line_row(s, n, c - 1, version) : head_row(s, n, version);
            if (version)
                change->before = c ? line_row(s, n, c - 1, 0) : head_row(s, n, 0);
        }
    }
}

void scene_make(struct scene *s, enum scenario scenario, int changes, int per)
{
    *s = (struct scene){.scenario = scenario};
    arena_init(&s->arena);
    if (scenario == ASSEMBLED)
        make_assembled(s, changes);
    else
        make_stateless(s, changes, per);
    for (int i = 0; i < s->ntransactions; i++)
        s->nchanges += s->transactions[i].n;
}
