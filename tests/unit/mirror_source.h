/* A source of the tests: random changes of valid rows, and their log as each engine gives it: of
 * old rows the key alone (PostgreSQL's tables), or all of it (MySQL's). The same each time. */
#ifndef MILLRACE_TEST_MIRROR_SOURCE_H
#define MILLRACE_TEST_MIRROR_SOURCE_H

#include "mirror_link.h"

enum { TRANSACTIONS = 60, ROWS_MAX = 12 };
enum { ORDERS = 7, MOVES = 14, PRODUCTS = 5, FEEDBACKS = 5 };

static const struct relation *const source_tables[] = {
    &mrp_production, &stock_move, &product_product, &uom_uom, &pro_feedback};
enum { NSOURCE = sizeof source_tables / sizeof *source_tables };

/* ---- chance, the same each time ---- */

static uint64_t chance_state;

static inline uint32_t chance(uint32_t below)
{
    chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(chance_state >> 33) % below;
}

/* ---- the source: its rows, and the log of what happened to them ---- */

struct logged {
    const struct relation *relation;
    enum change_op op;
    char before[128], after[128]; /* "": none */
};

static struct {
    struct logged rows[ROWS_MAX * 4];
    int nrows;
    bool echo;
} source_log[TRANSACTIONS + 1]; /* from 1 */

static struct {
    bool there;
    char row[128];
} orders[ORDERS], moves[MOVES], products[PRODUCTS], feedbacks[FEEDBACKS];

static struct logged *log_row(int t, const struct relation *r, enum change_op op)
{
    struct logged *l = &source_log[t].rows[source_log[t].nrows++];
    *l = (struct logged){.relation = r, .op = op};
    return l;
}

/* Plain: no two orders have one name, products stay as they are, a number has one spelling. */
static bool source_is_plain;

static uint32_t source_names;

/* `row`: as it was, with its name in the second word, or "". */
static void source_name(const char *row, uint32_t names, char *out)
{
    unsigned old;
    if (!source_is_plain)
        snprintf(out, 16, "%u", chance(names));
    else if (chance(3) && sscanf(row, "%*d %*[A-Z]%u", &old) == 1)
        snprintf(out, 16, "%u", old);
    else
        snprintf(out, 16, "%u", ++source_names);
}

static const char *source_zeros(const char *zeros)
{
    return !source_is_plain && chance(2) ? zeros : "";
}

static void say_order(int id, char *out)
{
    static const char *const states[] = {"draft", "confirmed", "progress", "cancel"};
    char name[16];
    source_name(out, 9, name);
    snprintf(out, 128, "%d MO%s %s %u %u%s - %u -", id, name, states[chance(4)], chance(PRODUCTS),
             chance(3), source_zeros(".0"), 1 + (chance(8) == 0));
}

static void say_move(int id, char *out)
{
    snprintf(out, 128, "%d %u %u %u%s 1 %s %u", id, chance(ORDERS), chance(PRODUCTS), chance(4),
             source_zeros(".00"), chance(5) ? "confirmed" : "cancel", chance(3));
}

static void say_product(int id, char *out)
{
    snprintf(out, 128, "%d P%d.%u 1", id, id, source_is_plain ? 0 : chance(3));
}

static void say_feedback(int id, char *out)
{
    char name[16];
    source_name(out, 9, name);
    snprintf(out, 128, "%d F%s WO%u %u %s -", id, name, chance(3), chance(3),
             chance(3) ? "FINISHED" : "PREPARE");
}

static void key_of(const char *row, char *out)
{
    snprintf(out, 128, "%.*s", (int)strcspn(row, " "), row);
}

/* One row is inserted, updated, deleted. `full`: the log has the whole old row (MySQL). */
static void change_one(int t, const struct relation *r, bool *there, char *row, int id,
                       void (*say)(int, char *), bool full)
{
    enum change_op op = !*there ? CHANGE_INSERT : chance(4) ? CHANGE_UPDATE : CHANGE_DELETE;
    struct logged *l = log_row(t, r, op);
    if (op == CHANGE_DELETE && !full)
        key_of(row, l->before);
    else if (op != CHANGE_INSERT && full)
        snprintf(l->before, sizeof l->before, "%s", row);
    *there = op != CHANGE_DELETE;
    if (op != CHANGE_DELETE) {
        say(id, row);
        snprintf(l->after, sizeof l->after, "%s", row);
    }
}

/* An order gets the key of another that is not there. */
static void rename_order(int t)
{
    int from = (int)chance(ORDERS), to = (int)chance(ORDERS);
    if (!orders[from].there || orders[to].there)
        return;
    struct logged *l = log_row(t, &mrp_production, CHANGE_UPDATE);
    key_of(orders[from].row, l->before);
    say_order(to, orders[to].row);
    orders[to].there = true;
    orders[from].there = false;
    snprintf(l->after, sizeof l->after, "%s", orders[to].row);
}

/* Two orders exchange their keys: one is in the other's way. */
static void exchange_orders(int t)
{
    int a = (int)chance(ORDERS), b = (int)chance(ORDERS);
    if (a == b || !orders[a].there || !orders[b].there)
        return;
    for (int i = 0; i < 2; i++) {
        struct logged *l = log_row(t, &mrp_production, CHANGE_UPDATE);
        snprintf(l->before, sizeof l->before, "%d", i ? b : a);
        snprintf(l->after, sizeof l->after, "%d%s", i ? a : b,
                 strchr(i ? orders[b].row : orders[a].row, ' '));
    }
    snprintf(orders[b].row, 128, "%s", source_log[t].rows[source_log[t].nrows - 2].after);
    snprintf(orders[a].row, 128, "%s", source_log[t].rows[source_log[t].nrows - 1].after);
}

static void truncate_moves(int t)
{
    log_row(t, &stock_move, CHANGE_TRUNCATE);
    for (int i = 0; i < MOVES; i++)
        moves[i].there = false;
}

static void change_any(int t)
{
    uint32_t what = chance(100);
    int id;
    if (what < 30)
        id = (int)chance(ORDERS), change_one(t, &mrp_production, &orders[id].there, orders[id].row,
                                             id, say_order, false);
    else if (what < 65)
        id = (int)chance(MOVES), change_one(t, &stock_move, &moves[id].there, moves[id].row, id,
                                            say_move, false);
    else if (what < 75)
        id = (int)chance(PRODUCTS), change_one(t, &product_product, &products[id].there,
                                               products[id].row, id, say_product, false);
    else if (what < 90)
        id = (int)chance(FEEDBACKS), change_one(t, &pro_feedback, &feedbacks[id].there,
                                                feedbacks[id].row, id, say_feedback, true);
    else if (what < 95)
        rename_order(t);
    else if (what < 99)
        exchange_orders(t);
    else
        truncate_moves(t);
}

static void source_clear(void)
{
    memset(source_log, 0, sizeof source_log);
    memset(orders, 0, sizeof orders);
    memset(moves, 0, sizeof moves);
    memset(products, 0, sizeof products);
    memset(feedbacks, 0, sizeof feedbacks);
}

/* Transaction t, after those before it. */
static void source_make(int t)
{
    source_log[t].echo = chance(8) == 0;
    for (int n = (int)chance(ROWS_MAX) + 1; n > 0; n--)
        change_any(t);
}

static inline void source_read(struct link *l, int t)
{
    l->nchanges = 0;
    arena_reset(&l->arena);
    for (int i = 0; i < source_log[t].nrows; i++) {
        const struct logged *r = &source_log[t].rows[i];
        link_change(l, r->relation, r->op, r->before[0] ? r->before : NULL,
                    r->after[0] ? r->after : NULL);
    }
}

#endif
