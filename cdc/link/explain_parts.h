/* Explain inside: explain.c is the way through, explain_rows.c asks the source, explain_link.c chooses
 * the link. */
#ifndef MILLRACE_LINK_EXPLAIN_PARTS_H
#define MILLRACE_LINK_EXPLAIN_PARTS_H

#include "link/explain.h"
#include "link/internal.h"

/* The link that the request means. CONFIG: none, or several. */
enum status explain_choose(const struct config *config, const struct explain_request *q,
                           const struct link_config **out, struct failure *f);
/* "public.orders" or "orders" is the table? */
bool explain_names(const char *wanted, const struct table_name *table);

/* One view of the source, read-only, until it is closed. */
enum status explain_view_open(struct session *s);

struct explain_query {
    struct session *session;
    const struct relation *relation;
    const bool *wanted;      /* of its columns; NULL: all. The others are ABSENT. */
    const struct value *key; /* a row with the key columns of the row that is meant; NULL: all */
    int64_t limit;
    /* A row, whose memory holds until the call returns. */
    enum status (*met)(void *owner, const struct relation *r, const struct value *row);
    void *owner;
    struct failure *failure;
};
enum status explain_rows(const struct explain_query *q, int64_t *n);

#endif
