/* Kept: what is stored of what was never an event of its type, to be tried again: bytes for the
 * column `envelope` of millrace.held. An envelope never begins with 0; these do.
 *
 *   kept   := 0 u8, 'r', name text, rows                       a row that its view could not state
 *           | 0 u8, 't', name text, object                     the mirror has the rows: what was told
 *           | 0 u8, 's', name text, op u8, object, object      an object that its type refused:
 *                                                              before and after
 *   object := 0 u8 | 1 u8, fields, lists u32, (name text, elements u32, fields of each)
 *   fields := number u32, (name text, kind u8, data)           data: nothing | 8 bytes | text
 *   text   := size u32, bytes                                  all numbers little endian
 *
 * `name` is the definition's, rows are the mirror's (mirror_try). Pure.
 */
#ifndef MILLRACE_EVENTS_KEPT_H
#define MILLRACE_EVENTS_KEPT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fail.h"
#include "model/object.h"

enum kept_kind { KEPT_NONE, KEPT_ROWS, KEPT_TOLD, KEPT_STATED };

struct kept {
    enum kept_kind kind;
    const char *name;
    struct value rows;
    const struct object *told; /* NULL: nothing was */
    struct event stated;       /* its name and objects, and what happened */
};

/* Names of fields, each once: whoever resolves names knows them by their pointers. */
struct kept_names {
    struct arena *arena; /* as long as they are used */
    const char **at;
    uint32_t n, capacity;
};

void kept_write_told(const char *name, const struct object *told, struct buffer *out);
void kept_write_rows(const char *name, const struct value *rows, struct buffer *out);
void kept_write_stated(const struct event *stated, struct buffer *out);
bool kept_is(const void *bytes, size_t size);
/* Texts of values stay in `bytes`. VALUE: they are none of ours. */
enum status kept_read(const void *bytes, size_t size, struct kept_names *names, struct arena *a,
                      struct kept *out, struct failure *f);

#endif
