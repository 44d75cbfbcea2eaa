/* sink.c: the null sink: counts what it is given, adds up a checksum of each row, writes nothing.
 * For measuring a source and all that lies between. It keeps no checkpoint: each start begins at
 * the end of the log. The sums are logged when it closes.
 */
#include "model/sink.h"

#include <inttypes.h>
#include <stdlib.h>
#include "base/log.h"

enum { SETS = SET_UPSERT + 1 };

struct sink {
    struct sink_options options;
    uint64_t rows[SETS], sets, commits;
    uint64_t checksum; /* of all rows, whatever their order */
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
    log_info("link=%s msg=\"null sink closed\" commits=%" PRIu64 " sets=%" PRIu64
             " inserts=%" PRIu64 " updates=%" PRIu64 " deletes=%" PRIu64 " checksum=%016" PRIx64,
             s->options.link, s->commits, s->sets, s->rows[SET_INSERT] + s->rows[SET_UPSERT],
             s->rows[SET_UPDATE], s->rows[SET_DELETE], s->checksum);
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

static void add_row(struct sink *s, const struct relation *r, const struct value *row)
{
    uint64_t h = 0;
    for (int i = 0; i < r->ncolumns; i++)
        h = value_hash(&row[i], h);
    s->checksum += h;
}

static enum status begin(struct sink *s, const struct checkpoint *c)
{
    (void)s;
    (void)c;
    return STATUS_OK;
}

static enum status write_set(struct sink *s, const struct row_set *set)
{
    struct value *const *rows = set->op == SET_DELETE ? set->keys : set->rows;
    for (uint32_t i = 0; i < set->nrows; i++)
        add_row(s, set->relation, rows[i]);
    s->rows[set->op] += set->nrows;
    s->sets++;
    return STATUS_OK;
}

static enum status write_row(struct sink *s, const struct change *c)
{
    static const enum set_op ops[] = {
        [CHANGE_INSERT] = SET_INSERT, [CHANGE_UPDATE] = SET_UPDATE, [CHANGE_DELETE] = SET_DELETE};
    if (c->op == CHANGE_TRUNCATE)
        return STATUS_OK;
    add_row(s, c->relation, c->after ? c->after : c->before);
    s->rows[ops[c->op]]++;
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
    .write_set = write_set,
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
