/* libcsv knows no lines: it is fed one at a time. */
#include "transforms/functions/csv_rows.h"

#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

struct csv_reader {
    const char *path;
    const char *const *columns;
    int ncolumns;
    csv_row *row;
    void *context;
    struct failure *failure;
    enum status status;
    struct csv_parser parser;
    struct buffer cells; /* of the row that is read, a NUL behind each */
    size_t ends[CSV_COLUMNS_MAX];
    int ncells;          /* more than ncolumns: counted, not kept */
    int line, row_line;  /* that is fed; where the row begins */
    bool header_read;
};

static enum status wrong_at(struct csv_reader *r, int line, const char *text)
{
    return r->status = fail(r->failure, ERROR_CONFIG, "%s:%d: %s", r->path, line, text);
}

/* ---- rows ---- */

static const char *header_text(const struct csv_reader *r, char *text, size_t size)
{
    size_t at = 0;
    for (int i = 0; i < r->ncolumns; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "," : "", r->columns[i]);
    return text;
}

static void wrong_columns(struct csv_reader *r)
{
    char text[128], header[64];
    snprintf(text, sizeof text, "%d column%s, not the %d of \"%s\"", r->ncells,
             r->ncells == 1 ? "" : "s", r->ncolumns, header_text(r, header, sizeof header));
    wrong_at(r, r->row_line, text);
}

static void check_header(struct csv_reader *r, const struct csv_cell *cells)
{
    char text[128], header[64];
    bool good = r->ncells == r->ncolumns;
    for (int i = 0; i < r->ncolumns && good; i++)
        good = strcmp(cells[i].text, r->columns[i]) == 0;
    snprintf(text, sizeof text, "the first line must be the header \"%s\"",
             header_text(r, header, sizeof header));
    if (!good)
        wrong_at(r, r->row_line, text);
    r->header_read = true;
}

static void give_row(struct csv_reader *r)
{
    struct csv_cell cells[CSV_COLUMNS_MAX] = {{"", 0}};
    size_t start = 0;
    for (int i = 0; i < r->ncells && i < r->ncolumns; i++) {
        cells[i] = (struct csv_cell){r->cells.data + start, r->ends[i] - start};
        start = r->ends[i] + 1;
    }
    if (!r->header_read) {
        check_header(r, cells);
    } else if (r->ncells != r->ncolumns) {
        wrong_columns(r);
    } else {
        r->status = r->row(r->context, cells, r->row_line, r->failure);
        if (r->status != STATUS_OK)
            fail_in(r->failure, "%s:%d", r->path, r->row_line);
    }
}

static void at_cell(void *text, size_t size, void *reader)
{
    struct csv_reader *r = reader;
    if (r->status == STATUS_OK && r->ncells < r->ncolumns) {
        buffer_add(&r->cells, text, size);
        r->ends[r->ncells] = r->cells.size;
        buffer_add_char(&r->cells, 0);
    }
    r->ncells++;
}

static void at_row(int terminator, void *reader)
{
    struct csv_reader *r = reader;
    (void)terminator;
    if (r->status == STATUS_OK)
        give_row(r);
    buffer_clear(&r->cells);
    r->ncells = 0;
    r->row_line = r->line + 1;
}

/* ---- lines ---- */

/* Overlong forms and surrogates are no matter here: SQLite and libyaml judge those. */
static bool is_utf8(const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        int more = *at < 0x80 ? 0 : *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : *at >= 0xC2 ? 1 : -1;
        if (*at++ >= 0xF5 || more < 0 || end - at < more)
            return false;
        for (; more > 0; more--)
            if ((*at++ & 0xC0) != 0x80)
                return false;
    }
    return true;
}

static void feed_line(struct csv_reader *r, const char *text, size_t size)
{
    if (memchr(text, 0, size)) {
        wrong_at(r, r->line, "a NUL byte: this is no text file");
    } else if (!is_utf8((const unsigned char *)text, (const unsigned char *)text + size)) {
        wrong_at(r, r->line, "the file must be UTF-8");
    } else if (csv_parse(&r->parser, text, size, at_cell, at_row, r) != size &&
               r->status == STATUS_OK) {
        wrong_at(r, r->line, "a quote where none may be: a cell that holds one is quoted as a "
                             "whole, the quote doubled");
    }
    if (r->row_line == r->line && size == 1) /* an empty line begins no row */
        r->row_line = r->line + 1;
}

static void feed(struct csv_reader *r, const char *text, size_t size)
{
    const char *end = text + size;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        text += 3;
    while (text < end && r->status == STATUS_OK) {
        const char *eol = memchr(text, '\n', (size_t)(end - text));
        const char *next = eol ? eol + 1 : end;
        r->line++;
        feed_line(r, text, (size_t)(next - text));
        text = next;
    }
    if (r->status == STATUS_OK && csv_fini(&r->parser, at_cell, at_row, r) != 0)
        wrong_at(r, r->row_line, "a quote that is not closed");
    if (r->status == STATUS_OK && !r->header_read)
        wrong_at(r, 1, "the file is empty");
}

/* ---- the file ---- */

static enum status read_file(const char *path, char **text, size_t *size, struct failure *f)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(f, ERROR_CONFIG, "%s: cannot be opened: %s", path, strerror(errno));
    struct buffer b;
    size_t n;
    buffer_init(&b, FILE_BYTES_MAX + 2 * 65536);
    do {
        n = fread(buffer_reserve(&b, 65536), 1, 65536, file);
        b.size += n;
    } while (n > 0 && b.size <= FILE_BYTES_MAX);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    *text = b.data;
    *size = b.size;
    if (error)
        return fail(f, ERROR_CONFIG, "%s: cannot be read: %s", path, strerror(error));
    if (b.size > FILE_BYTES_MAX)
        return fail(f, ERROR_CONFIG, "%s: larger than %d bytes", path, FILE_BYTES_MAX);
    return STATUS_OK;
}

static enum status read_rows(struct csv_reader *r, const char *text, size_t size)
{
    must(csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0);
    buffer_init(&r->cells, FILE_BYTES_MAX * (size_t)2);
    feed(r, text, size);
    csv_free(&r->parser);
    buffer_free(&r->cells);
    return r->status;
}

enum status csv_rows_read(const char *path, const char *const *columns, csv_row *row, void *context,
                          struct failure *f)
{
    struct csv_reader r = {
        .path = path, .columns = columns, .row = row, .context = context, .failure = f};
    char *text = NULL;
    size_t size = 0;
    r.row_line = 1;
    while (columns[r.ncolumns])
        r.ncolumns++;
    must(r.ncolumns <= CSV_COLUMNS_MAX);
    enum status status = read_file(path, &text, &size, f);
    if (status == STATUS_OK)
        status = read_rows(&r, text, size);
    free(text);
    return status;
}
