#include "transforms/functions/rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "transforms/functions/list.h"

/* ---- operators ---- */

static const struct {
    const char *name, *sign, *use;
} operators[] = {
    {"Add", "+", "dec_add(a, b)"},
    {"Subtract", "-", "dec_sub(a, b), or dec_neg(a)"},
    {"Multiply", "*", "dec_mul(a, b)"},
    {"Divide", "/", "dec_div(a, b, scale)"},
    {"Remainder", "%", "dec_sub(a, dec_mul(b, dec_div(a, b, 0, 'down')))"},
    {"BitAnd", "&", "what its operands come from"},
    {"BitOr", "|", "what its operands come from"},
    {"BitNot", "~", "what its operand comes from"},
    {"ShiftLeft", "<<", "dec_mul"},
    {"ShiftRight", ">>", "dec_div"},
};

/* IN finds out whether a NULL was among its values by x & x, and then by & into one register. */
static bool is_sqlites_own(const struct instruction *i)
{
    return instruction_is(i, "BitAnd") && (i->p1 == i->p2 || i->p2 == i->p3);
}

static enum status check_operator(const struct instruction *i, struct failure *f)
{
    if (is_sqlites_own(i))
        return STATUS_OK;
    for (size_t k = 0; k < sizeof operators / sizeof *operators; k++)
        if (instruction_is(i, operators[k].name))
            return fail(f, ERROR_CONFIG,
                        "the operator %s (%s) computes with doubles, in a statement that reads or "
                        "computes decimals: use %s%s",
                        operators[k].sign, operators[k].name, operators[k].use,
                        k < 2 ? " (LIMIT and a window's RANGE add, too: give them one number, or "
                                "ROWS)"
                              : "");
    return STATUS_OK;
}

/* 'C' NUMERIC and the letters behind it. */
static bool is_numeric_affinity(int affinity)
{
    return affinity >= 'C' && affinity <= 'F';
}

static enum status check_cast(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    if (!instruction_is(i, "Cast") || !is_numeric_affinity(i->p2) ||
        flow_held(flow, at, i->p1) == HELD_PLAIN)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "a cast to a number (Cast) of a decimal, or of an expression in a statement that "
                "reads or computes decimals: use dec_round(x, 0), or cast the plain column");
}

/* ---- comparisons ---- */

static const struct {
    const char *name, *use;
} comparisons[] = {
    /* EXPLAIN shows a comparison or its opposite, as the jump needs it. */
    {"Eq", "dec_eq(a, b)"}, {"Ne", "dec_eq(a, b)"}, {"Lt", "dec_lt(a, b) or dec_ge"},
    {"Le", "dec_le(a, b) or dec_gt"}, {"Gt", "dec_gt(a, b) or dec_le"},
    {"Ge", "dec_ge(a, b) or dec_lt"},
};

static bool collates_decimal(const struct instruction *i)
{
    return strncasecmp(i->p4, "decimal", 7) == 0;
}

static enum status check_compared(const struct instruction *i, const char *use, uint8_t held,
                                  struct failure *f)
{
    if (held & HELD_RESULT)
        return fail(f, ERROR_CONFIG,
                    "a computed decimal is compared by an operator (%s; also = ANY of IN, BETWEEN "
                    "and CASE x WHEN): it is a text, which comes behind every number: use %s",
                    i->name, use);
    if (is_numeric_affinity(i->p5 & 0x47))
        return fail(f, ERROR_CONFIG,
                    "a decimal column is compared with a column of numbers (%s), as doubles: use "
                    "%s",
                    i->name, use);
    if (!collates_decimal(i))
        return fail(f, ERROR_CONFIG,
                    "a decimal column is compared by another column's collation (%s): use %s, or "
                    "put the decimal column first",
                    i->name, use);
    return STATUS_OK;
}

static enum status check_comparison(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    uint8_t held = flow_held(flow, at, i->p1) | flow_held(flow, at, i->p3);
    if (!(held & HELD_DECIMAL))
        return STATUS_OK;
    for (size_t k = 0; k < sizeof comparisons / sizeof *comparisons; k++)
        if (instruction_is(i, comparisons[k].name))
            return check_compared(i, comparisons[k].use, held, f);
    return STATUS_OK;
}

/* Registers that are made numbers, before a search in an index or for a temporary one. */
static bool becomes_number(const struct flow *flow, int at)
{
    const struct instruction *i = &flow->program->at[at];
    bool converts = instruction_is(i, "Affinity") || instruction_is(i, "MakeRecord");
    for (int k = 0; converts && i->p4[k]; k++)
        if (is_numeric_affinity(i->p4[k]) && flow_held(flow, at, i->p1 + k) & HELD_DECIMAL)
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
    bool search = instruction_is(i, "Found") || instruction_is(i, "NotFound");
    if (!search || !(flow_held(flow, at, i->p3) & HELD_RESULT) || is_distinct(flow, at))
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "a computed decimal is looked for by IN (%s): it is a text, which equals no number: "
                "use dec_eq(a, b)",
                i->name);
}

/* ---- order ---- */

static const struct instruction *opening_of(const struct flow *flow, int cursor)
{
    for (int k = 0; k < flow->program->n; k++) {
        const struct instruction *i = &flow->program->at[k];
        if (i->p1 == cursor && (instruction_is(i, "OpenEphemeral") || instruction_is(i, "SorterOpen")))
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

/* ORDER BY numbers the rows of its temporary index (Sequence), or fills a sorter, as GROUP BY does:
 * but that one then compares neighbours. */
static bool is_order_by(const struct flow *flow, const struct instruction *open)
{
    if (instruction_is(open, "OpenEphemeral"))
        return has_instruction(flow, "Sequence", open->p1);
    return !has_instruction(flow, "Compare", -1);
}

/* The n-th collation of "k(2,B,-decimal)"; "" where there is none. */
static const char *key_collation(const char *key, int n)
{
    const char *at = strchr(key, ',');
    for (; at && n > 0; n--)
        at = strchr(at + 1, ',');
    return at ? at + 1 + (at[1] == '-') : "";
}

static enum status check_order(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *make = &flow->program->at[at];
    const struct instruction *put = at + 1 < flow->program->n ? make + 1 : make;
    if (!instruction_is(make, "MakeRecord") || put->p2 != make->p3 ||
        (!instruction_is(put, "IdxInsert") && !instruction_is(put, "SorterInsert")))
        return STATUS_OK;
    const struct instruction *open = opening_of(flow, put->p1);
    int keys = open && strncmp(open->p4, "k(", 2) == 0 ? atoi(open->p4 + 2) : 0;
    for (int k = 0; k < keys && is_order_by(flow, open); k++)
        if (flow_held(flow, at, make->p1 + k) & HELD_RESULT &&
            strncasecmp(key_collation(open->p4, k), "decimal", 7) != 0)
            return fail(f, ERROR_CONFIG,
                        "ORDER BY a computed decimal sorts its text: write ORDER BY x COLLATE "
                        "decimal");
    return STATUS_OK;
}

/* ---- functions ---- */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp(*names, name) == 0)
            return true;
    return false;
}

static uint8_t held_by_arguments(const struct flow *flow, int at, int n)
{
    const struct instruction *i = &flow->program->at[at];
    uint8_t held = 0;
    for (int k = 0; k < n && i->p2 > 0; k++)
        held |= flow_held(flow, at, i->p2 + k);
    return held;
}

/* date(), strftime('%Y'), date('now'), datetime(x, 'localtime') */
static enum status check_clock(const struct flow *flow, int at, const char *name, int nargs,
                               struct failure *f)
{
    static const char *const dates[] = {"date",     "time",      "datetime", "julianday",
                                        "strftime", "unixepoch", NULL};
    const struct instruction *i = &flow->program->at[at];
    bool asks = nargs >= 0 || held_by_arguments(flow, at, 4) & HELD_CLOCK; /* see list.c */
    if (!is_one_of(name, dates) || (i->p2 > 0 && !asks))
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "%s reads the clock or the machine's zone ('now', 'localtime', 'utc', or no "
                "argument): it is not the same on every run; a zone is at_zone's business",
                name);
}

static enum status check_choice(const struct flow *flow, int at, const char *name, int nargs,
                                struct failure *f)
{
    static const char *const choices[] = {"min", "max", "nullif", NULL};
    const struct instruction *i = &flow->program->at[at];
    bool aggregate = instruction_is(i, "AggStep");
    uint8_t held = held_by_arguments(flow, at, nargs == 1 ? 1 : 2);
    bool by_value = at > 0 && instruction_is(i - 1, "CollSeq") && collates_decimal(i - 1);
    if (!is_one_of(name, choices) || !(held & HELD_RESULT) || (aggregate && by_value))
        return STATUS_OK;
    if (strcasecmp(name, "nullif") == 0)
        return fail(f, ERROR_CONFIG,
                    "nullif compares a computed decimal as a text: use case when dec_eq(x, 0) then "
                    "null else x end");
    return fail(f, ERROR_CONFIG, "%s compares a computed decimal as a text: use dec_%s", name, name);
}

static enum status check_json(const struct flow *flow, int at, const char *name, int nargs,
                              struct failure *f)
{
    const struct sql_function *s = sql_function_find(name, nargs < 0 ? 2 : nargs);
    if (!s || !(held_by_arguments(flow, at, s->numbers) & HELD_JSON))
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "%s of what ->> or json_extract took out of JSON: a number is a double there: use "
                "->, whose text is the number as it was written (or json_pick, where it is a text)",
                name);
}

static enum status check_exact_function(const struct flow *flow, int at, const char *name,
                                        int nargs, struct failure *f)
{
    static const char *const inexact[] = {"printf", "format", "sign",  "ceil", "ceiling",
                                          "floor",  "trunc",  "mod", "sqrt", NULL};
    if (is_one_of(name, inexact))
        return fail(f, ERROR_CONFIG,
                    "%s computes with doubles, in a statement that reads or computes decimals: "
                    "join texts by ||, digits are cut by dec_round",
                    name);
    if (strcasecmp(name, "avg") == 0 && nargs == 1)
        return fail(f, ERROR_CONFIG,
                    "avg needs the number of digits behind the point: avg(x, 6), or avg(x, 6, "
                    "'half_even')");
    TRY(check_json(flow, at, name, nargs, f));
    return check_choice(flow, at, name, nargs, f);
}

static enum status check_function(const struct flow *flow, int at, bool exact, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    char name[128];
    int nargs;
    if ((!instruction_is(i, "Function") && !instruction_is(i, "PureFunc") &&
         !instruction_is(i, "AggStep")) ||
        !instruction_function(i, name, sizeof name, &nargs))
        return STATUS_OK;
    TRY(check_clock(flow, at, name, nargs, f));
    return exact ? check_exact_function(flow, at, name, nargs, f) : STATUS_OK;
}

enum status rules_check(const struct flow *flow, int at, bool exact, struct failure *f)
{
    TRY(check_function(flow, at, exact, f));
    if (!exact)
        return STATUS_OK;
    TRY(check_operator(&flow->program->at[at], f));
    TRY(check_cast(flow, at, f));
    TRY(check_comparison(flow, at, f));
    TRY(check_number_key(flow, at, f));
    TRY(check_search(flow, at, f));
    return check_order(flow, at, f);
}
