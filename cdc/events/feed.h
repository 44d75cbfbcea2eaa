/* Feed: events as they are written, for whoever listens just now. One a process; every link's writer
 * says its events to it, and says nothing while nobody listens.
 *
 *   writer threads --feed_say--> [a bounded buffer a listener] --feed_take--> who listens
 *
 * A writer never waits for a listener: one whose buffer is full is cut off. What is said while
 * nobody listens is gone: this is for eyes and scripts, not a way to carry events on.
 *
 * Threads: feed_wanted, feed_wants, feed_say and feed_lost from any; the rest from one.
 */
#ifndef MILLRACE_EVENTS_FEED_H
#define MILLRACE_EVENTS_FEED_H

#include <stdbool.h>
#include <stddef.h>

enum { FEED_BYTES_MAX = 16 * 1024 * 1024, FEED_LISTENERS_MAX = 16 };

struct buffer;
struct feed;
struct feed_listener;

/* Patterns (* any run, ? one character); NULL: any. */
struct feed_filter {
    const char *link;
    const char *type; /* of the event's names: any of them */
    const char *key;  /* its key, or the one that it had */
};

enum { FEED_NAMES = 3 };

/* What a filter may ask of an event. */
struct feed_event {
    const char *link;
    const char *names[FEED_NAMES]; /* as the file has it, its type, its CloudEvents type */
    const char *key, *old_key;     /* old_key NULL: the same */
};

struct feed *feed_new(void);
void feed_free(struct feed *f); /* when nobody listens any more; NULL is fine */

/* ---- to say ---- */

bool feed_wanted(const struct feed *f); /* does anybody listen? NULL: no. A glance, no lock */
bool feed_wants(struct feed *f, const struct feed_event *e);
/* A line with its newline, to all who want it. */
void feed_say(struct feed *f, const struct feed_event *e, const char *line, size_t size);
/* Events of this link were too many to be kept until they were committed: who listens to it is cut
 * off. */
void feed_lost(struct feed *f, const char *link);

/* ---- to listen ---- */

/* `more` rings a bell from any thread; it may call nothing of the feed. `bytes`: of the buffer. NULL:
 * FEED_LISTENERS_MAX do already. The filter is copied. */
struct feed_listener *feed_listen(struct feed *f, const struct feed_filter *filter, size_t bytes,
                                  void (*more)(void *owner), void *owner);
/* Appends what was said since. False: the listener is cut off, nothing follows. */
bool feed_take(struct feed_listener *l, struct buffer *out);
void feed_leave(struct feed_listener *l);

#endif
