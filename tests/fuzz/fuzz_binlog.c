/* fuzz_binlog.c: any bytes as a binlog: events one after the other, as in tests/golden/binlog. What
 * is accepted is read to the last byte; whatever comes, nothing is read beyond the input. The same
 * bytes then go into the decoders that a binlog reaches only through others.
 */
#include <stdlib.h>
#include "mysql/decode.h"

enum { MAPS_MAX = 8, EVENT_MAX = 1 << 20, TEXT_MAX = 1 << 26, DEPTH_MAX = 2, ROWS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    bool checksum;
    struct arena arena;
    struct table_map maps[MAPS_MAX];
    unsigned nmaps;
    struct gtid_set *gtids[2];
    volatile unsigned sum;
    struct failure failure;
};

static void touch(struct target *t, const void *data, size_t size)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++)
        t->sum += p[i];
}

static void touch_row(struct target *t, const struct table_map *map, const struct value *row)
{
    for (int i = 0; row && i < map->ncolumns; i++) {
        if (value_kind_has_text((enum value_kind)row[i].kind))
            touch(t, row[i].text, row[i].size);
        if (row[i].kind != VALUE_NULL && row[i].kind != VALUE_ODD)
            must(row[i].kind == binlog_kind(&map->columns[i]));
    }
}

/* Columns of which the catalog knows more than the log. */
static const struct column catalog[] = {
    {.name = "u", .type = "uuid", .kind = VALUE_UUID},
    {.name = "i6", .type = "inet6", .kind = VALUE_TEXT},
    {.name = "i4", .type = "inet4", .kind = VALUE_TEXT},
    {.name = "j", .type = "longtext", .kind = VALUE_JSON, .collation = "latin1_swedish_ci"},
};

static void on_table_map(struct target *t, struct reader body)
{
    struct table_map *map = &t->maps[t->nmaps % MAPS_MAX];
    uint64_t id;
    const char *schema, *table;
    if (table_map_peek(body, &id, &schema, &table, &t->failure) == STATUS_OK)
        touch(t, schema, strlen(schema)), touch(t, table, strlen(table));
    if (table_map_read(body, &t->arena, map, &t->failure) != STATUS_OK)
        return;
    t->nmaps++;
    for (int i = 0; i < map->ncolumns; i++) {
        struct binlog_column *c = &map->columns[i];
        if (c->name)
            touch(t, c->name, strlen(c->name));
        if (i % 2)
            c->column = &catalog[i / 2 % 4];
        column_settle(c);
    }
}

static void on_rows(struct target *t, uint8_t type, struct reader body)
{
    struct binlog_rows rows;
    if (t->nmaps == 0 || binlog_rows_read(type, body, &t->arena, &rows, &t->failure) != STATUS_OK)
        return;
    const struct table_map *map = &t->maps[(t->nmaps - 1) % MAPS_MAX];
    for (unsigned i = 0; i < MAPS_MAX && i < t->nmaps; i++)
        if (t->maps[i].columns && t->maps[i].id == rows.table_id)
            map = &t->maps[i];
    for (int i = 0; i < ROWS_MAX; i++) {
        struct change c;
        bool more;
        if (binlog_rows_next(&rows, map, &t->arena, &c, &more, &t->failure) != STATUS_OK || !more)
            return;
        touch_row(t, map, c.before);
        touch_row(t, map, c.after);
    }
}

static void on_gtid(struct target *t, const struct binlog_header *h, struct reader body)
{
    struct gtid g;
    struct buffer b;
    if (binlog_gtid_read(h, body, &g, &t->failure) != STATUS_OK)
        return;
    struct gtid_set *s = t->gtids[g.mariadb];
    gtid_set_add(s, &g);
    buffer_init(&b, TEXT_MAX);
    gtid_set_write(s, &b);
    touch(t, b.data, b.size);
    buffer_free(&b);
}

static size_t on_event(struct target *t, const uint8_t *data, size_t size, bool checksum,
                       int depth);

static void on_payload(struct target *t, struct reader body, int depth)
{
    struct payload *p;
    const uint8_t *event;
    size_t size;
    if (depth == DEPTH_MAX || payload_open(body, EVENT_MAX, &p, &t->failure) != STATUS_OK)
        return;
    for (int i = 0; i < ROWS_MAX; i++) {
        if (payload_next(p, &event, &size, &t->failure) != STATUS_OK || size == 0)
            break;
        on_event(t, event, size, false, depth + 1);
    }
    payload_close(p);
}

static void on_body(struct target *t, const struct binlog_header *h, struct reader body, int depth)
{
    struct binlog_format format;
    struct binlog_rotate rotate;
    struct binlog_query query;
    switch (h->type) {
    case BINLOG_FORMAT_DESCRIPTION:
        if (binlog_format_read(body, &format, &t->failure) == STATUS_OK)
            t->checksum = format.checksum;
        break;
    case BINLOG_ROTATE:
        if (binlog_rotate_read(body, &rotate, &t->failure) == STATUS_OK)
            touch(t, rotate.file, rotate.file_size);
        break;
    case BINLOG_QUERY:
    case BINLOG_MARIA_QUERY_COMPRESSED:
        if (binlog_query_read(h->type, body, &t->arena, &query, &t->failure) == STATUS_OK)
            touch(t, query.sql, query.sql_size);
        break;
    case BINLOG_TABLE_MAP:
        on_table_map(t, body);
        break;
    case BINLOG_TRANSACTION_PAYLOAD:
        on_payload(t, body, depth);
        break;
    case BINLOG_GTID:
    case BINLOG_ANONYMOUS_GTID:
    case BINLOG_GTID_TAGGED:
    case BINLOG_MARIA_GTID:
        on_gtid(t, h, body);
        break;
    default:
        on_rows(t, h->type, body);
    }
}

/* The bytes that the event took. Wrong sizes are set right first: few mutations would get further.
 */
static size_t on_event(struct target *t, const uint8_t *data, size_t size, bool checksum, int depth)
{
    struct binlog_header h;
    struct reader body, r = reader_of(data + 9, 4);
    size_t event = (size_t)read_le(&r, 4);
    if (event < BINLOG_HEADER_BYTES || event > size)
        event = size;
    uint8_t *copy = malloc(event); /* of its own: a read beyond it is seen */
    must(copy != NULL);
    memcpy(copy, data, event);
    uint32_t right = (uint32_t)event;
    memcpy(copy + 9, &right, sizeof right);
    if (binlog_header_read(copy, event, checksum, &h, &body, &t->failure) == STATUS_OK)
        on_body(t, &h, body, depth);
    free(copy);
    return event;
}

static void on_text(struct target *t, const uint8_t *data, size_t size)
{
    char *text = arena_copy(&t->arena, data, size);
    struct gtid_set *s = gtid_set_new(size % 2);
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    if (gtid_set_read(s, text, &t->failure) == STATUS_OK) {
        must(gtid_set_within(s, s));
        gtid_set_write(s, &b);
        gtid_set_encode(s, &b);
        touch(t, b.data, b.size);
    }
    gtid_set_free(s);
    buffer_free(&b);
}

static void on_json(struct target *t, const uint8_t *data, size_t size)
{
    struct buffer b;
    bool ok;
    buffer_init(&b, TEXT_MAX);
    binlog_json_write(data, size, &b, &ok);
    buffer_clear(&b);
    size_t half = size / 2;
    json_diff_apply(reader_of(data, half), reader_of(data + half, size - half), &t->arena, &b);
    touch(t, b.data, b.size);
    buffer_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct target t;
    t = (struct target){.gtids = {gtid_set_new(false), gtid_set_new(true)}};
    arena_init(&t.arena);
    for (size_t at = 0; size - at >= BINLOG_HEADER_BYTES;)
        at += on_event(&t, data + at, size - at, t.checksum, 0);
    if (size > 0) {
        on_text(&t, data, size);
        on_json(&t, data, size);
    }
    gtid_set_free(t.gtids[0]);
    gtid_set_free(t.gtids[1]);
    arena_free(&t.arena);
    return 0;
}
