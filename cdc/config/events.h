/* What the file says about events: the views that read them, and the statements that write them.
 * Parsed and checked for shape; SQL and names of fields and columns
 * are judged later, by those who know the databases and the vocabulary.
 *
 * All of it lies in the config's arena. A `line` is that of the file, of an SQL text the line of its
 * first line: messages about SQL count from there.
 */
#ifndef MILLRACE_CONFIG_EVENTS_H
#define MILLRACE_CONFIG_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

struct system;

struct sql_text {
    const char *text; /* NULL: not given */
    int line;
};

struct name_list {
    const char **name;
    int n;
};

/* ---- reading ---- */

/* A change of `table` touches objects: those in its column, or those that the query gives. */
struct touch_config {
    const char *table;
    const char *column; /* NULL: `query` */
    struct sql_text query;
    int line;
};

struct list_config {
    const char *field, *key; /* the repeated field; the element's field that tells them apart */
    struct sql_text sql;
    int line;
};

struct event_config {
    const char *name; /* in the file; unique */
    const char *type; /* the message's name in the vocabulary; several events may make one */
    const struct system *from;
    const char *of; /* the table whose primary key is :object */
    const char *key;
    struct touch_config *touched_by;
    int ntouched_by;
    struct name_list looks_up;
    struct list_config *lists;
    int nlists;
    bool assembled; /* not alone, even where it could be */
    struct sql_text sql;
    int line;
};

/* ---- writing ---- */

enum write_do { WRITE_UPSERT, WRITE_INSERT, WRITE_UPDATE, WRITE_DELETE };
enum write_else { ELSE_WAIT, ELSE_QUARANTINE, ELSE_SKIP };

struct round_config {
    const char *column, *mode; /* half_up | half_even | up | down | ceiling | floor */
};

/* delete_missing_in: the rows with this column's value in what the query gives. */
struct scope_config {
    const char *column;
    struct sql_text sql;
};

struct write_config {
    const char *table;
    struct name_list key, once, touch;
    const char *lines; /* the list whose elements are written; NULL: the event itself */
    enum write_do op;
    enum write_else if_no_row, if_no_target;
    struct round_config *rounds;
    int nrounds;
    struct scope_config *delete_missing_in;
    int ndelete_missing_in;
    struct sql_text sql;
    int line;
};

enum on_drift { DRIFT_FLAG, DRIFT_RESTORE };

struct event_flow {
    const char *name; /* what `event:` says */
    const struct event_config *event; /* the first one, where it is of all that make a type */
    bool of_type; /* `event:` names no event but the type of several: it takes them all */
    struct sql_text let;
    bool together;
    int64_t quarantine_limit;
    int64_t wait_at_most_ms;
    enum on_drift on_drift;
    struct write_config *writes, *gone;
    int nwrites, ngone;
    int line;
};

/* Does the flow carry what the definition `name` makes, of that type? */
bool event_flow_takes(const struct event_flow *f, const char *name, const char *type);

#endif
