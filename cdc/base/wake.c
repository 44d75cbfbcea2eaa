#include "base/wake.h"
#include "base/clock.h"
#include "base/fail.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

int wake_init(struct wake *w)
{
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->fd < 0)
        return -1;
    atomic_init(&w->set, false);
    w->nwatched = 0;
    pthread_mutex_init(&w->mutex, NULL);
    return 0;
}

void wake_free(struct wake *w)
{
    if (w->fd < 0)
        return;
    close(w->fd);
    w->fd = -1;
    pthread_mutex_destroy(&w->mutex);
}

void wake_set(struct wake *w)
{
    uint64_t one = 1;
    pthread_mutex_lock(&w->mutex);
    atomic_store(&w->set, true);
    while (write(w->fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < w->nwatched; i++)
        shutdown(w->watched[i], SHUT_RDWR);
    pthread_mutex_unlock(&w->mutex);
}

void wake_watch(struct wake *w, int fd)
{
    pthread_mutex_lock(&w->mutex);
    must(w->nwatched < WAKE_WATCHED_MAX);
    w->watched[w->nwatched++] = fd;
    if (atomic_load(&w->set))
        shutdown(fd, SHUT_RDWR);
    pthread_mutex_unlock(&w->mutex);
}

void wake_unwatch(struct wake *w, int fd)
{
    pthread_mutex_lock(&w->mutex);
    for (int i = 0; i < w->nwatched; i++) {
        if (w->watched[i] == fd) {
            w->watched[i] = w->watched[--w->nwatched];
            break;
        }
    }
    pthread_mutex_unlock(&w->mutex);
}

/* What is left of the time-out: rounded up, so that a wait is never cut short to a spin. */
static int left_ms(int64_t until_us)
{
    int64_t left = until_us - clock_monotonic_us();
    return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

int wake_poll(struct wake *w, int fd, short events, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = w->fd, .events = POLLIN}, {.fd = fd, .events = events}};
    int64_t until = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        int n = poll(fds, fd < 0 ? 1 : 2, timeout_ms < 0 ? -1 : left_ms(until));
        if (wake_is_set(w))
            return -1;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return POLLERR;
        if (n > 0 && fd >= 0 && fds[1].revents)
            return fds[1].revents;
        if (timeout_ms >= 0 && left_ms(until) == 0)
            return 0;
    }
}
