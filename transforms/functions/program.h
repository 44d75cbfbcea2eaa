/* Program: what EXPLAIN shows of a statement: SQLite's own instructions, one a row.
 *
 * Of an instruction only the name is a promise here, and what its operands mean
 * (https://www.sqlite.org/opcode.html, version 3.40): names that are not known are taken for jumps
 * that change no register. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_PROGRAM_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_PROGRAM_H

#include <sqlite3.h>
#include <stdbool.h>
#include "base/arena.h"
#include "base/fail.h"

enum { PROGRAM_MAX = 20000 };

struct instruction {
    const char *name;
    int p1, p2, p3, p5;
    const char *p4; /* "" where there is none */
};

struct program {
    struct instruction *at;
    int n;
    int nregisters; /* the highest that is named, and one */
    int ncursors;
};

/* CONFIG where the statement is none, or longer than PROGRAM_MAX. Lies in `a`. */
enum status program_read(sqlite3 *db, const char *sql, struct arena *a, struct program *out,
                         struct failure *f);
bool instruction_is(const struct instruction *i, const char *name);
/* "dec_add(2)" -> "dec_add" and 2; -1 arguments: any number. false: p4 is no function. */
bool instruction_function(const struct instruction *i, char *name, size_t size, int *nargs);

/* Which column of which table does a cursor's column read? Root pages are looked up in the schema.
 * false: not known (a temporary table, a virtual one, a rowid). The names lie in `a`. `is_text`: it
 * is declared as TEXT, so whatever is put there becomes one. */
bool program_column(sqlite3 *db, const struct instruction *open, int column, struct arena *a,
                    const char **table, const char **name, bool *is_text);

#endif
