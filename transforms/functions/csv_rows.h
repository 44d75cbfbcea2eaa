/* CSV rows: a file of a fixed number of columns, every cell a text.
 *
 *   code,value            the header: the first line, as the reader of the file demands it
 *   NO,Norway             texts as written: NO, Y and 012 stay what they are
 *   "a, b","say ""hi"""   quoted where a cell holds a comma, a quote or a line's end
 *
 * UTF-8, with or without a byte order mark; lines end in LF or CRLF; empty lines do not count;
 * blanks around a cell that is not quoted belong to no cell. Limits: 64 MiB.
 *
 * Errors are CONFIG with "file:line: ...": not readable, empty, another header, a wrong number of
 * columns, a quote that is not closed, bytes that are not UTF-8.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_CSV_ROWS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_CSV_ROWS_H

#include <stddef.h>
#include "base/fail.h"

enum { CSV_COLUMNS_MAX = 4 };

struct csv_cell {
    const char *text; /* NUL-terminated; valid during the call */
    size_t size;
};

/* Called for each row behind the header; anything but OK ends the reading. `line`: where the row
 * begins. The place is put before the failure's text by csv_rows_read. */
typedef enum status csv_row(void *context, const struct csv_cell *cells, int line,
                            struct failure *f);

/* `columns`: the header's names, NULL after the last. */
enum status csv_rows_read(const char *path, const char *const *columns, csv_row *row, void *context,
                          struct failure *f);

#endif
