/* PostgreSQL sink, between its files:
 *
 *   sink.c        the driver: connection, transaction, the pipeline and its answers
 *   opening.c     how a transaction begins: marker, checkpoint
 *   statements.c  SQL texts of sets, prepared once per relation, operation and columns
 *   arrays.c      columns of a set as arrays in PostgreSQL's binary form
 *   copy.c        large inserts by COPY
 *   row.c         one change at once: the row mode
 *   park.c        unique values put out of the way
 */
#ifndef MILLRACE_SINKS_POSTGRES_INTERNAL_H
#define MILLRACE_SINKS_POSTGRES_INTERNAL_H

#include "base/buffer.h"
#include "db/postgres/pg.h"
#include "model/sink.h"

enum { STATEMENT_BUCKETS = 256 };

/* How a column travels in an array parameter. */
enum wire { WIRE_TEXT, WIRE_INT8, WIRE_BYTEA };

struct statement { /* relation, op and columns: of a set's only */
    struct statement *next;
    const struct relation *relation;
    enum set_op op;
    bool *columns; /* which columns it writes; NULL for DELETE */
    bool prepared;
    char name[24];
    int nparams;
};

/* What an answer in the pipeline must be. */
struct pending {
    const struct relation *relation; /* NULL: no table of the user's */
    struct statement *prepares;      /* PREPARE of it */
    const char *doing;
    int64_t expected; /* rows; -1: any number */
    bool fence;       /* the checkpoint's insert: a duplicate is a second engine */
};

enum { PENDING_MAX = 512 };

struct sink {
    struct sink_options o;
    struct pg *pg;
    struct arena arena;   /* relations and statements, for the sink's life */
    struct arena scratch; /* of one call */
    struct statement *statements[STATEMENT_BUCKETS];
    struct statement marker, checkpoint;
    unsigned names;
    struct relation_entry *relations;
    const struct checkpoint *opening; /* of a transaction that is to be opened; NULL: it is open */
    bool hurries;   /* commits do not wait for the disk */
    bool savepoint; /* one is set in this transaction */
    bool pipeline; /* libpq is in pipeline mode, with unanswered statements */
    struct pending pending[PENDING_MAX];
    int npending;
    struct buffer sql, data;
};

/* sink.c */
enum status sink_send(struct sink *s, const struct pending *p, const char *sql, int n,
                      const char *const *values);
enum status sink_sent(struct sink *s, const struct pending *p); /* after an own PQsend... */
enum status sink_settle(struct sink *s);
/* The same, prepared once. */
enum status sink_send_prepared(struct sink *s, const struct pending *p, struct statement *st,
                               const char *sql, int n, const char *const *values);
/* Is the answer what was expected? */
enum status sink_judge(struct sink *s, const struct pending *p, PGresult *res);
/* " = ", or the operator of the column's own schema where its type brings one (citext): with an
 * empty search path a plain = would be another, which no index serves. */
void add_equals(struct sink *s, const struct relation *r, int column, struct buffer *b);
enum status sink_count(struct sink *s, const struct relation *r, const char *doing,
                       int64_t expected, int64_t found);

/* A parameter's text. */
static inline const char *number(struct arena *a, int64_t n)
{
    return arena_format(a, "%lld", (long long)n);
}

/* opening.c */
/* In the pipeline: BEGIN, marker, checkpoint, if they are still to be sent. */
enum status opening_send(struct sink *s);
/* The same as the beginning of a text of several statements, and their answers: a statement that
 * fails keeps those behind it from running. */
void opening_write(struct sink *s, struct buffer *sql);
enum status opening_read(struct sink *s);

/* statements.c */
/* Prepares `sql` under a name of its own, once. */
enum status statement_prepare(struct sink *s, struct statement *st, const char *sql);
void add_table(struct buffer *b, const struct relation *r);
/* The column's type without its modifier, which an explicit cast would apply by cutting. */
void add_cast(struct buffer *b, const struct column *c);
enum wire column_wire(const struct column *c);
/* A column that an update may name without changing it; NULL where there is none. */
const struct column *untouched_column(const struct relation *r);
enum status statement_send(struct sink *s, const struct row_set *set);
/* Does any row of the set get another key than the one that finds it? */
bool set_changes_key(const struct row_set *set);

/* arrays.c: one array parameter, appended to `out` */
enum status array_write(const struct column *c, int index, struct value *const *rows, uint32_t n,
                        struct buffer *out, struct failure *f);

/* copy.c */
enum status copy_set(struct sink *s, const struct row_set *set);

/* row.c */
enum status row_write(struct sink *s, const struct change *c);
/* " WHERE key = ..." by the columns of `row`; parameters are appended to `params`. */
struct row_params {
    const char **values;
    int n;
};
enum status row_param(struct sink *s, struct row_params *p, const struct column *c,
                      const struct value *v, struct buffer *sql);
enum status row_where_key(struct sink *s, struct row_params *p, const struct relation *r,
                          const struct value *row, struct buffer *sql);
/* "(id, site) = (5, 'P1')" in the scratch arena: for errors. */
const char *row_key_text(struct sink *s, const struct relation *r, const struct value *row);

/* park.c */
enum status row_park(struct sink *s, const struct change *c, const struct value **parked_key);

#endif
