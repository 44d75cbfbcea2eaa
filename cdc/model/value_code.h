/* Value code: values and texts as bytes that are kept, and read again by a later build.
 *
 *   number   little endian, of the size that is said
 *   text     size (4 bytes), bytes
 *   value    a letter for its kind, then nothing (NULL), a text, or 8 bytes
 *
 * Letters, not numbers: the list of kinds may grow anywhere. What is read is not trusted, and lies in
 * the bytes.
 */
#ifndef MILLRACE_MODEL_VALUE_CODE_H
#define MILLRACE_MODEL_VALUE_CODE_H

#include "base/buffer.h"
#include "base/reader.h"
#include "model/value.h"

void value_code_number(struct buffer *out, uint64_t n, size_t size);
void value_code_text(struct buffer *out, const char *text, size_t size);
void value_code_add(struct buffer *out, const struct value *v); /* not ABSENT */

/* "" and overrun where there is none. */
const char *value_code_read_text(struct reader *r, uint32_t *size);
/* false: there is none of a known kind. */
bool value_code_read(struct reader *r, struct value *out);

#endif
