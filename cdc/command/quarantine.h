/* Quarantine: what the files of `millrace quarantine` share.
 *
 *   quarantine.c           which of them; retry and skip: asks the running process, waits
 *   quarantine_show.c      list and show: read from the targets
 *   quarantine_request.c   a filter, from arguments and as JSON; the process's side
 *   quarantine_text.c      texts for a terminal
 */
#ifndef MILLRACE_COMMAND_QUARANTINE_H
#define MILLRACE_COMMAND_QUARANTINE_H

#include <jansson.h>
#include "base/buffer.h"
#include "command/command.h"
#include "config/config.h"
#include "link/link.h"

/* ---- quarantine_show.c: exit codes ---- */
int quarantine_list(const struct config *config, const struct arguments *args);
int quarantine_show(const struct config *config, const struct arguments *args);

/* ---- quarantine_request.c ---- */

enum { QUARANTINE_NUMBERS_MAX = 1000 };

/* CONFIG: a reason that is none, a number that is none. The filter's numbers: the arena's. */
enum status quarantine_filter(const struct arguments *args, struct arena *a,
                              struct held_filter *filter, struct failure *f);
/* Does it choose, or would it take all? */
bool quarantine_chooses(const struct held_filter *filter);
json_t *quarantine_filter_json(const struct held_filter *filter);
/* Its texts are the JSON's. */
enum status quarantine_filter_read(const json_t *j, struct arena *a, struct held_filter *filter,
                                   struct failure *f);
/* The answer to a request of control.h. */
json_t *quarantine_serve(struct link *l, const json_t *request);

/* ---- quarantine_text.c: pure ---- */

/* One line: control characters, which data may hold, are shown as spaces. NULL is "". */
void quarantine_add_clean(struct buffer *b, const char *text);
/* JSON on lines of its own, indented; numbers keep every digit. Control characters as above. */
void quarantine_add_json(struct buffer *b, const char *json);
/* A line of a table whose columns are as wide as they have to be, in characters. */
enum { QUARANTINE_COLUMNS = 8 };
struct quarantine_table {
    int width[QUARANTINE_COLUMNS];
};
void quarantine_fit(struct quarantine_table *t, const char *const cells[QUARANTINE_COLUMNS]);
void quarantine_add_line(struct buffer *b, const struct quarantine_table *t,
                         const char *const cells[QUARANTINE_COLUMNS]);

#endif
