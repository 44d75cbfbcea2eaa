/* Metadata: the optional part at a TABLE_MAP's end, what binlog_row_metadata=FULL writes. Private
 * to table_map.c.
 */
#ifndef MILLRACE_MYSQL_METADATA_H
#define MILLRACE_MYSQL_METADATA_H

#include "mysql/binlog.h"

/* Completes `map`, whose columns' types are set. False: malformed. */
bool metadata_read(struct reader r, struct arena *a, struct table_map *map);

#endif
