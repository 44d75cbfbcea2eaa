/* Waits between attempts: 0.1 s doubling to 10 s, with jitter; reset after an attempt that worked. */
#ifndef MILLRACE_BASE_BACKOFF_H
#define MILLRACE_BASE_BACKOFF_H

struct backoff {
    int attempts;
};

void backoff_reset(struct backoff *b);
int backoff_next_ms(struct backoff *b);

#endif
