/* Internal: what the files of the MySQL source share. The picture:
 *
 *   source.c          the driver: control session, tables, life            (the link's thread)
 *   settings.c        what the server must be set to                       (the link's thread)
 *   position.c        positions: text, order, the log's end, still there?  (any thread)
 *   tail.c            the thread that follows the log                      (its own, and below)
 *     dump.c          its connection: what is sent before the first event, errors of the stream
 *     events.c        one event -> what it means for the open transaction
 *       layouts.c     TABLE_MAP -> relation, from the log and the catalog
 *       statement.c   just enough of SQL: which tables does a statement change (pure)
 *       emit.c        rows and ends of transactions -> the intake
 *   snapshot.c        consistent views; bounds.c: key ranges as text; chunk.c: reading one range
 */
#ifndef MILLRACE_MYSQL_INTERNAL_H
#define MILLRACE_MYSQL_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include "db/mysql/my.h"
#include "model/source.h"
#include "mysql/binlog.h"
#include "state/marker.h"
#include "state/request.h"

/* ---- position.c ---- */
enum position_form { POSITION_NONE, POSITION_MYSQL, POSITION_MARIADB, POSITION_FILE };
enum { POSITION_FILE_BYTES = 256, POSITION_TEXT_MAX = 64 * 1024 * 1024 };

struct file_position {
    char file[POSITION_FILE_BYTES];
    uint64_t offset;
};

/* An empty set of GTIDs is spelled "none". */
enum position_form position_form(const char *text);
/* The set that a position of GTIDs is. */
enum status position_set(const char *text, bool mariadb, struct gtid_set **out, struct failure *f);
enum status position_file(const char *text, struct file_position *out, struct failure *f);
void position_write_set(const struct gtid_set *s, struct buffer *out); /* clears `out` first */
void position_write_file(const struct file_position *p, struct buffer *out);
enum position_order position_compare(const char *a, const char *b);
/* The server's own text of a set (with newlines) -> a position. */
enum status position_normal(const char *text, bool mariadb, struct arena *a, const char **out,
                            struct failure *f);
enum status position_end(struct source *s, struct my *my, struct arena *a, const char **out);
enum status position_check(struct source *s, const char *position);

/* ---- statement.c ---- */
enum statement_kind {
    STATEMENT_OTHER, /* changes no row, and no table's layout */
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_SAVEPOINT,
    STATEMENT_ROLLBACK_TO,
    STATEMENT_XA_START,
    STATEMENT_XA_END,
    STATEMENT_XA, /* COMMIT, ROLLBACK: of a prepared one */
    STATEMENT_TRUNCATE,
    STATEMENT_DDL,           /* names: the tables it changes, drops, renames or replaces */
    STATEMENT_DROP_DATABASE, /* names[0].schema */
    STATEMENT_DML, /* rows, by statement: names: every name in it, as table and qualified */
};
struct statement {
    enum statement_kind kind;
    const char *verb; /* "ALTER TABLE" */
    struct table_name *names;
    int nnames;
    bool whole_table; /* DML: DELETE FROM t, nothing more: names[0] is the only one */
    bool additive;    /* ALTER TABLE: of names[0] alone, no row nor column that was there changes */
};
/* Memory: `a`. `lower`: names become lower case (lower_case_table_names). */
void statement_read(const char *sql, size_t size, const char *database, bool lower, struct arena *a,
                    struct statement *out);

/* ---- layouts.c ---- */
enum layout_role {
    LAYOUT_UNWANTED,
    LAYOUT_WANTED,
    LAYOUT_OURS,
    LAYOUT_CHECKPOINT,
    LAYOUT_REQUEST, /* of a link that wants requests; else ours */
};
struct marker_columns {
    int link, lane, seq, root, path;
};
struct request_columns {
    int link, event, key;
};
struct layout;
struct layouts {
    struct arena arena; /* wanted layouts: as long as the source */
    struct layout *all; /* hash by the TABLE_MAP's bytes */
    unsigned nunwanted;
    unsigned nwanted; /* wanted layouts that were ever met */
    unsigned passed;  /* of these, before the DDL that a person let pass */
    struct altered *altered; /* tables whose ALTER TABLE passed */
    struct {
        uint64_t id;
        struct layout *layout;
    } * active; /* of the open statement */
    int nactive, active_capacity;
};
struct tail;
void layouts_free(struct layouts *l);
/* A TABLE_MAP: known from now on by its id, until layouts_end_statement. */
enum status layouts_met(struct tail *t, struct reader body);
/* A person's word: wanted tables may look otherwise from here on. */
void layouts_pass_ddl(struct layouts *l);
/* A wanted table has been altered, additively: its next layout tells what that was. */
void layouts_note_alter(struct layouts *l, const char *schema, const char *name);
struct layout *layouts_find(const struct layouts *l, uint64_t id);
void layouts_end_statement(struct layouts *l);
enum layout_role layout_role(const struct layout *l);
const struct table_map *layout_map(const struct layout *l);
const struct marker_columns *layout_marker(const struct layout *l);
const struct request_columns *layout_request(const struct layout *l);
/* The relation of a wanted table as the log showed it last, else as the catalog has it. */
enum status layouts_relation(struct tail *t, const char *schema, const char *name,
                             const struct relation **out);

/* ---- tail.c ---- */
struct described; /* source.c */
struct group { /* a transaction as the log has it: a GTID and what follows it */
    bool open; /* a GTID or BEGIN was met, the end not yet */
    bool has_gtid;
    bool begun; /* inside BEGIN .. COMMIT; else the next statement is all of it */
    bool xa;
    bool emitted; /* a transaction is open in the intake */
    bool moved;   /* it changed something outside `millrace` */
    struct gtid gtid;
    int64_t committed_us;
    uint64_t bytes;
};

struct tail {
    struct source *source;
    const struct source_options *options;
    bool mariadb, lower_case;
    struct failure failure; /* of the thread */
    struct marker_guard *guard;
    struct my *catalog; /* opened when a layout is met first */

    pthread_t thread;
    bool started;
    atomic_bool done;
    pthread_mutex_t gate; /* the intake is touched only with the gate open: see tail_enter */
    pthread_cond_t has_room;
    bool stopping;
    struct my *dump;

    const struct described *described; /* what the link knew of its tables at the start */
    char *from;
    struct gtid_set *set; /* position: NULL without GTIDs */
    struct file_position at;
    struct buffer position; /* text of the position after the last group */
    struct buffer root;
    bool wants_checksum, checksum;
    bool to_end; /* the dump ends at the log's end */
    struct group group;
    struct layouts layouts;
    struct arena scratch; /* of one event */
};

void tail_init(struct tail *t, struct source *s);
void tail_free(struct tail *t); /* stops and joins */
enum status tail_start(struct tail *t, const char *position, struct marker_guard *guard);
void tail_stop(struct tail *t);
bool tail_stopped(struct tail *t);
void tail_room(struct tail *t);
/* Between enter and leave, stop has not returned. STOPPED after it. */
enum status tail_enter(struct tail *t);
void tail_leave(struct tail *t);
/* The same, as soon as the intake has room: for what takes any. */
enum status tail_enter_room(struct tail *t);

/* ---- dump.c ---- */
enum status dump_open(struct tail *t);
void dump_close(struct tail *t);
/* The next event's bytes, valid until the next call; size 0 at the end where `to_end`. */
enum status dump_next(struct tail *t, const uint8_t **event, size_t *size);
/* MySQL, GTIDs: `low` and all that the log holds beyond it now, as a position: how far a stream
 * from `low` would come. */
enum status dump_log_end(struct source *s, const char *low, struct arena *a, const char **out);

/* ---- events.c ---- */
enum status event_met(struct tail *t, const uint8_t *data, size_t size);

/* ---- emit.c ---- */
enum status emit_rows(struct tail *t, const struct layout *l, struct binlog_rows *rows,
                      uint64_t log_bytes);
enum status emit_truncate(struct tail *t, const struct relation *r);
enum status emit_request(struct tail *t, const struct request *r);
/* The group is an echo: what was emitted of it turns quiet. Pieces of it that have been handed over
 * stay what they were. */
enum status emit_turn_quiet(struct tail *t);
/* The group's end: its transaction's, where rows were emitted, else progress. */
enum status emit_end(struct tail *t);
/* A transaction without rows: for one that a person passes knowingly. */
enum status emit_empty(struct tail *t);
/* The open group has no end in the log: what was emitted of it is forgotten. False: too late, a
 * piece of it has been handed over. */
enum status emit_abandon(struct tail *t, bool *done);
/* The position that the open group will end at. */
const char *emit_position_after(struct tail *t);
enum status emit_progress(struct tail *t); /* the position alone (a new file) */
/* For errors: "uuid:77", "0-1-77" or "binlog.000003:4711". Memory: scratch. */
const char *emit_group_name(struct tail *t);

/* ---- source.c ---- */
struct source {
    struct source_options options;
    struct my *my; /* the control session, on the link's thread */
    bool mariadb, gtids, lower_case;
    struct arena arena;
    struct described *described;
    const struct table_name *tables; /* that are mapped: from prepare */
    int ntables;
    struct tail tail;
};
/* What the link was told of a table; NULL: nothing. `first`: s->described at some time: the list
 * only grows at its head. */
const struct relation *source_described(const struct described *first, const char *schema,
                                        const char *name);
/* Is it the schema of a mapped table? */
bool source_wants_schema(const struct source *s, const char *schema);

/* ---- settings.c ---- */
enum status my_settings_check(struct source *s);

/* ---- snapshot.c, chunk.c ---- */
/* Their contracts are the driver's (model/source.h). */
enum status my_snapshot_open(struct source *s, int readers, const char *from, bool exact,
                             struct snapshot **out);
int my_snapshot_readers(struct snapshot *p);
const char *my_snapshot_low(struct snapshot *p);
const char *my_snapshot_high(struct snapshot *p);
struct my *my_snapshot_reader(struct snapshot *p, int reader);
struct chunk_reader *my_snapshot_chunk(struct snapshot *p, int reader);
void my_snapshot_close(struct snapshot *p);
enum status my_snapshot_bounds(struct snapshot *p, const struct relation *r, int64_t rows,
                               struct arena *a, const char ***bounds, int *n);
struct chunk_reader {
    MYSQL_RES *result;
    const struct relation *relation;
};
void my_chunk_close(struct chunk_reader *c);
enum status my_chunk_open(struct snapshot *p, int reader, const struct relation *r, const char *low,
                          const char *high, struct failure *f);
enum status my_chunk_next(struct snapshot *p, int reader, struct batch *b, size_t bytes, bool *end,
                          struct failure *f);

#endif
