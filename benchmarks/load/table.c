#include "benchmarks/load/table.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    ROWS_A_STATEMENT = 500,
    STATEMENT_BYTES = 4 << 20, /* below every server's max_allowed_packet */
    SQL_MAX = 64 << 20,
    LONG_PAD = 4000, /* longer ones do not go into a VARCHAR everywhere */
};

static void add_pad(struct buffer *b, int64_t width, struct random *r)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    char *at = buffer_reserve(b, (size_t)width + 16);
    for (int64_t i = 0; i < width; i += 10) { /* six bits a letter of one number */
        uint64_t bits = random_next(r);
        for (int k = 0; k < 10; k++, bits >>= 6)
            at[i + k] = letters[bits & 63];
    }
    b->size += (size_t)width;
}

static void add_amount(struct buffer *b, struct random *r)
{
    uint64_t cents = random_below(r, 100000000);
    buffer_add_format(b, "%" PRIu64 ".%02d", cents / 100, (int)(cents % 100));
}

void table_add_values(struct buffer *b, int64_t id, int64_t width, struct random *r)
{
    uint64_t t = random_next(r);
    buffer_add_format(b, "(%" PRId64 ",%d,", id, (int)random_below(r, 1000000));
    add_amount(b, r);
    buffer_add_format(b, ",'2026-%02d-%02d %02d:%02d:%02d.%06d','", 1 + (int)(t % 12),
                      1 + (int)((t >> 8) % 28), (int)((t >> 16) % 24), (int)((t >> 24) % 60),
                      (int)((t >> 32) % 60), (int)((t >> 40) % 1000000));
    add_pad(b, width, r);
    buffer_add_text(b, "')");
}

void table_add_assignments(struct buffer *b, int64_t width, struct random *r)
{
    buffer_add_format(b, "k=%d,amount=", (int)random_below(r, 1000000));
    add_amount(b, r);
    buffer_add_text(b, ",pad='");
    add_pad(b, width, r);
    buffer_add_char(b, '\'');
}

static enum status exec(struct side *s, struct buffer *b)
{
    enum status status = side_exec(s, buffer_text(b), b->size);
    buffer_clear(b);
    return status;
}

static enum status create(struct side *s, const char *name, const char *columns, bool replace,
                          struct buffer *b)
{
    if (replace)
        buffer_add_format(b, "DROP TABLE IF EXISTS %s;", name);
    buffer_add_format(b, "CREATE TABLE %s (%s)%s", name, columns,
                      s->place.family == PLACE_MYSQL ? " ENGINE=InnoDB" : "");
    TRY(exec(s, b));
    return STATUS_OK;
}

static enum status fill(struct side *s, const struct options *o, int64_t table, struct buffer *b)
{
    struct random r = {.state = (uint64_t)(o->seed * 1000003 + table)};
    for (int64_t id = 1; id <= o->rows;) {
        buffer_add_format(b, "INSERT INTO load_%" PRId64 " VALUES ", table);
        for (int n = 0; n < ROWS_A_STATEMENT && id <= o->rows && b->size < STATEMENT_BYTES; n++) {
            if (n > 0)
                buffer_add_char(b, ',');
            table_add_values(b, id++, o->width, &r);
        }
        TRY(exec(s, b));
    }
    return STATUS_OK;
}

static enum status prepare_tables(const struct options *o, struct side *s, struct buffer *b)
{
    bool my = s->place.family == PLACE_MYSQL;
    char columns[256], pad[32];
    snprintf(pad, sizeof pad, "VARCHAR(%" PRId64 ")", o->width > 0 ? o->width : 1);
    if (o->width > LONG_PAD)
        snprintf(pad, sizeof pad, "%s", my ? "MEDIUMTEXT" : "TEXT");
    snprintf(columns, sizeof columns,
             "id BIGINT PRIMARY KEY, k INTEGER NOT NULL, amount DECIMAL(12,2) NOT NULL, at %s NOT "
             "NULL, pad %s NOT NULL",
             my ? "DATETIME(6)" : "TIMESTAMP", pad);
    TRY(create(s, "load_probe", "id BIGINT PRIMARY KEY", o->replace, b));
    for (int64_t table = 1; table <= o->tables; table++) {
        char name[32];
        snprintf(name, sizeof name, "load_%" PRId64, table);
        TRY(create(s, name, columns, o->replace, b));
        TRY(fill(s, o, table, b));
    }
    return STATUS_OK;
}

enum status table_prepare(const struct options *o, const struct place *place, struct failure *f)
{
    struct side *s;
    TRY(side_open(place, f, &s));
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    enum status status = prepare_tables(o, s, &b);
    if (status != STATUS_OK)
        fail_in(f, "--prepare (tables that are there already go with --replace)");
    buffer_free(&b);
    side_close(s);
    return status;
}
