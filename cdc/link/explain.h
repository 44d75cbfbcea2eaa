/* Explain: what a change of one row at a link's source would become and write, without writing it.
 * Connects as the link would, reads the tables that its events look at in one consistent read-only
 * transaction, and writes into a transaction of the target that is rolled back: no marker, no
 * checkpoint, no table of Millrace's is made. (A rollback does not give back numbers that the target
 * has drawn meanwhile, of AUTO_INCREMENT and sequences.)
 */
#ifndef MILLRACE_LINK_EXPLAIN_H
#define MILLRACE_LINK_EXPLAIN_H

#include "base/buffer.h"
#include "config/config.h"

struct explain_request {
    const char *link;         /* NULL: the one that reads the table */
    const char *table;        /* with or without its schema; NULL: of `link` (that is named), how */
                              /* each event is evaluated and what the mirror holds */
    const char *row, *before; /* JSON: columns of the new row, of the old one; NULL: none */
    bool is_delete;
    bool no_write;            /* events only: the target is not connected to */
    int64_t max_rows;         /* of one table */
};

/* What it says goes to `out`, also where it ends with an error. */
enum status link_explain(const struct config *config, const struct explain_request *q,
                         struct buffer *out, struct failure *f);

#endif
