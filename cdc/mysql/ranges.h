/* Ranges: the SQL of a chunk's key range. Bounds are texts: see bounds.c. */
#ifndef MILLRACE_MYSQL_RANGES_H
#define MILLRACE_MYSQL_RANGES_H

#include "db/mysql/my.h"

/* A bound's values, one for each key column. */
enum status range_bound_read(const struct relation *r, const char *text, struct arena *a,
                             struct value **out, struct failure *f);
void range_add_table(struct buffer *sql, const struct relation *r);
/* Conditions: the row's key is > key; is <= key. */
enum status range_add_after(struct buffer *sql, const struct relation *r, const struct value *key,
                            struct failure *f);
enum status range_add_up_to(struct buffer *sql, const struct relation *r, const struct value *key,
                            struct failure *f);

#endif
