/* Guards: the few checks that everything rests on, each removable in a mutant build.
 *
 * `if (GUARD_COUNT_CHECK && affected != expected)`: always 1 in a real build. `./test.sh mutants`
 * builds with -DMILLRACE_MUTANT=<number>, which turns one into 0; the suite must then go red.
 */
#ifndef MILLRACE_BASE_GUARD_H
#define MILLRACE_BASE_GUARD_H

#ifndef MILLRACE_MUTANT
#define MILLRACE_MUTANT 0
#endif

#define GUARD_MARKER_CHECK     (MILLRACE_MUTANT != 1) /* a gap in a link's numbers stops the reader */
#define GUARD_PATH_CUT         (MILLRACE_MUTANT != 2) /* an echo is not emitted */
#define GUARD_CHECKPOINT_FENCE (MILLRACE_MUTANT != 3) /* a duplicate seq is a second engine */
#define GUARD_ACK_CAP          (MILLRACE_MUTANT != 4) /* only durable positions are acknowledged */
#define GUARD_TOAST_SKIP       (MILLRACE_MUTANT != 5) /* absent columns are not written */
#define GUARD_KEY_CHANGE       (MILLRACE_MUTANT != 6) /* the fold follows a changed key */
#define GUARD_COUNT_CHECK      (MILLRACE_MUTANT != 7) /* each set's count is compared */
#define GUARD_COPY_HAND_OVER   (MILLRACE_MUTANT != 8) /* chunks meet the stream at one position */

#endif
