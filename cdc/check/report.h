/* Report: what `check` prints, line by line, and what it adds up to.
 *
 *   ok       wal_level is logical
 *   warn     sync_binlog is 0: ...
 *   MISSING  role "mr_read" lacks the attribute REPLICATION
 *            run: ALTER ROLE "mr_read" REPLICATION;
 *            note      what is neither good nor bad
 *
 * `run` is a statement or a line of a configuration file, to be copied as it is. One thread.
 */
#ifndef MILLRACE_CHECK_REPORT_H
#define MILLRACE_CHECK_REPORT_H

#include <stdbool.h>
#include <stdio.h>

enum verdict { VERDICT_OK, VERDICT_NOTE, VERDICT_WARN, VERDICT_MISSING };

struct report {
    FILE *out;
    int oks, warnings, missing;
    bool unreachable; /* a server could not be asked */
};

/* A heading; what follows belongs to it. */
void report_title(struct report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `run` may be NULL. */
void report_add(struct report *r, enum verdict verdict, const char *run, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "ok", "note", "warn", "MISSING" as the checks' SQL gives them; anything else is MISSING. */
enum verdict report_verdict(const char *text);
/* The last lines. */
void report_end(struct report *r);

#endif
