/* sink.c: the null sink: takes each change as it is, adds up a checksum of it, writes nothing. For
 * measuring a source and all that lies between. It keeps no checkpoint: each start begins where
 * `null: { from: ... }` says, else at the end of the log (PostgreSQL: where the slot stands).
 *
 * When it closes it logs how many changes of each kind came, and two sums: `new` over the rows that
 * inserts and updates made, `old` over the rows, or keys, that updates and deletes met. A row's part
 * is the XXH3 (64 bits) of its values' bytes one after the other, in the order of the columns:
 *
 *   kind, one byte (enum value_kind)    and then
 *   null, absent                        nothing
 *   text, bytes, decimal, json, uuid    size, four bytes; the bytes
 *   all other kinds                     eight bytes: the integer, or the double's bits
 *
 * numbers with their lowest byte first; what is beyond 64 KiB goes into another hash, of which the
 * one before is the seed. A sum does not depend on the order of the rows, so whoever reads the
 * same rows by SELECT comes to the same one (benchmarks/bench/checksum.py does).
 */
#include "model/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "base/buffer.h"
#include "base/log.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers go into the sum as they lie");

enum { OPS = CHANGE_TRUNCATE + 1, ROW_BYTES = 64 * 1024, HEAD_BYTES = 9 };

struct sink {
    struct sink_options options;
    uint64_t changes[OPS], commits;
    uint64_t new_rows, old_rows; /* sums */
    char row[ROW_BYTES];         /* values of the row, not yet in its hash */
    size_t size;
    uint64_t hash;
};

static enum status open_sink(const struct sink_options *options, struct sink **out)
{
    struct sink *s = calloc(1, sizeof *s);
    must(s);
    s->options = *options;
    *out = s;
    return STATUS_OK;
}

static void close_sink(struct sink *s)
{
    if (!s)
        return;
    log_info("link=%s msg=\"null sink closed\" commits=%" PRIu64 " inserts=%" PRIu64
             " updates=%" PRIu64 " deletes=%" PRIu64 " truncates=%" PRIu64 " new=%016" PRIx64
             " old=%016" PRIx64,
             s->options.link, s->commits, s->changes[CHANGE_INSERT], s->changes[CHANGE_UPDATE],
             s->changes[CHANGE_DELETE], s->changes[CHANGE_TRUNCATE], s->new_rows, s->old_rows);
    free(s);
}

static struct session *session(struct sink *s)
{
    (void)s;
    return NULL;
}

static bool is_empty(struct sink *s, const struct relation *r, enum status *status)
{
    (void)s;
    (void)r;
    *status = STATUS_OK;
    return true;
}

/* ---- checksum ---- */

static void sum_up(struct sink *s)
{
    s->hash = XXH3_64bits_withSeed(s->row, s->size, s->hash);
    s->size = 0;
}

static inline void put(struct sink *s, const void *data, size_t size)
{
    memcpy(s->row + s->size, data, size);
    s->size += size;
}

static void put_text(struct sink *s, const struct value *v)
{
    put(s, &v->size, sizeof v->size);
    if (v->size > ROW_BYTES - s->size)
        sum_up(s);
    if (v->size <= ROW_BYTES)
        put(s, v->text, v->size);
    else
        s->hash = XXH3_64bits_withSeed(v->text, v->size, s->hash);
}

static void put_value(struct sink *s, const struct value *v)
{
    enum value_kind kind = v->kind;
    if (ROW_BYTES - s->size < HEAD_BYTES)
        sum_up(s);
    s->row[s->size++] = (char)kind;
    if (value_kind_has_text(kind))
        put_text(s, v);
    else if (kind != VALUE_NULL && kind != VALUE_ABSENT)
        put(s, &v->u, sizeof v->u);
}

static uint64_t row_sum(struct sink *s, const struct relation *r, const struct value *row)
{
    s->hash = 0;
    for (int i = 0; i < r->ncolumns; i++)
        put_value(s, &row[i]);
    sum_up(s);
    return s->hash;
}

/* ---- transactions ---- */

static enum status begin(struct sink *s, const struct checkpoint *c)
{
    (void)s;
    (void)c;
    return STATUS_OK;
}

static enum status write_row(struct sink *s, const struct change *c)
{
    s->changes[c->op]++;
    if (c->after)
        s->new_rows += row_sum(s, c->relation, c->after);
    if (c->before)
        s->old_rows += row_sum(s, c->relation, c->before);
    return STATUS_OK;
}

static enum status park_row(struct sink *s, const struct change *c, const struct value **parked_key)
{
    (void)s;
    *parked_key = c->before ? c->before : c->after;
    return STATUS_OK;
}

static enum status move(struct sink *s, const struct checkpoint *c)
{
    return begin(s, c);
}

static enum status commit(struct sink *s)
{
    s->commits++;
    return STATUS_OK;
}

static enum status nothing(struct sink *s)
{
    (void)s;
    return STATUS_OK;
}

const struct sink_driver null_sink_driver = {
    .name = "null",
    .open = open_sink,
    .session = session,
    .describe = NULL, /* there is no table here: rows pass as the source has them */
    .is_empty = is_empty,
    .begin = begin,
    .write_set = NULL, /* nor is anything folded */
    .settle = nothing,
    .write_row = write_row,
    .savepoint = nothing,
    .rollback_to_savepoint = nothing,
    .park_row = park_row,
    .move = move,
    .commit = commit,
    .rollback = nothing,
    .close = close_sink,
};
