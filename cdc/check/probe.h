/* Probe: what both engines' probes share.
 *
 * A probe's marker has the reserved link id 0 and a random lane, so that no reader takes two probes
 * for one sequence with a gap, and the path 0, which is no system's id: to a running link it is the
 * marker of a transaction without rows.
 */
#ifndef MILLRACE_CHECK_PROBE_H
#define MILLRACE_CHECK_PROBE_H

#include <stdint.h>
#include "check/internal.h"

enum { PROBE_LINK = 0, PROBE_SEQ = 1 };
#define PROBE_PATH "0"

int32_t probe_lane(void); /* random, 1 .. 2^31 - 1 */
/* The verdict, printed. */
void probe_said(struct check *k, const struct check_side *reader, bool found, bool first);
/* No verdict: k->failure says why. */
enum status probe_failed(struct check *k, const struct check_side *reader);

#endif
