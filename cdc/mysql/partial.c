/* Before each after image: value options (packed; bit 0: lists of changes), and then, where bit 0
 * is set, a bit for each JSON column of the table (least significant first), in the image or not.
 */
#include "mysql/decode.h"
#include "mysql/partial.h"

enum { OPTION_PARTIAL_JSON = 1 };

static int count_json(const struct table_map *map, int columns)
{
    int n = 0;
    for (int i = 0; i < columns; i++)
        n += map->columns[i].type == TYPE_JSON;
    return n;
}

bool partial_read(struct partial *p, struct reader *r)
{
    p->bits = NULL;
    if (read_packed(r) & OPTION_PARTIAL_JSON)
        p->bits = read_bytes(r, (size_t)(count_json(p->map, p->map->ncolumns) + 7) / 8);
    return !r->overrun;
}

bool partial_holds(const struct partial *p, int i)
{
    return p->bits && p->map->columns[i].type == TYPE_JSON &&
           bit_is_set(p->bits, count_json(p->map, i));
}

/* The binary form of column `i` in the before image; an empty reader and overrun where it is NULL.
 */
static struct reader before_json(const struct partial *p, int i)
{
    const struct table_map *map = p->map;
    struct reader r = p->before;
    const uint8_t *nulls = read_bytes(&r, (size_t)(map->ncolumns + 7) / 8);
    if (!nulls || bit_is_set(nulls, i))
        return (struct reader){.overrun = true};
    for (int k = 0; k < i; k++)
        if (!bit_is_set(nulls, k))
            value_skip(&map->columns[k], &r);
    return read_part(&r, read_le(&r, map->columns[i].length));
}

enum status partial_value_read(const struct partial *p, int i, struct reader *r, struct arena *a,
                               struct value *out, struct failure *f)
{
    struct reader diff = read_part(r, read_le(r, p->map->columns[i].length));
    struct reader before = before_json(p, i);
    struct buffer *text = decode_scratch();
    if (diff.overrun || before.overrun || !json_diff_apply(before, diff, a, text))
        return fail(f, ERROR_ROW_IMAGE,
                    "a partial update of a JSON document cannot be applied to the row's before "
                    "image; set binlog_row_value_options='' on the server, then copy the table "
                    "anew");
    *out = value_text(VALUE_JSON, arena_copy(a, text->data, text->size), text->size);
    return STATUS_OK;
}
