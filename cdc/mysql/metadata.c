/* The optional metadata of a TABLE_MAP: (type u8, packed size, value)*. Most values are lists over
 * the columns of one class (the numeric ones, those with a character set, ...), in table order.
 *
 * Which columns have a character set differs: MariaDB counts GEOMETRY, MySQL does not. MySQL is
 * known by its visibility list (since 8.0.23).
 */
#include "mysql/decode.h"
#include "mysql/metadata.h"

enum {
    META_SIGNEDNESS = 1,
    META_DEFAULT_CHARSET = 2,
    META_COLUMN_CHARSET = 3,
    META_COLUMN_NAME = 4,
    META_SET_VALUES = 5,
    META_ENUM_VALUES = 6,
    META_SIMPLE_KEY = 8,
    META_PREFIX_KEY = 9,
    META_ENUM_SET_DEFAULT_CHARSET = 10,
    META_ENUM_SET_COLUMN_CHARSET = 11,
    META_VISIBILITY = 12,
};

enum { LABELS_MAX = 65535 };

struct metadata {
    struct table_map *map;
    struct arena *a;
    bool mysql; /* counts as MySQL does */
};

static bool is_numeric(const struct binlog_column *c)
{
    switch (c->type) {
    case TYPE_TINY:
    case TYPE_SHORT:
    case TYPE_INT24:
    case TYPE_LONG:
    case TYPE_LONGLONG:
    case TYPE_NEWDECIMAL:
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
    case TYPE_YEAR:
        return true;
    default:
        return false;
    }
}

static bool is_enum_or_set(const struct binlog_column *c)
{
    return c->type == TYPE_ENUM || c->type == TYPE_SET;
}

static bool is_character(const struct metadata *m, const struct binlog_column *c)
{
    switch (c->type) {
    case TYPE_STRING:
    case TYPE_VARCHAR:
    case TYPE_VAR_STRING:
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
    case TYPE_BLOB_COMPRESSED:
    case TYPE_VARCHAR_COMPRESSED:
    case TYPE_VECTOR:
        return true;
    case TYPE_GEOMETRY:
        return !m->mysql;
    default:
        return false;
    }
}

/* Enum and set columns, or the other ones with a character set. */
static bool has_charset(const struct metadata *m, const struct binlog_column *c, bool labels)
{
    return labels ? is_enum_or_set(c) : is_character(m, c);
}

static bool signedness_read(struct metadata *m, struct reader *r)
{
    int n = 0;
    for (int i = 0; i < m->map->ncolumns; i++) {
        struct binlog_column *c = &m->map->columns[i];
        if (!is_numeric(c))
            continue;
        if ((size_t)n / 8 >= reader_left(r))
            return false;
        c->is_unsigned = r->at[n / 8] >> (7 - n % 8) & 1;
        n++;
    }
    return true;
}

static bool visibility_read(struct metadata *m, struct reader *r)
{
    const uint8_t *bits = read_bytes(r, (size_t)(m->map->ncolumns + 7) / 8);
    for (int i = 0; bits && i < m->map->ncolumns; i++)
        m->map->columns[i].visible = bits[i / 8] >> (7 - i % 8) & 1;
    return bits != NULL;
}

static bool column_charsets_read(struct metadata *m, struct reader *r, bool labels)
{
    for (int i = 0; i < m->map->ncolumns; i++)
        if (has_charset(m, &m->map->columns[i], labels))
            m->map->columns[i].collation = (uint32_t)read_packed(r);
    return !r->overrun;
}

static bool default_charset_read(struct metadata *m, struct reader *r, bool labels)
{
    uint32_t common = (uint32_t)read_packed(r);
    uint64_t next = reader_left(r) > 0 ? read_packed(r) : UINT64_MAX, n = 0;
    for (int i = 0; i < m->map->ncolumns; i++) {
        struct binlog_column *c = &m->map->columns[i];
        if (!has_charset(m, c, labels))
            continue;
        c->collation = common;
        if (n++ != next)
            continue;
        c->collation = (uint32_t)read_packed(r);
        next = reader_left(r) > 0 ? read_packed(r) : UINT64_MAX;
    }
    return !r->overrun;
}

static bool names_read(struct metadata *m, struct reader *r)
{
    for (int i = 0; i < m->map->ncolumns; i++) {
        size_t size = read_u8(r);
        const uint8_t *name = read_bytes(r, size);
        if (!name)
            return false;
        m->map->columns[i].name = arena_copy(m->a, name, size);
    }
    m->map->has_names = true;
    return true;
}

/* Labels become UTF-8; where their character set is not known the column has none, and a value of
 * it is an error that names it. */
static bool labels_of_column(struct metadata *m, struct reader *r, struct binlog_column *c)
{
    uint64_t n = read_packed(r);
    if (n > LABELS_MAX || n > reader_left(r))
        return false;
    c->labels = arena_alloc(m->a, (size_t)n * sizeof *c->labels);
    bool known = true;
    for (uint64_t i = 0; i < n; i++) {
        struct reader label = read_part(r, read_packed(r));
        size_t size = reader_left(&label);
        known = known && charset_convert(c->charset, label.at, size, m->a, &c->labels[i], &size);
    }
    c->nlabels = known ? (int)n : 0;
    return !r->overrun;
}

static bool labels_read(struct metadata *m, struct reader *r, uint8_t type)
{
    for (int i = 0; i < m->map->ncolumns; i++)
        if (m->map->columns[i].type == type && !labels_of_column(m, r, &m->map->columns[i]))
            return false;
    return true;
}

static bool key_read(struct metadata *m, struct reader *r, bool prefixes)
{
    struct table_map *map = m->map;
    map->key = arena_alloc(m->a, (size_t)map->ncolumns * sizeof *map->key);
    map->nkey = 0;
    while (reader_left(r) > 0) {
        uint64_t column = read_packed(r);
        if (prefixes)
            read_packed(r);
        if (r->overrun || column >= (uint64_t)map->ncolumns || map->nkey == map->ncolumns)
            return false;
        map->key[map->nkey++] = (int)column;
    }
    return true;
}

static bool field_read(struct metadata *m, uint8_t type, struct reader r)
{
    switch (type) {
    case META_SIGNEDNESS:
        return signedness_read(m, &r);
    case META_DEFAULT_CHARSET:
        return default_charset_read(m, &r, false);
    case META_COLUMN_CHARSET:
        return column_charsets_read(m, &r, false);
    case META_COLUMN_NAME:
        return names_read(m, &r);
    case META_SET_VALUES:
        return labels_read(m, &r, TYPE_SET);
    case META_ENUM_VALUES:
        return labels_read(m, &r, TYPE_ENUM);
    case META_SIMPLE_KEY:
        return key_read(m, &r, false);
    case META_PREFIX_KEY:
        return key_read(m, &r, true);
    case META_ENUM_SET_DEFAULT_CHARSET:
        return default_charset_read(m, &r, true);
    case META_ENUM_SET_COLUMN_CHARSET:
        return column_charsets_read(m, &r, true);
    case META_VISIBILITY:
        return visibility_read(m, &r);
    default: /* geometry types, dimensions of vectors, and what later servers add */
        return true;
    }
}

static bool is_labels(uint8_t type)
{
    return type == META_SET_VALUES || type == META_ENUM_VALUES;
}

/* All fields but the labels, or the labels alone: they need their character set, which comes later.
 */
static bool fields_read(struct metadata *m, struct reader r, bool labels)
{
    while (reader_left(&r) > 0) {
        uint8_t type = read_u8(&r);
        struct reader field = read_part(&r, read_packed(&r));
        if (r.overrun || (is_labels(type) == labels && !field_read(m, type, field)))
            return false;
    }
    return true;
}

static bool holds_visibility(struct reader r)
{
    while (reader_left(&r) > 0) {
        if (read_u8(&r) == META_VISIBILITY)
            return true;
        read_part(&r, read_packed(&r));
    }
    return false;
}

bool metadata_read(struct reader r, struct arena *a, struct table_map *map)
{
    struct metadata m = {.map = map, .a = a, .mysql = holds_visibility(r)};
    if (!fields_read(&m, r, false))
        return false;
    for (int i = 0; i < map->ncolumns; i++)
        map->columns[i].charset = charset_of_collation(map->columns[i].collation);
    return fields_read(&m, r, true);
}
