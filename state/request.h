/* Request: a link asks the link that reads its target's log to send an object once more. It is
 * written into the target, in a transaction of the asking link, and so the other one meets it in
 * its log, in order:
 *
 *   PostgreSQL   a transactional logical message with prefix "millrace.request":
 *
 *                    <link> <event> <key>             key: all that is left; UTF-8
 *
 *   MySQL        a row inserted into `millrace.request` (link, event, object_key)
 *
 * In a batch a request is a change: INSERT of `request_relation`. A source delivers all that it
 * meets: `link` says which link is asked, and is for the links to judge. No thread owns anything
 * here; state_request is called by the one that has the session.
 */
#ifndef MILLRACE_STATE_REQUEST_H
#define MILLRACE_STATE_REQUEST_H

#include "model/batch.h"
#include "model/session.h"

#define REQUEST_PREFIX "millrace.request"

/* Columns of request_relation. */
enum { REQUEST_LINK, REQUEST_EVENT, REQUEST_KEY, REQUEST_COLUMNS };

/* millrace.request (link integer, event text, object_key text). One for all sources and threads:
 * its `plan` stays NULL. */
extern const struct relation request_relation;

struct request {
    int64_t link;
    struct value event, key; /* TEXT; the bytes are the message's or the packet's */
};

/* The content of a message; false where it is no request (anybody may write a message). */
bool request_read(const char *text, size_t size, struct request *out);
/* Into the batch's open transaction, which is marked as one with requests; texts are copied. */
void request_append(struct batch *b, const struct request *r);

/* Asks, inside the session's open transaction. `event` holds no blank. On the MySQL family old rows
 * are deleted now and then: who reads the log needs none of them. */
enum status state_request(struct session *s, int64_t link, const char *event, const char *key,
                          struct failure *f);

#endif
