/* Code: an object as bytes, for what was last emitted; and equality by meaning.
 *
 *   object: its fields' values, then of each list a count (4 bytes) and its elements
 *   value:  kind (1 byte); INT, DOUBLE: 8 bytes; TEXT, BYTES: size (4 bytes) and bytes
 *
 * Numbers little-endian. Names are not in it: the view has them, and the file what those of another plan were.
 */
#ifndef MILLRACE_MIRROR_CODE_H
#define MILLRACE_MIRROR_CODE_H

#include "model/object.h"
#include "transforms/mirror/parts.h"

void code_object(struct buffer *b, const struct object *o);
/* In `a`, texts where `bytes` lie. SETTING where the bytes are none (the file is damaged). */
enum status code_read_object(const struct view *w, const struct value *bytes, struct arena *a,
                             struct object **out, struct failure *f);
/* Decimals without outer zeros (10.0 = 10), numbers by value, all else by bytes. */
bool code_same_value(enum value_kind kind, const struct value *a, const struct value *b);
bool code_same_object(const struct view *w, const struct object *a, const struct object *b);
/* Some total order, in which equal values (as above) are neighbours. */
int code_compare(enum value_kind kind, const struct value *a, const struct value *b);
/* For an event's key, and for errors; in `a`. */
const char *code_text(const struct value *v, struct arena *a);

#endif
