/* Compatible: whether what was packed by an older vocabulary is read rightly by a newer one.
 *
 * Adding is fine: files, messages, fields, enum values. Refused, each with its name: a message or
 * an enum that is gone; a field's number with another name or another type, or its name with
 * another number; a field that is gone without `reserved`; one that became a list or no list, was
 * taken into a oneof or out of it, became or was `required`, or lost `optional` (what was NULL
 * would be 0); an enum value whose name has another number, or whose number another name, or that
 * is gone without `reserved`. Pure; any thread.
 */
#ifndef MILLRACE_VOCABULARY_COMPATIBLE_H
#define MILLRACE_VOCABULARY_COMPATIBLE_H

#include "transforms/vocabulary/vocabulary.h"

/* CONFIG with all that is wrong, as far as the text reaches. */
enum status compatible_check(const struct vocabulary *older, const struct vocabulary *newer,
                             struct failure *f);

#endif
