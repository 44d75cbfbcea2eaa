/* Flow: what each register of a program may hold, before each instruction.
 *
 * An abstract run: all ways through the program at once, until nothing new turns up. A register's
 * value is a set of the kinds below. Records in sorters and temporary tables are followed by
 * column. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_FLOW_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_FLOW_H

#include <stdint.h>
#include "transforms/functions/guard.h"
#include "transforms/functions/program.h"

enum held {
    HELD_RESULT = 1,  /* a decimal that a function computed */
    HELD_COLUMN = 2,  /* of a decimal column */
    HELD_TEXT = 4,    /* a constant text, or of a column of texts; made one before it is compared */
    HELD_PLAIN = 8,   /* another constant, or of another column that is no decimal: a number? */
    HELD_CLOCK = 16,  /* a text that asks for the clock or the machine's zone: 'now' */
    HELD_JSON = 32,   /* what ->> or json_extract took out: a number of JSON is a double there */
    HELD_OTHER = 64,  /* anything else */
};
#define HELD_DECIMAL   (HELD_RESULT | HELD_COLUMN)
#define HELD_NO_NUMBER (HELD_DECIMAL | HELD_TEXT | HELD_CLOCK) /* texts, as far as SQLite knows */

struct record;

struct flow {
    const struct program *program;
    const struct guard *guard;
    struct arena *arena;
    uint8_t *held; /* [instruction][register] */
    bool *reached;
    struct record *cursors; /* what was put into a sorter or a temporary table */
    int *opened;            /* of a cursor on a table or an index: the instruction; else -1 */
};

/* All in `a`. */
void flow_run(struct flow *f, const struct guard *g, const struct program *p, struct arena *a);
/* 0: the instruction is never reached, or the register is none. */
uint8_t flow_held(const struct flow *f, int instruction, int reg);
/* What a cursor's column may hold: of a table, of an index, or as it was put there. */
uint8_t flow_column(const struct flow *f, int cursor, int column);

#endif
