/* Wake: one eventfd by which another thread ends a blocking wait, for good.
 *
 * Every wait of ours on a socket also polls the wake's fd. Connector/C waits inside itself: its
 * sockets are watched as a dup(2), and shut down by wake_set (docs/SERVERS.md 2.4: a dup, since the library
 * closes its own fd on an error). wake_set is thread-safe and stays set: whoever waits, now or
 * later, gets STATUS_STOPPED.
 */
#ifndef MILLRACE_BASE_WAKE_H
#define MILLRACE_BASE_WAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { WAKE_WATCHED_MAX = 64 };

struct wake {
    int fd;
    atomic_bool set;
    pthread_mutex_t mutex;
    int watched[WAKE_WATCHED_MAX]; /* sockets that a library blocks on: shut down by wake_set */
    int nwatched;
};

int wake_init(struct wake *w); /* 0, or -1 with errno */
void wake_free(struct wake *w);
void wake_set(struct wake *w);
static inline bool wake_is_set(struct wake *w)
{
    return atomic_load(&w->set);
}
/* From now on wake_set shuts `fd` down (at once if it is set already). The fd stays the caller's. */
void wake_watch(struct wake *w, int fd);
void wake_unwatch(struct wake *w, int fd); /* before closing it */
/* Waits for `events` (poll(2)) on fd, or for the wake, or `timeout_ms` (-1 = no limit).
 * Returns the revents (> 0), 0 on time-out, -1 when the wake is set. fd -1: only waits. */
int wake_poll(struct wake *w, int fd, short events, int timeout_ms);

#endif
