/* test_binlog.c: events that real servers wrote decode to what SELECT said (tests/golden/binlog,
 * recorded by tests/golden/record_binlog.py). One test for each recording.
 * libs: source_mysql */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "mysql/binlog.h"

/* cmocka's fail_msg does not go with base/fail.h. */
#define test_failed(...)                                                                           \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

enum { MAPS_MAX = 16, CATALOG_MAX = 16, EVENT_MAX = 16 * 1024 * 1024 };

struct catalog_entry {
    char table[64], name[64], type[64];
    struct column column;
};

struct decoder {
    bool checksum;
    struct arena arena;
    struct table_map maps[MAPS_MAX];
    int nmaps;
    struct catalog_entry catalog[CATALOG_MAX];
    int ncatalog;
    struct gtid_set *gtids;
    struct buffer text;
    struct failure failure;
};

/* -- files -- */

static char *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*size + 1);
    assert_int_equal(fread(data, 1, *size, file), *size);
    data[*size] = 0;
    fclose(file);
    return data;
}

static enum value_kind kind_named(const char *name)
{
    for (int kind = 0; kind <= VALUE_ODD; kind++)
        if (strcmp(value_kind_name((enum value_kind)kind), name) == 0)
            return (enum value_kind)kind;
    test_failed("no kind %s", name);
    return VALUE_NULL;
}

/* Takes the "catalog" lines at the start; returns what follows. */
static const char *catalog_read(struct decoder *d, const char *expected)
{
    while (strncmp(expected, "catalog ", 8) == 0) {
        struct catalog_entry *e = &d->catalog[d->ncatalog++];
        char kind[32];
        assert_int_equal(
            sscanf(expected, "catalog %63s %63s %31s %63[^\n]", e->table, e->name, kind, e->type),
            4);
        e->column = (struct column){.name = e->name, .type = e->type, .kind = kind_named(kind)};
        expected = strchr(expected, '\n') + 1;
    }
    return expected;
}

/* -- text: the same as the recorder's -- */

static void add_escaped(struct buffer *b, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\t')
            buffer_add_text(b, "\\t");
        else if (text[i] == '\n')
            buffer_add_text(b, "\\n");
        else if (text[i] == '\\')
            buffer_add_text(b, "\\\\");
        else if (text[i] == 0)
            buffer_add_text(b, "\\0");
        else
            buffer_add_char(b, text[i]);
    }
}

static void add_time(struct buffer *b, int64_t us)
{
    uint64_t u = us < 0 ? (uint64_t)-us : (uint64_t)us, s = u / 1000000;
    buffer_add_format(b, "%s%02ju:%02ju:%02ju.%06ju", us < 0 ? "-" : "", (uintmax_t)(s / 3600),
                      (uintmax_t)(s / 60 % 60), (uintmax_t)(s % 60), (uintmax_t)(u % 1000000));
}

static void add_datetime(struct buffer *b, int64_t us)
{
    int64_t day_us = 86400LL * 1000000, days = us / day_us - (us % day_us < 0);
    value_add_date(b, days);
    buffer_add_char(b, ' ');
    add_time(b, us - days * day_us);
}

static void add_value(struct buffer *b, const struct value *v)
{
    buffer_add_text(b, value_kind_name((enum value_kind)v->kind));
    if (v->kind == VALUE_NULL)
        return;
    buffer_add_char(b, ' ');
    switch (v->kind) {
    case VALUE_INT:
        buffer_add_int(b, v->i);
        break;
    case VALUE_UINT:
        buffer_add_uint(b, v->u);
        break;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        buffer_add_format(b, "%.17g", v->d);
        break;
    case VALUE_BYTES:
        value_add_hex(b, v->text, v->size);
        break;
    case VALUE_DATE:
        value_add_date(b, v->i);
        break;
    case VALUE_TIME:
        add_time(b, v->i);
        break;
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        add_datetime(b, v->i);
        break;
    case VALUE_UUID:
        value_add_uuid(b, v->text);
        break;
    default:
        assert_true(value_kind_has_text((enum value_kind)v->kind));
        add_escaped(b, v->text, v->size);
    }
}

static void add_row(struct decoder *d, const struct table_map *map, const struct value *row)
{
    if (!row)
        return;
    for (int i = 0; i < map->ncolumns; i++) {
        buffer_add_char(&d->text, '\t');
        add_value(&d->text, &row[i]);
        if (row[i].kind != VALUE_NULL && row[i].kind != VALUE_ODD)
            assert_int_equal(row[i].kind, binlog_kind(&map->columns[i]));
    }
    buffer_add_char(&d->text, '\n');
}

/* -- events -- */

static void check_ok(struct decoder *d, enum status st)
{
    if (st != STATUS_OK)
        test_failed("%s: %s", error_name(d->failure.code), d->failure.text);
}

static void catalog_apply(struct decoder *d, struct table_map *map)
{
    for (int i = 0; i < d->ncatalog; i++)
        for (int k = 0; k < map->ncolumns; k++)
            if (strcmp(d->catalog[i].table, map->table) == 0 &&
                strcmp(d->catalog[i].name, map->columns[k].name) == 0) {
                map->columns[k].column = &d->catalog[i].column;
                column_settle(&map->columns[k]);
            }
}

static void on_table_map(struct decoder *d, struct reader body)
{
    uint64_t id;
    const char *schema, *table;
    must(d->nmaps < MAPS_MAX);
    struct table_map *map = &d->maps[d->nmaps++];
    check_ok(d, table_map_peek(body, &id, &schema, &table, &d->failure));
    check_ok(d, table_map_read(body, &d->arena, map, &d->failure));
    assert_int_equal(id, map->id);
    assert_string_equal(schema, "golden");
    assert_string_equal(table, map->table);
    assert_true(map->has_names);
    assert_string_equal(map->columns[0].name, "id");
    assert_int_equal(map->nkey, 1);
    assert_int_equal(map->key[0], 0);
    catalog_apply(d, map);
}

static const struct table_map *map_of(struct decoder *d, uint64_t id)
{
    for (int i = d->nmaps; i-- > 0;)
        if (d->maps[i].id == id)
            return &d->maps[i];
    test_failed("no table map of this id");
    return NULL;
}

static void on_rows(struct decoder *d, uint8_t type, struct reader body)
{
    static const char *const ops[] = {"insert", "update", "delete"};
    struct binlog_rows rows;
    check_ok(d, binlog_rows_read(type, body, &d->arena, &rows, &d->failure));
    const struct table_map *map = map_of(d, rows.table_id);
    for (;;) {
        struct change c;
        bool more;
        if (binlog_rows_next(&rows, map, &d->arena, &c, &more, &d->failure) != STATUS_OK) {
            buffer_add_format(&d->text, "error %s\n", error_name(d->failure.code));
            return;
        }
        if (!more)
            break;
        buffer_add_format(&d->text, "%s %s\n", ops[c.op], map->table);
        add_row(d, map, c.before);
        add_row(d, map, c.after);
    }
    if (rows.flags & 1)
        d->nmaps = 0;
}

static void on_query(struct decoder *d, uint8_t type, struct reader body)
{
    struct binlog_query q;
    check_ok(d, binlog_query_read(type, body, &d->arena, &q, &d->failure));
    if ((q.sql_size == 5 && memcmp(q.sql, "BEGIN", 5) == 0) ||
        (q.sql_size == 6 && memcmp(q.sql, "COMMIT", 6) == 0))
        return;
    buffer_add_text(&d->text, "sql ");
    add_escaped(&d->text, q.sql, q.sql_size);
    buffer_add_char(&d->text, '\n');
}

static void on_gtid(struct decoder *d, const struct binlog_header *h, struct reader body)
{
    struct gtid g;
    check_ok(d, binlog_gtid_read(h, body, &g, &d->failure));
    assert_true(g.committed_us / 1000000 >= (int64_t)h->timestamp - 1);
    assert_true(g.committed_us / 1000000 <= (int64_t)h->timestamp + 60);
    if (!d->gtids)
        d->gtids = gtid_set_new(g.mariadb);
    gtid_set_add(d->gtids, &g);
    assert_true(gtid_set_holds(d->gtids, &g));
}

static void on_event(struct decoder *d, const uint8_t *event, size_t size, bool checksum);

static void on_payload(struct decoder *d, struct reader body)
{
    struct payload *p;
    const uint8_t *event;
    size_t size;
    check_ok(d, payload_open(body, EVENT_MAX, &p, &d->failure));
    for (;;) {
        check_ok(d, payload_next(p, &event, &size, &d->failure));
        if (size == 0)
            break;
        on_event(d, event, size, false);
    }
    payload_close(p);
}

static void on_event(struct decoder *d, const uint8_t *event, size_t size, bool checksum)
{
    struct binlog_header h;
    struct reader body;
    struct binlog_format format;
    check_ok(d, binlog_header_read(event, size, checksum, &h, &body, &d->failure));
    switch (h.type) {
    case BINLOG_FORMAT_DESCRIPTION:
        check_ok(d, binlog_format_read(body, &format, &d->failure));
        d->checksum = format.checksum == 1;
        break;
    case BINLOG_GTID:
    case BINLOG_ANONYMOUS_GTID:
    case BINLOG_GTID_TAGGED:
    case BINLOG_MARIA_GTID:
        on_gtid(d, &h, body);
        break;
    case BINLOG_QUERY:
    case BINLOG_MARIA_QUERY_COMPRESSED:
        on_query(d, h.type, body);
        break;
    case BINLOG_TABLE_MAP:
        on_table_map(d, body);
        break;
    case BINLOG_TRANSACTION_PAYLOAD:
        on_payload(d, body);
        break;
    case BINLOG_WRITE_ROWS_V1:
    case BINLOG_UPDATE_ROWS_V1:
    case BINLOG_DELETE_ROWS_V1:
    case BINLOG_WRITE_ROWS:
    case BINLOG_UPDATE_ROWS:
    case BINLOG_DELETE_ROWS:
    case BINLOG_PARTIAL_UPDATE_ROWS:
    case BINLOG_MARIA_WRITE_COMPRESSED:
    case BINLOG_MARIA_UPDATE_COMPRESSED:
    case BINLOG_MARIA_DELETE_COMPRESSED:
        on_rows(d, h.type, body);
        break;
    default:
        break;
    }
}

static void decode_file(struct decoder *d, const char *path)
{
    size_t size, at = 0;
    char *events = file_read(path, &size);
    while (at < size) {
        uint32_t event_size;
        assert_true(size - at >= BINLOG_HEADER_BYTES);
        memcpy(&event_size, events + at + 9, sizeof event_size);
        on_event(d, (const uint8_t *)events + at, event_size, d->checksum);
        at += event_size;
    }
    assert_int_equal(at, size);
    free(events);
    buffer_add_text(&d->text, "gtids ");
    gtid_set_write(d->gtids, &d->text);
    buffer_add_char(&d->text, '\n');
}

/* Line by line: a difference then shows where it is. */
static void compare(const char *got, const char *expected)
{
    int number = 1;
    while (*got || *expected) {
        size_t got_size = strcspn(got, "\n"), expected_size = strcspn(expected, "\n");
        if (got_size != expected_size || memcmp(got, expected, got_size) != 0)
            test_failed("line %d of the decoded:\n%.*s\nexpected:\n%.*s", number, (int)got_size,
                        got, (int)expected_size, expected);
        got += got_size + (got[got_size] == '\n');
        expected += expected_size + (expected[expected_size] == '\n');
        number++;
    }
}

static void a_recording_decodes_to_what_select_said(void **state)
{
    const char *path = *state;
    char expected_path[4096];
    size_t size;
    struct decoder d = {0};
    snprintf(expected_path, sizeof expected_path, "%.*s.expected", (int)(strlen(path) - 7), path);
    char *expected = file_read(expected_path, &size);
    arena_init(&d.arena);
    buffer_init(&d.text, EVENT_MAX);
    const char *rest = catalog_read(&d, expected);
    decode_file(&d, path);
    compare(buffer_text(&d.text), rest);
    gtid_set_free(d.gtids);
    buffer_free(&d.text);
    arena_free(&d.arena);
    free(expected);
}

/* With an argument: the recordings that this pattern names. */
int main(int argc, char **argv)
{
    const char *pattern = argc > 1 ? argv[1] : SOURCE_DIR "/tests/golden/binlog/*.events";
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "no recordings at %s\n", pattern);
        return 1;
    }
    struct CMUnitTest *tests = calloc(found.gl_pathc, sizeof *tests);
    for (size_t i = 0; i < found.gl_pathc; i++)
        tests[i] = (struct CMUnitTest){.name = strrchr(found.gl_pathv[i], '/') + 1,
                                       .test_func = a_recording_decodes_to_what_select_said,
                                       .initial_state = found.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("binlog", tests, found.gl_pathc, NULL, NULL);
    free(tests);
    globfree(&found);
    return failed;
}
