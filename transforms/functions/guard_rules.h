/* Rules: what the guard finds in a statement. Each says CONFIG with the operator, and what to write
 * in its place. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_GUARD_RULES_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_GUARD_RULES_H

#include "transforms/functions/flow.h"

/* Instruction `at` of a program, which is reached. `exact`: the statement deals with decimals. */
enum status guard_rules_check(const struct flow *flow, int at, bool exact, struct failure *f);
/* The part of it that guard_keys.c holds. */
enum status guard_keys_check(const struct flow *flow, int at, struct failure *f);

/* 'C' (NUMERIC) and the letters behind it. */
static inline bool affinity_is_numeric(int affinity)
{
    return affinity >= 'C' && affinity <= 'F';
}

/* Of the statement's text: number literals of more digits than a double has. */
enum status guard_literals_check(const char *sql, struct failure *f);
/* Behind what begins here in the text of a statement: a quoted text or name, a comment, a word, a
 * parameter, or one character. Not for numbers. */
const char *guard_skip(const char *at);

#endif
