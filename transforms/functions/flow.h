/* Flow: what each register of a program may hold, before each instruction.
 *
 * An abstract run: all ways through the program at once, until nothing new turns up. A register's
 * value is a set of the kinds below. Records in sorters and temporary tables are followed by column. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_FLOW_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_FLOW_H

#include <stdint.h>
#include "transforms/functions/guard.h"
#include "transforms/functions/program.h"

enum held {
    HELD_RESULT = 1,  /* a decimal that a function computed */
    HELD_COLUMN = 2,  /* of a decimal column */
    HELD_PLAIN = 4,   /* a constant, or of a column that is no decimal */
    HELD_CLOCK = 8,   /* a text that asks for the clock or the machine's zone: 'now' */
    HELD_JSON = 16,   /* what ->> or json_extract took out: a number of JSON is a double there */
    HELD_OTHER = 32,  /* anything else */
};
#define HELD_DECIMAL (HELD_RESULT | HELD_COLUMN)

struct flow {
    const struct program *program;
    uint8_t *held; /* [instruction][register] */
    bool *reached;
};

/* All in `a`. */
void flow_run(struct flow *f, const struct guard *g, const struct program *p, struct arena *a);
/* 0: the instruction is never reached, or the register is none. */
uint8_t flow_held(const struct flow *f, int instruction, int reg);

#endif
