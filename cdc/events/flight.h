/* Flight: while one target transaction is written, the next one is read. Within a batch only: when
 * events_batch returns, nothing is under way.
 *
 * What is carried goes to a second struct events, which shares with the first all but what is read
 * and written, and a thread of the flight's own writes it. Meanwhile the first may do nothing at the
 * target, and its failure is `reading`; flight_land ends that.
 */
#ifndef MILLRACE_EVENTS_FLIGHT_H
#define MILLRACE_EVENTS_FLIGHT_H

#include <stdbool.h>

#include "base/fail.h"

struct checkpoint;
struct events;
struct flight;

struct flight *flight_new(void);
void flight_free(struct flight *f); /* nothing is under way; NULL is fine */
bool flight_is_up(const struct events *e); /* something is under way */
/* Writes all that is carried, up to `c`, beside the caller. Nothing is under way, no large transaction
 * is open. */
void flight_start(struct events *e, const struct checkpoint *c);
/* Waits for what is under way, and says how it ended; OK where nothing is. What could not be written
 * is carried again then, in place of what was read meanwhile. */
enum status flight_land(struct events *e);

#endif
