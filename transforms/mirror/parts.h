/* Parts: what the compiled views consist of. Internal to this room. */
#ifndef MILLRACE_MIRROR_PARTS_H
#define MILLRACE_MIRROR_PARTS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "transforms/mirror/reads.h"
#include "transforms/mirror/views.h"

enum { KEY_MAX = 8 }; /* columns of a key */

struct field {
    const char *name;
    enum value_kind kind; /* for comparing; ABSENT: not known */
    const struct column *shows; /* the column that it is, unchanged; NULL: computed */
};

/* A query whose rows are objects: an event's view, or one of its lists. */
struct query {
    const char *name; /* the list's; NULL: the view */
    const char *sql;
    struct field *fields;
    int nfields;
    int key; /* the field that tells rows apart */
};

/* A table as SQLite holds it: the key's columns first, in the key's order. */
struct kept {
    const struct relation *relation;
    int *columns; /* of the relation */
    int ncolumns, nkey;
    bool mirrored; /* in the mirror's file; else one row, for events that are alone */
    const char **indexes; /* what is between the brackets of CREATE INDEX */
    int nindexes;
};

/* A row of `table` leads to objects: its columns are the object, or the parameters of `sql`. */
struct touch {
    int table; /* kept */
    const char *sql; /* NULL: the columns are the object */
    int *columns;    /* of the kept table */
    int ncolumns;
    bool is_own; /* of the event's own table */
};

struct view {
    const char *name, *type;
    bool alone;
    const char *why; /* alone, or not */
    int of; /* kept */
    int nkey;
    int *key; /* columns of kept `of` that are :object */
    struct query query;
    struct query *lists;
    int nlists;
    struct touch *touches;
    int ntouches;
    bool *tables; /* which of the kept ones it needs */
};

struct views {
    struct arena arena;
    struct views_options options; /* its texts lie in the arena */
    struct kept *tables;
    int ntables;
    struct view *views;
    int nviews;
    struct buffer notes; /* what no index could help, for views_explain */
};

/* A connection with our functions; `path` NULL: in memory. */
enum status views_open_db(const struct views *v, const char *path, sqlite3 **out,
                          struct failure *f);
/* CREATE TABLE for these columns of `r`, the first nkey of them the key; nothing converts. */
void kept_add_create(const struct views *v, struct buffer *b, const char *name,
                     const struct relation *r, const int *columns, int ncolumns, int nkey);
int kept_column(const struct kept *k, int relation_column); /* -1 */
const char *kept_name(const struct kept *k, int column);
/* Finds the indexes that the statement could use and adds them to the kept tables; `db` has all
 * tables, empty, and the indexes found so far. */
enum status index_find(struct views *v, sqlite3 *db, const char *what, const char *sql,
                       const struct reads *r, struct failure *f);
/* Is all that the statement reads one row, found once by its whole primary key? */
enum status plan_reads_one_row(sqlite3 *db, const char *sql, int nkey, bool *out,
                               struct failure *f);

#endif
