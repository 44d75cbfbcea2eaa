/* Partial: the part of a PARTIAL_UPDATE_ROWS event that lies before each after image, and the JSON
 * values that are lists of changes to the before image's (binlog_row_value_options=PARTIAL_JSON).
 * Private to rows.c.
 */
#ifndef MILLRACE_MYSQL_PARTIAL_H
#define MILLRACE_MYSQL_PARTIAL_H

#include "mysql/binlog.h"

struct partial {
    const struct table_map *map;
    struct reader before; /* at the start of the complete before image */
    const uint8_t *bits;  /* one for each JSON column of the table; NULL: all values are whole */
};

/* Reads what lies before the after image. False: malformed. */
bool partial_read(struct partial *p, struct reader *r);
/* Is the value of column `i` a list of changes? */
bool partial_holds(const struct partial *p, int i);
/* The changed document. */
enum status partial_value_read(const struct partial *p, int i, struct reader *r, struct arena *a,
                               struct value *out, struct failure *f);

#endif
