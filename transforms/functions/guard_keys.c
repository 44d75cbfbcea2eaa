/* Rules of keys: where SQLite sorts, groups, makes distinct or looks up. */
#include "transforms/functions/guard_rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Registers that are made numbers, before a search in an index or for a temporary one. */
static bool becomes_number(const struct flow *flow, int at)
{
    const struct instruction *i = &flow->program->at[at];
    bool converts = instruction_is(i, "Affinity") || instruction_is(i, "MakeRecord");
    for (int k = 0; converts && i->p4[k]; k++)
        if (affinity_is_numeric(i->p4[k]) && flow_held(flow, at, i->p1 + k) & HELD_DECIMAL)
            return true;
    return false;
}

/* A search in a table by its rowid; one in an index says how many columns it compares. */
static bool is_rowid(const struct flow *flow, int at)
{
    const struct instruction *i = &flow->program->at[at];
    bool search = instruction_is(i, "SeekRowid") || instruction_is(i, "NotExists") ||
                  (strncmp(i->name, "Seek", 4) == 0 && i->name[4] && !*i->p4);
    return search && flow_held(flow, at, i->p3) & HELD_DECIMAL;
}

static enum status check_number_key(const struct flow *flow, int at, struct failure *f)
{
    if (!becomes_number(flow, at) && !is_rowid(flow, at))
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "a decimal is compared with a column of numbers (%s), as a double: use "
                "dec_eq(a, b)",
                flow->program->at[at].name);
}

/* ---- keys: order, groups, distinct, IN ---- */

static const struct instruction *opening_of(const struct flow *flow, int cursor)
{
    for (int k = 0; k < flow->program->n; k++) {
        const struct instruction *i = &flow->program->at[k];
        if (i->p1 == cursor &&
            (instruction_is(i, "OpenEphemeral") || instruction_is(i, "SorterOpen")))
            return i;
    }
    return NULL;
}

static bool has_instruction(const struct flow *flow, const char *name, int cursor)
{
    for (int k = 0; k < flow->program->n; k++) {
        const struct instruction *i = &flow->program->at[k];
        if (instruction_is(i, name) && (cursor < 0 || i->p1 == cursor))
            return true;
    }
    return false;
}

/* Where GROUP BY already gives the order that is wanted, the opening of ORDER BY's own sorter has
 * become a Noop, with its operands still there. */
static bool has_spared_sorter(const struct flow *flow)
{
    for (int k = 0; k < flow->program->n; k++)
        if (instruction_is(&flow->program->at[k], "Noop") && flow->program->at[k].p2 > 0)
            return true;
    return false;
}

/* ORDER BY numbers the rows of its temporary index (Sequence), or fills a sorter, as GROUP BY does:
 * but that one then compares neighbours. */
static bool is_order_by(const struct flow *flow, const struct instruction *open)
{
    if (instruction_is(open, "OpenEphemeral"))
        return has_instruction(flow, "Sequence", open->p1);
    return !has_instruction(flow, "Compare", -1) || has_spared_sorter(flow);
}

/* The n-th collation of "k(2,B,-decimal)"; "" where there is none. */
static const char *key_collation(const char *key, int n)
{
    const char *at = strchr(key, ',');
    for (; at && n > 0; n--)
        at = strchr(at + 1, ',');
    return at ? at + 1 + (at[1] == '-') : "";
}

/* Of one key of a sorter or a temporary index. A decimal column that went through an expression
 * (ifnull(qty, '0')) has lost its collation, and 10.0 is another text than 10; what a function
 * computed is canonical, and only its order needs the collation. */
static enum status check_key(uint8_t held, const char *collation, bool orders, struct failure *f)
{
    if (held & HELD_DECIMAL && held & ~HELD_NO_NUMBER)
        return fail(f, ERROR_CONFIG,
                    "a key is a decimal or what may be a number, and a text equals none: write the "
                    "number as a text, '0', or all of it as dec_add(x, 0)");
    if (strncasecmp(collation, "decimal", 7) == 0)
        return STATUS_OK;
    if (held & HELD_RESULT && orders)
        return fail(f, ERROR_CONFIG,
                    "ORDER BY a computed decimal sorts its text: write ORDER BY x COLLATE decimal");
    if (held & HELD_COLUMN)
        return fail(f, ERROR_CONFIG,
                    "an expression over a decimal column is grouped, sorted or made distinct by "
                    "its text (10.0 is not 10 there): write it with COLLATE decimal, or as "
                    "dec_add(x, 0)");
    return STATUS_OK;
}

static int key_count(const char *key)
{
    return strncmp(key, "k(", 2) == 0 ? atoi(key + 2) : 0;
}

static enum status check_stored_key(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *make = &flow->program->at[at];
    const struct instruction *put = at + 1 < flow->program->n ? make + 1 : make;
    if (!instruction_is(make, "MakeRecord") || put->p2 != make->p3 ||
        (!instruction_is(put, "IdxInsert") && !instruction_is(put, "SorterInsert")))
        return STATUS_OK;
    const struct instruction *open = opening_of(flow, put->p1);
    for (int k = 0; open && k < key_count(open->p4); k++)
        TRY(check_key(flow_held(flow, at, make->p1 + k), key_collation(open->p4, k),
                      is_order_by(flow, open), f));
    return STATUS_OK;
}

/* GROUP BY and PARTITION BY compare neighbours. */
static enum status check_neighbours(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    for (int k = 0; instruction_is(i, "Compare") && k < i->p3; k++)
        TRY(check_key(flow_held(flow, at, i->p1 + k) | flow_held(flow, at, i->p2 + k),
                      key_collation(i->p4, k), false, f));
    return STATUS_OK;
}

/* IN with a list or a SELECT looks the value up in a temporary index. DISTINCT does, too, and then
 * puts it there: that is right, since equal decimals are equal texts. */
static bool is_distinct(const struct flow *flow, int at)
{
    const struct instruction *search = &flow->program->at[at];
    for (int k = at + 1; k < flow->program->n; k++) {
        const struct instruction *i = &flow->program->at[k];
        if (instruction_is(i, "IdxInsert") && i->p1 == search->p1 && i->p3 == search->p3)
            return true;
    }
    return false;
}

static enum status check_search(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    uint8_t held = flow_held(flow, at, i->p3);
    if ((!instruction_is(i, "Found") && !instruction_is(i, "NotFound")) || is_distinct(flow, at))
        return STATUS_OK;
    if (held & HELD_RESULT)
        return fail(f, ERROR_CONFIG,
                    "a computed decimal is looked for by IN (%s): it is a text, which equals no "
                    "number: use dec_eq(a, b)",
                    i->name);
    const struct instruction *open = opening_of(flow, i->p1);
    if (!open)
        return STATUS_OK;
    held |= flow_column(flow, i->p1, 0);
    return check_key(held, key_collation(open->p4, 0), false, f);
}

/* A search in an index (SeekGE, IdxGT, ...): its columns, and what they are compared with. p4 says
 * how many. */
static enum status check_seek(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    bool seek = strncmp(i->name, "Seek", 4) == 0 || strncmp(i->name, "IdxG", 4) == 0 ||
                strncmp(i->name, "IdxL", 4) == 0;
    bool index = *i->p4 && i->p1 < flow->program->ncursors && flow->opened[i->p1] >= 0;
    for (int k = 0; seek && index && k < atoi(i->p4); k++) {
        uint8_t held = flow_held(flow, at, i->p3 + k) | flow_column(flow, i->p1, k);
        if (held & HELD_DECIMAL && held & ~HELD_NO_NUMBER)
            return fail(f, ERROR_CONFIG,
                        "a decimal is looked up among what may be numbers, or a number among "
                        "decimals (%s), and a text equals none: use dec_eq(a, b)",
                        i->name);
    }
    return STATUS_OK;
}

/* SQLite 3.40 hashes a text's length into the filter before an automatic index: 10.0 does not find
 * 10 there. functions_register turns these filters off; should one be there all the same, no. */
static enum status check_filter(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    int n = atoi(i->p4);
    for (int k = 0; instruction_is(i, "Filter") && k < (n ? n : 1); k++)
        if (flow_held(flow, at, i->p3 + k) & HELD_DECIMAL)
            return fail(f, ERROR_CONFIG,
                        "SQLite joins decimals by a Bloom filter of their texts: use dec_eq(a, b) "
                        "in the join");
    return STATUS_OK;
}

enum status guard_keys_check(const struct flow *flow, int at, struct failure *f)
{
    TRY(check_number_key(flow, at, f));
    TRY(check_search(flow, at, f));
    TRY(check_seek(flow, at, f));
    TRY(check_stored_key(flow, at, f));
    TRY(check_neighbours(flow, at, f));
    return check_filter(flow, at, f);
}
