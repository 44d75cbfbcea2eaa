/* Parts of apply: the steps of one target transaction that apply.c, fence.c, row_mode.c and skip.c
 * share. Order: apply_begin -> writes -> apply_commit; after any error apply_roll_back.
 */
#ifndef MILLRACE_SINKS_APPLY_PARTS_H
#define MILLRACE_SINKS_APPLY_PARTS_H

#include "base/backoff.h"
#include "sinks/apply.h"

/* What the next target transaction says: seq + 1; NULL: as the last one. */
struct checkpoint apply_next(const struct apply *a, const char *position, const char *root,
                             const char *path);
/* The checkpoint of a target transaction that ends with transaction `last` of the batch. */
struct checkpoint apply_checkpoint_after(const struct apply *a, const struct batch *b,
                                         uint32_t last);
enum status apply_begin(struct apply *a, const struct checkpoint *c);
/* Commits; on OK `c` is where the link stands. */
enum status apply_commit(struct apply *a, const struct checkpoint *c);
/* The failure that led here stays. Returns `status`, or RETRY where the rollback failed as well. */
enum status apply_roll_back(struct apply *a, enum status status);
/* Something else holds the rows: worth another try. */
bool apply_lock_wait(const struct apply *a, enum status status);
/* Waits a growing while; STATUS_RETRY with the failure kept when it was the last try, or STOPPED.
 */
enum status apply_pause(struct apply *a, struct backoff *b);
/* A target transaction failed and is rolled back: OK after a pause, where it is worth another try as
 * it was; else the status to return. */
enum status apply_once_more(struct apply *a, enum status status, struct backoff *tries);
/* Is the failure a seq that is taken? Then by whom: SECOND_ENGINE, or RETRY where it is ours. */
bool apply_is_shut_out(const struct apply *a);
enum status apply_seq_taken(struct apply *a);
struct net_rules apply_rules(const struct apply *a, const struct relation *r);
/* Tells the owner of keys that are gone from the target: a chunk that was read before must not
 * bring them back. */
void apply_report_deleted(struct apply *a, const struct batch *b, uint32_t first, uint32_t n);
/* Old checkpoints go, now and then; that it fails is no harm. */
void apply_trim(struct apply *a);

/* ---- row_mode.c ---- */

/* Transactions [first, first + n) of a batch, each as a target transaction of its own. */
enum status row_mode_apply(struct apply *a, const struct batch *b, uint32_t first, uint32_t n);
/* The changes of one source transaction, in order, as many calls as there are pieces; then what
 * was put off. After an error: row_mode_forget. */
enum status row_mode_write(struct apply *a, const struct batch *b, uint32_t first, uint32_t n);
enum status row_mode_finish(struct apply *a);
void row_mode_forget(struct apply *a);
void row_mode_free(struct apply *a);
/* One change, at once. */
enum status row_mode_one(struct apply *a, const struct change *c);

/* ---- row_json.c ---- */

/* {"id": 5, "name": "x"}: for people and for held rows; what is absent is left out. */
struct buffer;
void row_json_write(struct buffer *out, const struct relation *r, const struct value *row);

#endif
