/* Dump once: a MySQL or MariaDB server's binlog from a position to its end now, without waiting for
 * more: COM_BINLOG_DUMP(_GTID) with BINLOG_DUMP_NON_BLOCK, under a server id of its own, so that it
 * cuts off no link that runs. For checks; links read by cdc/mysql/tail.c.
 */
#ifndef MILLRACE_CHECK_DUMP_ONCE_H
#define MILLRACE_CHECK_DUMP_ONCE_H

#include "check/internal.h"
#include "mysql/binlog.h"

/* Where the log ends now, as dump_once takes it: a set of GTIDs, or "file:offset" without them. */
enum status dump_once_end(struct check *k, struct check_side *side, const char **position);
typedef enum status dump_met(void *owner, const struct binlog_header *h, struct reader body);
/* Each event that is in the log goes to `met`; its bytes are valid during the call. `met` may be
 * NULL: then it is only asked whether the server has the log from there on. */
enum status dump_once(struct check *k, struct check_side *side, const char *position, dump_met *met,
                      void *owner);

#endif
