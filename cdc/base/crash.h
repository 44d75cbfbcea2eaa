/* Named crash points, built in by -DMILLRACE_CRASH_POINTS=ON only.
 *
 * MILLRACE_CRASH=point[:n] in the environment: the n-th time (default 1) any thread passes the
 * point, the process prints "crash point NAME" and kills itself with SIGKILL.
 * MILLRACE_STAGE_FILE=path: the name of the point passed last is written there at each pass (a
 * mapped page), so that a harness that kills at random can print the stage it hit.
 */
#ifndef MILLRACE_BASE_CRASH_H
#define MILLRACE_BASE_CRASH_H

#include <stdbool.h>

/* name in MILLRACE_CRASH, what is true there */
#define CRASH_POINTS(X)                                                                            \
    X(CRASH_AFTER_DECODE, "after_decode")                                                          \
    X(CRASH_BEFORE_BEGIN, "before_begin")                                                          \
    X(CRASH_AFTER_MARKER, "after_marker")                                                          \
    X(CRASH_BETWEEN_SETS, "between_sets")                                                          \
    X(CRASH_BETWEEN_PIECES, "between_pieces")                                                      \
    X(CRASH_BEFORE_COMMIT, "before_commit")                                                        \
    X(CRASH_COMMIT_SENT, "commit_sent")                                                            \
    X(CRASH_AFTER_COMMIT, "after_commit")                                                          \
    X(CRASH_BEFORE_ACK, "before_ack")                                                              \
    X(CRASH_AFTER_ACK, "after_ack")                                                                \
    X(CRASH_AFTER_FENCE, "after_fence")                                                            \
    X(CRASH_IDLE_CHECKPOINT, "idle_checkpoint")                                                    \
    X(CRASH_AFTER_SLOT, "after_slot")                                                              \
    X(CRASH_AFTER_SNAPSHOT, "after_snapshot")                                                      \
    X(CRASH_CHUNK_READ, "chunk_read")                                                              \
    X(CRASH_CHUNK_BEFORE_COMMIT, "chunk_before_commit")                                            \
    X(CRASH_CHUNK_AFTER_COMMIT, "chunk_after_commit")                                              \
    X(CRASH_COPY_HAND_OVER, "copy_hand_over")                                                      \
    X(CRASH_ROW_MODE, "row_mode")                                                                  \
    X(CRASH_SKIP, "skip")                                                                          \
    X(CRASH_BEFORE_MIRROR, "before_mirror")                                                        \
    X(CRASH_AFTER_MIRROR, "after_mirror")

enum crash_point {
#define X(code, name) code,
    CRASH_POINTS(X)
#undef X
    CRASH_POINTS_COUNT
};

#ifdef MILLRACE_CRASH_POINTS
void crash_here(enum crash_point point);
/* Is this the point that is asked for? Then what waits to be sent with more is sent before it. */
bool crash_awaits(enum crash_point point);
#else
static inline void crash_here(enum crash_point point)
{
    (void)point;
}
static inline bool crash_awaits(enum crash_point point)
{
    (void)point;
    return false;
}
#endif

#endif
