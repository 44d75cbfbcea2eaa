#include "transforms/functions/guard_rules.h"

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

static enum status check_cast(const struct flow *flow, int at, struct failure *f)
{
    const struct instruction *i = &flow->program->at[at];
    if (!instruction_is(i, "Cast") || !affinity_is_numeric(i->p2) ||
        !(flow_held(flow, at, i->p1) & ~(HELD_PLAIN | HELD_TEXT)))
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "a cast to a number (Cast) of a decimal, or of what may come of one, in a "
                "statement that reads or computes decimals: use dec_round(x, 0)");
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
    if (affinity_is_numeric(i->p5 & 0x47))
        return fail(f, ERROR_CONFIG,
                    "a decimal column is compared with a column of numbers (%s), as doubles: use "
                    "%s",
                    i->name, use);
    if ((i->p5 & 0x47) != 'B' && held & ~HELD_NO_NUMBER)
        return fail(f, ERROR_CONFIG,
                    "a decimal column is compared with what may be a number (%s), and a text "
                    "equals none: use %s",
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

/* min and max of a column go by its collation; everything else of theirs compares a decimal as a
 * text, and a text is greater than every number. */
static enum status check_choice(const struct flow *flow, int at, const char *name, int nargs,
                                struct failure *f)
{
    static const char *const choices[] = {"min", "max", "nullif", NULL};
    const struct instruction *i = &flow->program->at[at];
    bool aggregate = instruction_is(i, "AggStep");
    bool by_value = at > 0 && instruction_is(i - 1, "CollSeq") && collates_decimal(i - 1);
    uint8_t held = held_by_arguments(flow, at, nargs == 1 ? 1 : 2);
    bool texts = !(held & ~HELD_NO_NUMBER);
    if (!is_one_of(name, choices) || !(held & HELD_DECIMAL) || (aggregate && by_value && texts))
        return STATUS_OK;
    if (strcasecmp(name, "nullif") == 0)
        return fail(f, ERROR_CONFIG,
                    "nullif compares a decimal as a text: use case when dec_eq(x, 0) then null "
                    "else x end");
    return fail(f, ERROR_CONFIG, "%s compares a decimal as a text: use dec_%s", name, name);
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

enum status guard_rules_check(const struct flow *flow, int at, bool exact, struct failure *f)
{
    TRY(check_function(flow, at, exact, f));
    if (!exact)
        return STATUS_OK;
    TRY(check_operator(&flow->program->at[at], f));
    TRY(check_cast(flow, at, f));
    TRY(check_comparison(flow, at, f));
    return guard_keys_check(flow, at, f);
}
