/* Quarantine requests: what a person asks of a link's held events (`millrace quarantine retry|skip`),
 * on the way to the writer's thread and back.
 *
 *   main thread    link_quarantine -> a number     ...     link_quarantine_answer: not yet | text
 *   writer         link_take_quarantine_request    ->      link_answer_quarantine
 *
 * Nobody waits in a call: the main thread serves all links. A request stays the first until it has
 * its answer, so one that was rolled back with its transaction is taken again, also by the next
 * attempt. The queue itself has no lock: link.c calls it under the link's.
 */
#ifndef MILLRACE_LINK_QUARANTINE_H
#define MILLRACE_LINK_QUARANTINE_H

#include "base/buffer.h"
#include "state/held.h"

enum { QUARANTINE_REQUESTS_MAX = 16 };

struct quarantine_request {
    int64_t id; /* 0: the place is free */
    bool skip;  /* drop for good; else try again */
    struct held_filter filter;
};

struct quarantine_entry {
    struct quarantine_request request;
    struct arena arena; /* the filter's texts and numbers, the answer */
    bool answered;
    enum error error; /* of the answer */
    const char *text;
};

struct quarantine_queue {
    struct quarantine_entry entries[QUARANTINE_REQUESTS_MAX];
    int64_t last_id;
};

void quarantine_free(struct quarantine_queue *q);
/* Copies the filter. An answer that nobody has fetched makes room; else CONFIG. */
enum status quarantine_ask(struct quarantine_queue *q, bool skip, const struct held_filter *filter,
                           int64_t *id, struct failure *f);
/* The oldest without an answer; valid until it is answered. */
bool quarantine_next(struct quarantine_queue *q, struct quarantine_request *out);
/* `error` ERROR_NONE: done. Copies the text. One that is not known (any more) is nobody's. */
void quarantine_answer(struct quarantine_queue *q, int64_t id, enum error error, const char *text);
/* Once: then it is forgotten. The answer's own error is returned as one. */
enum status quarantine_fetch(struct quarantine_queue *q, int64_t id, bool *done,
                             struct buffer *answer, struct failure *f);
/* All that have no answer get this one. */
void quarantine_answer_all(struct quarantine_queue *q, enum error error, const char *text);

#endif
