/* Change: one row operation, as the source's log tells it or, after the transform, as the target
 * shall see it. Rows are arrays of relation->ncolumns values in the batch's arena.
 */
#ifndef MILLRACE_MODEL_CHANGE_H
#define MILLRACE_MODEL_CHANGE_H

#include "model/relation.h"

enum change_op { CHANGE_INSERT, CHANGE_UPDATE, CHANGE_DELETE, CHANGE_TRUNCATE };

/*          before                                          after
 * INSERT   NULL                                            the row
 * UPDATE   old row, or its key columns only (the others    the row; columns the log leaves out
 *          ABSENT), or NULL: the key is as in `after`      are ABSENT
 * DELETE   old row, or its key columns only                NULL
 * TRUNCATE NULL                                            NULL
 */
struct change {
    enum change_op op;
    const struct relation *relation;
    struct value *before;
    struct value *after;
};

#endif
