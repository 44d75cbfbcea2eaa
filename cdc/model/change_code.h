/* Change code: a change as bytes that outlive its relation, its process and its build: what of a row
 * is kept in millrace.held, until it is written after all, perhaps to a table with other columns.
 *
 *   code    := 1 u8 (version), op u8 ('i' 'u' 'd' 't'), schema text, table text,
 *              images u8 (bit 0: before, bit 1: after), image of each
 *   image   := number of columns u32, columns          what is ABSENT is left out
 *   column  := name text, kind u8 (a letter, listed in change_code.c), data
 *   data    := nothing (null) | 8 bytes (numbers, times, the bits of floats) | text
 *   text    := size u32, bytes                          all numbers little endian
 *
 * Columns go by name: one that was appended since is ABSENT in what is read. Pure.
 */
#ifndef MILLRACE_MODEL_CHANGE_CODE_H
#define MILLRACE_MODEL_CHANGE_CODE_H

#include "base/arena.h"
#include "base/fail.h"
#include "model/change.h"

struct buffer;

void change_encode(const struct change *c, struct buffer *out);
/* Whose change it is. VALUE: the bytes are none of ours. Texts: the arena's. */
enum status change_code_table(const void *code, size_t size, struct arena *a, const char **schema,
                              const char **table, struct failure *f);
/* As a change of `r`. Rows are the arena's, texts stay in `code`. VALUE: the bytes are none of ours;
 * or `r` lacks one of the columns, or has another kind of value in it. */
enum status change_decode(const void *code, size_t size, const struct relation *r, struct arena *a,
                          struct change *out, struct failure *f);

#endif
