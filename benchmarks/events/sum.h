/* Sum: what comes out, as one number: a sum over the objects of the XXH3 of their values. Both
 * sides add theirs; the sums must be the same. The order of the objects does not count, that of a
 * list's elements does. A result is read by this: nothing of it can be left out.
 */
#ifndef MILLRACE_BENCHMARKS_EVENTS_SUM_H
#define MILLRACE_BENCHMARKS_EVENTS_SUM_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/fail.h"
#include "model/value.h"

struct sum {
    uint64_t objects, total; /* those that are ended */
    size_t size;             /* of the object at work */
    char bytes[16 * 1024];
};

static inline void sum_bytes(struct sum *s, const void *data, size_t size)
{
    must(size <= sizeof s->bytes - s->size);
    memcpy(s->bytes + s->size, data, size);
    s->size += size;
}

static inline void sum_value(struct sum *s, const struct value *v)
{
    sum_bytes(s, &v->kind, 1);
    if (value_kind_has_text(v->kind)) {
        sum_bytes(s, &v->size, sizeof v->size);
        sum_bytes(s, v->text, v->size);
    } else if (v->kind != VALUE_NULL) {
        sum_bytes(s, &v->u, sizeof v->u);
    }
}

static inline void sum_end(struct sum *s)
{
    s->total += XXH3_64bits(s->bytes, s->size);
    s->objects++;
    s->size = 0;
}

#endif
