/* What the files of the flow share: flow.c runs through a program, flow_effects.c knows what each
 * instruction does. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_FLOW_PARTS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_FLOW_PARTS_H

#include "transforms/functions/flow.h"

enum { RECORD_COLUMNS = 64 }; /* more are held as the last */

/* What a cursor's or a record's columns may hold. */
struct record {
    uint8_t columns[RECORD_COLUMNS];
};

struct run {
    struct flow *flow;
    const struct program *program;
    struct record *registers; /* records, by the register that holds them; never taken back */
    int *pseudo;              /* of a cursor over a record: its register; else -1 */
    uint8_t *columns;         /* what a Column instruction reads from a table; 0: not looked up */
    uint8_t *now;             /* registers, as the instruction in hand changes them */
    bool changed;
};

/* What lies behind an instruction: the next one, the one at p2, both, or one of its own kind. */
enum way { NEXT, JUMP, BOTH, ANY_OF_THREE, STOP, BACK, ACROSS };

struct known_instruction {
    const char *name;
    enum way way;
    void (*effect)(struct run *r, const struct instruction *i); /* NULL: on no register */
};

/* NULL: not known. */
const struct known_instruction *known_instruction_find(const char *name);

#endif
