/* Views: the definitions of events, checked and compiled.
 *
 * An event is a query over source tables. Its parameter `:object` is one row of the table `of`: the
 * query says what is known of that object, or nothing where it is none (any more). Its lists are
 * queries of their own with the same parameter. Where `of` is known by several columns, each is a
 * parameter `:object_<column>`.
 *
 * Two ways to evaluate one, chosen here and told by views_explain:
 *   alone      it reads nothing but its own row, once, by its primary key, and the log gives whole
 *              old rows: evaluated on the row before and the row after; nothing is stored
 *   assembled  all else: evaluated over the mirror (mirror.h), compared with what was last emitted
 *
 * Tables go by their names without schema; of two that have one name none can be read.
 *
 * Ownership: everything of a definition is copied, except the relations, which must outlive the
 * views. Immutable when compiled; one thread at a time compiles, any may read.
 */
#ifndef MILLRACE_MIRROR_VIEWS_H
#define MILLRACE_MIRROR_VIEWS_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/fail.h"
#include "model/relation.h"

struct buffer;
struct views;

/* From a changed row of `table` to the objects to look at again, by its old and its new values. */
struct touch_definition {
    const char *table;
    const char *by; /* a column that holds the object, or a SELECT of objects, whose parameters */
                    /* are columns of the changed row: "select id from t where lot_id = :id" */
};

struct list_definition {
    const char *name;
    const char *key; /* the field that tells the elements apart */
    const char *sql;
};

struct event_definition {
    const char *name; /* unique in its link */
    const char *type; /* of the event; NULL: the name. Several definitions may make one type */
    const char *of;
    const char *const *of_key; /* columns that are :object; none: the primary key */
    int nof_key;
    const char *key; /* the field by which the other side knows the object */
    const struct touch_definition *touched_by;
    int ntouched_by;
    const char *const *looks_up; /* tables whose change alone sends nothing */
    int nlooks_up;
    const struct list_definition *lists;
    int nlists;
    const char *sql;
    bool assembled; /* not alone, even where it could be (a TRUNCATE must send GONE) */
};

/* What views take from outside. Each may be NULL; `context` is passed to all. */
struct views_options {
    void *context;
    /* Adds functions and collations to a new connection. A function that cannot state an object
     * ends with any error; one whose mapping is wrong for every object, with SQLITE_ABORT. */
    enum status (*functions)(void *context, sqlite3 *db, struct failure *f);
    /* Judges a statement that was prepared on a connection with empty tables. */
    enum status (*guard)(void *context, sqlite3 *db, const char *sql, bool reads_decimal,
                         struct failure *f);
    /* The kind of an event's field, for comparing (list NULL: of the event itself). ABSENT: not
     * known; then it is the kind of the column that the field shows unchanged, if any. */
    enum value_kind (*field_kind)(void *context, const char *type, const char *list,
                                  const char *field);
    const char *decimal_collation; /* that `functions` registers; columns of decimals have it */
};

/* CONFIG with the event, the statement and what is wrong with it. */
enum status views_compile(const struct event_definition *events, int nevents,
                          const struct relation *const *relations, int nrelations,
                          const struct views_options *options, struct views **out,
                          struct failure *f);
void views_free(struct views *v);
/* How each event is evaluated and why, what the mirror holds, its indexes, what is read whole. */
void views_explain(const struct views *v, struct buffer *out);
/* Does any event need the mirror's file? */
bool views_need_file(const struct views *v);

/* What the events say: their names and fields, in the order of the definitions. `list` -1: the
 * event's own fields, else those of that list. */
int views_nevents(const struct views *v);
const char *views_event_name(const struct views *v, int event);
const char *views_event_type(const struct views *v, int event);
int views_nlists(const struct views *v, int event);
const char *views_list_name(const struct views *v, int event, int list);
int views_nfields(const struct views *v, int event, int list);
const char *views_field(const struct views *v, int event, int list, int field);
/* The source's column that the field shows unchanged; NULL: it is computed. */
const struct column *views_shown(const struct views *v, int event, int list, int field);
/* The field by which the other side knows the object. */
const char *views_event_key(const struct views *v, int event);

bool views_event_is_alone(const struct views *v, int event);
const struct relation *views_event_of(const struct views *v, int event);

/* Tables that events read alone: no mirror holds them. */
int views_nalone(const struct views *v);
const struct relation *views_alone_table(const struct views *v, int i);

/* Tables that the first copy must bring, and of each the columns: indexes of `relation`. */
int views_ntables(const struct views *v);
const struct relation *views_table(const struct views *v, int i);
int views_ncolumns(const struct views *v, int i);
int views_column(const struct views *v, int i, int column);

#endif
