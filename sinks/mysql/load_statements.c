/* LOAD DATA LOCAL as a statement, and its lines: tabs between values, \N for NULL, and after a
 * backslash what would be read as something else.
 *
 * What has no line: bytes, since all is read as utf8mb4; so tables with columns of bytes or bits.
 * A TIMESTAMP goes by a variable: straight into the column, NULL would become the time of the day
 * without a warning where the column takes no NULL. */
#include "sinks/mysql/statements.h"

#include <string.h>
#include "db/mysql/my.h"

static bool has_form(const struct column *c)
{
    bool bits = strncmp(c->type, "bit", 3) == 0;
    return !bits && c->kind != VALUE_BYTES && c->kind != VALUE_UUID;
}

bool my_statement_loads(const struct relation *r)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (!r->columns[i].generated && !has_form(&r->columns[i]))
            return false;
    return true;
}

static void add_variables(struct buffer *b, const struct row_set *set)
{
    const char *word = " SET ";
    for (int i = 0; i < set->relation->ncolumns; i++) {
        const struct column *c = &set->relation->columns[i];
        if (!set->present[i] || c->kind != VALUE_INSTANT)
            continue;
        buffer_add_text(b, word);
        my_add_name(b, c->name);
        buffer_add_format(b, "=@c%d", i);
        word = ",";
    }
}

void my_statement_load(struct buffer *b, const struct row_set *set)
{
    const char *comma = " (";
    buffer_add_text(b, "LOAD DATA LOCAL INFILE 'rows' INTO TABLE ");
    my_statement_table(b, set->relation);
    buffer_add_text(b, " CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ENCLOSED BY ''"
                       " ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' STARTING BY ''");
    for (int i = 0; i < set->relation->ncolumns; i++) {
        const struct column *c = &set->relation->columns[i];
        if (!set->present[i])
            continue;
        buffer_add_text(b, comma);
        if (c->kind == VALUE_INSTANT)
            buffer_add_format(b, "@c%d", i);
        else
            my_add_name(b, c->name);
        comma = ",";
    }
    buffer_add_char(b, ')');
    add_variables(b, set);
}

/* ---- lines ---- */

static char escape_of(char c)
{
    return c == '\\' ? '\\' : c == '\t' ? 't' : c == '\n' ? 'n' : c == '\0' ? '0' : 0;
}

/* From `mark` on, in place, from the end. */
static void escape(struct buffer *b, size_t mark)
{
    size_t more = 0;
    for (size_t i = mark; i < b->size; i++)
        more += escape_of(b->data[i]) != 0;
    if (more == 0)
        return;
    buffer_reserve(b, more);
    char *from = b->data + b->size, *to = from + more;
    b->size += more;
    while (to > from) {
        char c = *--from, escaped = escape_of(c);
        *--to = escaped ? escaped : c;
        if (escaped)
            *--to = '\\';
    }
}

static enum status add_line(struct buffer *b, const struct row_set *set, const struct value *row,
                            bool *has_line, struct failure *f)
{
    char separator = 0;
    for (int i = 0; i < set->relation->ncolumns && *has_line; i++) {
        if (!set->present[i])
            continue;
        if (separator)
            buffer_add_char(b, separator);
        separator = '\t';
        size_t mark = b->size;
        *has_line = row[i].kind != VALUE_BYTES;
        if (row[i].kind == VALUE_NULL)
            buffer_add_text(b, "\\N");
        else
            TRY(my_value_write(&set->relation->columns[i], &row[i], b, f));
        if (value_kind_has_text((enum value_kind)row[i].kind))
            escape(b, mark);
    }
    buffer_add_char(b, '\n');
    return STATUS_OK;
}

enum status my_statement_lines(struct buffer *b, const struct row_set *set, uint32_t from,
                               const struct my_limits *limits, uint32_t *n, struct failure *f)
{
    size_t begin = b->size;
    for (*n = 0; from + *n < set->nrows && *n < limits->rows; ++*n) {
        size_t mark = b->size;
        bool has_line = true;
        const struct value *row = set->rows[from + *n];
        if (add_line(b, set, row, &has_line, f) != STATUS_OK)
            return my_fail_row(set->relation, row, f);
        if (!has_line || (*n > 0 && b->size - begin > limits->bytes)) {
            b->size = mark;
            break;
        }
    }
    return STATUS_OK;
}
