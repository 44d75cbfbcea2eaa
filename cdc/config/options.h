/* Options: every key that the configuration file knows, in one list: the parser (form.c), `--help`
 * and docs/CONFIG.md come from it.
 *
 * fallback  what holds where the key is missing, written as in the file; "<...>" is computed and
 *           only shown; OPTIONAL: nothing; REQUIRED: must be there
 * min, max  of numbers, sizes (bytes) and times (ms)
 * form      what is written; of a CHOICE the allowed words, of LATER the only one accepted today
 */
#ifndef MILLRACE_CONFIG_OPTIONS_H
#define MILLRACE_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"

/* scope, how it is called in messages, title in help and docs */
#define SCOPES(X)                                                                                  \
    X(SCOPE_FILE, "the file", "The file")                                                          \
    X(SCOPE_SYSTEM, "a system", "A system: `systems: { NAME: {...} }`")                            \
    X(SCOPE_SERVER, "a MySQL or MariaDB server", "A server: `mysql: {...}`, `mariadb: {...}`")     \
    X(SCOPE_NULL, "null", "A target that only counts: `null: {...}`")                             \
    X(SCOPE_ROLE, "a role", "A role: `capture: {...}`, `apply: {...}`")                            \
    X(SCOPE_LINK, "a link", "A link: `links: [{...}]`")                                            \
    X(SCOPE_COPY, "first_copy", "The first copy: `first_copy: {...}`")                             \
    X(SCOPE_KEEP_LOG, "keep_log", "How far to hold the acknowledgement back: `keep_log: {...}`")   \
    X(SCOPE_TABLE, "a table", "A table: `tables: { SCHEMA.TABLE: {...} }`")                        \
    X(SCOPE_DICTIONARY, "a dictionary", "A dictionary: `dictionaries: { NAME: {...} }`")           \
    X(SCOPE_UNITS, "units", "Units: `units: {...}`")                                               \
    X(SCOPE_MASK_KEY, "a mask key", "A key of `mask`: `mask_keys: { NAME: {...} }`")               \
    X(SCOPE_EVENT, "an event", "An event: `events: { NAME: {...} }`")                              \
    X(SCOPE_LIST, "a list", "A list of an event: `lists: { FIELD: {...} }`")                       \
    X(SCOPE_FLOW, "a flow", "A flow: `flows: [{...}]`")                                            \
    X(SCOPE_WRITE, "a write", "A write: `write: [{...}]`, `gone: [{...}]`")

enum scope {
#define X(scope, called, title) scope,
    SCOPES(X)
#undef X
        SCOPES_COUNT
};

enum option_kind {
    OPTION_TEXT,
    OPTION_CHOICE,
    OPTION_INTEGER,
    OPTION_SIZE,  /* 64 MiB */
    OPTION_TIME,  /* 10 min */
    OPTION_MAPPING,
    OPTION_LIST,
    OPTION_ANY,   /* its reader judges */
    OPTION_LATER, /* of a later version: refused, but for the word in `form` */
};

#define OPTIONAL NULL
#define REQUIRED "<required>"
#define KiB      INT64_C(1024)
#define MiB      (1024 * KiB)
#define GiB      (1024 * MiB)
#define SECONDS  INT64_C(1000)
#define HOURS    (3600 * SECONDS)

/* id, scope, name, kind, fallback, min, max, form, meaning */
#define OPTIONS(X)                                                                                 \
    X(FILE_MILLRACE, SCOPE_FILE, "millrace", OPTION_INTEGER, REQUIRED, 1, 1, "1",                  \
      "version of the file's format")                                                              \
    X(FILE_SYSTEMS, SCOPE_FILE, "systems", OPTION_MAPPING, REQUIRED, 0, 0, "NAME: {...}",          \
      "the databases")                                                                             \
    X(FILE_LINKS, SCOPE_FILE, "links", OPTION_LIST, REQUIRED, 0, 0, "[{...}]",                     \
      "what goes from where to where")                                                             \
    X(FILE_SOCKET, SCOPE_FILE, "socket", OPTION_TEXT, "<this file's path>.sock", 1, 107, "path",   \
      "unix socket that `run` listens on")                                                         \
    X(FILE_STATE_DIR, SCOPE_FILE, "state_dir", OPTION_TEXT, "<this file's path>.state", 1, 4000,   \
      "path", "folder of what links with `flows` keep on disk: mirror and vocabulary of each")       \
    X(FILE_VOCABULARY, SCOPE_FILE, "vocabulary", OPTION_LIST, OPTIONAL, 0, 0, "[path]",            \
      "`.proto` files and descriptor sets: the types of events; `isa95/v1.proto` is Millrace's own") \
    X(FILE_DICTIONARIES, SCOPE_FILE, "dictionaries", OPTION_MAPPING, OPTIONAL, 0, 0,               \
      "NAME: {...}", "code maps, for `map`")                                                       \
    X(FILE_UNITS, SCOPE_FILE, "units", OPTION_ANY, OPTIONAL, 0, 0, "[1 kg = 1000 g] | {...}",      \
      "exact ratios, for `convert_unit`; a list alone is `ratios`")                                \
    X(FILE_MASK_KEYS, SCOPE_FILE, "mask_keys", OPTION_MAPPING, OPTIONAL, 0, 0, "NAME: {...}",      \
      "secrets, for `mask`")                                                                       \
    X(FILE_EVENTS, SCOPE_FILE, "events", OPTION_MAPPING, OPTIONAL, 0, 0, "NAME: {...}",            \
      "views over source tables, each with a name of its own")                                     \
                                                                                                   \
    X(SYSTEM_POSTGRESQL, SCOPE_SYSTEM, "postgresql", OPTION_TEXT, OPTIONAL, 1, 4096,               \
      "host=... dbname=...",                                                                       \
      "a PostgreSQL database: libpq's connection string, without user and password")               \
    X(SYSTEM_MYSQL, SCOPE_SYSTEM, "mysql", OPTION_MAPPING, OPTIONAL, 0, 0, "{host: ...}",          \
      "a MySQL server")                                                                            \
    X(SYSTEM_MARIADB, SCOPE_SYSTEM, "mariadb", OPTION_MAPPING, OPTIONAL, 0, 0, "{host: ...}",      \
      "a MariaDB server")                                                                          \
    X(SYSTEM_NULL, SCOPE_SYSTEM, "null", OPTION_ANY, OPTIONAL, 0, 0, "{...}",                         \
      "a target that only counts, to measure a source")                                            \
    X(SYSTEM_CAPTURE, SCOPE_SYSTEM, "capture", OPTION_MAPPING, OPTIONAL, 0, 0, "{user: ...}",      \
      "the role that reads log and tables; needed where a link reads from the system")             \
    X(SYSTEM_APPLY, SCOPE_SYSTEM, "apply", OPTION_MAPPING, OPTIONAL, 0, 0, "{user: ...}",          \
      "the role that writes; needed where a link writes to the system")                            \
    X(SYSTEM_ZONE, SCOPE_SYSTEM, "zone", OPTION_TEXT, "UTC", 1, 64, "Asia/Shanghai",               \
      "what a time without a zone means in this database")                                         \
    X(SYSTEM_ID, SCOPE_SYSTEM, "id", OPTION_INTEGER, "<drawn once, kept in the database>", 1,      \
      INT64_MAX, "number",                                                                         \
      "the system's id in markers and paths; for a source that may not be written to and cannot "  \
      "tell who it is")                                                                            \
                                                                                                   \
    X(SERVER_HOST, SCOPE_SERVER, "host", OPTION_TEXT, OPTIONAL, 1, 255, "name", "host to connect to") \
    X(SERVER_PORT, SCOPE_SERVER, "port", OPTION_INTEGER, "3306", 1, 65535, "number", "TCP port")   \
    X(SERVER_SOCKET, SCOPE_SERVER, "socket", OPTION_TEXT, OPTIONAL, 1, 107, "path",                \
      "unix socket, in place of host and port")                                                    \
    X(SERVER_DATABASE, SCOPE_SERVER, "database", OPTION_TEXT, OPTIONAL, 1, 64, "name",             \
      "default database of the connection; tables are always named `database.table`")              \
    X(SERVER_TLS, SCOPE_SERVER, "tls", OPTION_CHOICE, "<used where the server offers it>", 0, 0,   \
      "off | require | verify-full",                                                               \
      "`require` encrypts, `verify-full` also proves the server's name")                           \
    X(SERVER_CA, SCOPE_SERVER, "ca", OPTION_TEXT, "<the system's store>", 1, 4095, "path",         \
      "certificates that the server's must be signed by")                                          \
                                                                                                   \
    X(NULL_FROM, SCOPE_NULL, "from", OPTION_TEXT, "<the end of the source's log>", 1, 65536,       \
      "position", "where each start begins to read; of PostgreSQL, where the slot stands")         \
                                                                                                   \
    X(ROLE_USER, SCOPE_ROLE, "user", OPTION_TEXT, REQUIRED, 1, 255, "name", "the role's name")     \
    X(ROLE_PASSWORD_FILE, SCOPE_ROLE, "password_file", OPTION_TEXT, OPTIONAL, 1, 4095, "path",     \
      "file that holds the password, relative to this one")                                        \
    X(ROLE_PASSWORD_ENV, SCOPE_ROLE, "password_env", OPTION_TEXT, OPTIONAL, 1, 255, "NAME",        \
      "environment variable that holds the password")                                              \
                                                                                                   \
    X(LINK_BETWEEN, SCOPE_LINK, "between", OPTION_LIST, OPTIONAL, 0, 0, "[A, B]",                  \
      "a pair: two links, `A-B` and `B-A`, over the same tables")                                  \
    X(LINK_NAME, SCOPE_LINK, "name", OPTION_TEXT, "<FROM-TO>", 1, 48, "name",                      \
      "name of a link of one direction")                                                           \
    X(LINK_FROM, SCOPE_LINK, "from", OPTION_TEXT, OPTIONAL, 1, 48, "system", "the source")         \
    X(LINK_TO, SCOPE_LINK, "to", OPTION_TEXT, OPTIONAL, 1, 48, "system", "the target")             \
    X(LINK_WAS, SCOPE_LINK, "was", OPTION_ANY, OPTIONAL, 0, 0, "name",                             \
      "the link's former name, after a renaming; of a pair `[A, B]`: the systems' former names; "  \
      "names that follow from it (slot, a pair's publications) stay")                              \
    X(LINK_TABLES, SCOPE_LINK, "tables", OPTION_MAPPING, OPTIONAL, 0, 0,                           \
      "SCHEMA.TABLE: SCHEMA.TABLE",                                                                \
      "source table: target table; of a pair A's table: B's table; `*` and `?` in a name")         \
    X(LINK_EXCLUDE, SCOPE_LINK, "exclude", OPTION_LIST, OPTIONAL, 0, 0, "[SCHEMA.TABLE]",          \
      "source tables (of a pair A's) that no pattern takes; `*` and `?` in a name")                \
    X(LINK_FIRST_COPY, SCOPE_LINK, "first_copy", OPTION_ANY, REQUIRED, 0, 0,                       \
      "none | {from: SYSTEM, mode: to_empty} | {mode: merge}",                                     \
      "what happens to the rows that are there already")                                           \
    X(LINK_BUDGET, SCOPE_LINK, "budget", OPTION_SIZE, "64 MiB", 8 * MiB, 64 * GiB, "size",         \
      "memory of the link's batches; a larger transaction is streamed in pieces")                  \
    X(LINK_APPLY_MS, SCOPE_LINK, "apply_ms", OPTION_INTEGER, "100", 10, 60000, "number",           \
      "milliseconds that a target transaction aims to hold its row locks at most")                 \
    X(LINK_KEEP_LOG, SCOPE_LINK, "keep_log", OPTION_ANY, "none", 0, 0,                             \
      "10 min | 1 GiB | {time: ..., bytes: ...}",                                                  \
      "acknowledge this far behind, so that a target restored or failed over within it resumes "   \
      "by itself")   \
    X(LINK_COPY_READERS, SCOPE_LINK, "copy_readers", OPTION_INTEGER, "2", 1, COPY_READERS_MAX,     \
      "number",                                                                                    \
      "connections that read during the first copy")                                               \
    X(LINK_COPY_CHUNK_ROWS, SCOPE_LINK, "copy_chunk_rows", OPTION_INTEGER, "50000", 100, 10000000, \
      "number", "rows of a chunk, about; a kill reads at most one per reader again")               \
    X(LINK_IDLE_CHECKPOINT, SCOPE_LINK, "idle_checkpoint", OPTION_TIME, "10 s", 1 * SECONDS,       \
      1 * HOURS, "time", "how often an idle link writes its progress at most")                     \
    X(LINK_SLOT, SCOPE_LINK, "slot", OPTION_TEXT, "<millrace_LINK>", 1, 63, "name",                \
      "replication slot (PostgreSQL source); small letters, digits and _")                         \
    X(LINK_PUBLICATION, SCOPE_LINK, "publication", OPTION_TEXT, "<millrace_SYSTEM>", 1, 63,        \
      "name", "publication (PostgreSQL source); small letters, digits and _")                      \
    X(LINK_SERVER_ID, SCOPE_LINK, "server_id", OPTION_INTEGER, "<from the link's name>", 1,        \
      UINT32_MAX, "number", "replica's server id (MySQL or MariaDB source); unique at the server") \
    X(LINK_DDL, SCOPE_LINK, "ddl", OPTION_LATER, "stop", 0, 0, "stop",                             \
      "a change of a mapped table's layout stops the link")                                        \
    X(LINK_DELETES, SCOPE_LINK, "deletes", OPTION_LATER, "copy", 0, 0, "copy",                     \
      "deleted rows are deleted at the target")                                                    \
    X(LINK_CREATE_TABLES, SCOPE_LINK, "create_tables", OPTION_LATER, "false", 0, 0, "false",       \
      "target tables must be there")                                                               \
    X(LINK_CONFLICT, SCOPE_LINK, "conflict", OPTION_LATER, OPTIONAL, 0, 0, NULL,                   \
      "who wins where both sides changed a row; today such a row stops its link")                  \
    X(LINK_NEW_KEYS, SCOPE_LINK, "new_keys", OPTION_LATER, OPTIONAL, 0, 0, NULL,                   \
      "which side draws which keys")                                                               \
    X(LINK_FLOWS, SCOPE_LINK, "flows", OPTION_LIST, OPTIONAL, 0, 0, "[{...}]",                     \
      "events and what they write, in place of `tables`")                                          \
    X(LINK_RETRY_EVERY, SCOPE_LINK, "retry_every", OPTION_TIME, "10 s", 1 * SECONDS, 24 * HOURS,   \
      "time", "how often held events that wait are tried again; of a link with `flows`")           \
    X(LINK_ON_REFUSED, SCOPE_LINK, "on_refused", OPTION_CHOICE, "stop", 0, 0, "stop | quarantine", \
      "a row that the target refuses stops its link, or is held while all else goes on; of a link " \
      "with `tables`")                                                                             \
    X(LINK_QUARANTINE_LIMIT, SCOPE_LINK, "quarantine_limit", OPTION_INTEGER, "1000", 0, 1000000000, \
      "number", "more quarantined rows than this stop the link; with `on_refused: quarantine`")    \
                                                                                                   \
    X(COPY_FROM, SCOPE_COPY, "from", OPTION_TEXT, "<the link's source>", 1, 48, "system",          \
      "whose rows are copied; of a pair it must be given")                                         \
    X(COPY_MODE, SCOPE_COPY, "mode", OPTION_CHOICE, REQUIRED, 0, 0, "to_empty | none | merge",     \
      "`to_empty` (of `tables`): the target's tables must be empty; `merge` (of `flows`): every "  \
      "object is written, found by its key; `none`: both sides are equal already")                 \
                                                                                                   \
    X(KEEP_LOG_TIME, SCOPE_KEEP_LOG, "time", OPTION_TIME, OPTIONAL, 1, 720 * HOURS, "time",        \
      "acknowledge only what is older than this")                                                                  \
    X(KEEP_LOG_BYTES, SCOPE_KEEP_LOG, "bytes", OPTION_SIZE, OPTIONAL, 1, 1048576 * GiB, "size",    \
      "acknowledge only what has this much log behind it; with `time`, both must be so")                                                          \
                                                                                                   \
    X(TABLE_TO, SCOPE_TABLE, "to", OPTION_TEXT, REQUIRED, 1, 260, "SCHEMA.TABLE",                  \
      "the target table; `*` stands for what the pattern's `*` took")                              \
    X(TABLE_COLUMNS, SCOPE_TABLE, "columns", OPTION_MAPPING, OPTIONAL, 0, 0, "{SOURCE: TARGET}",   \
      "columns with another name at the target")                                                   \
    X(TABLE_DROP, SCOPE_TABLE, "drop", OPTION_LIST, OPTIONAL, 0, 0, "[COLUMN]",                    \
      "source columns that are not written; in links of one direction")                            \
    X(TABLE_CONSTANTS, SCOPE_TABLE, "constants", OPTION_MAPPING, OPTIONAL, 0, 0,                   \
      "{COLUMN: VALUE}",                                                                           \
      "target columns that always get this value; in links of one direction")                     \
                                                                                                   \
    X(DICTIONARY_FILE, SCOPE_DICTIONARY, "file", OPTION_TEXT, OPTIONAL, 1, 4095, "path",           \
      "CSV: code, value; relative to this file")                                                   \
    X(DICTIONARY_CODES, SCOPE_DICTIONARY, "codes", OPTION_MAPPING, OPTIONAL, 0, 0,                 \
      "{CODE: VALUE}", "in place of `file`; both are texts, whatever YAML makes of NO or 012")     \
    X(DICTIONARY_UNKNOWN, SCOPE_DICTIONARY, "unknown", OPTION_ANY, "fail", 0, 0,                   \
      "fail | quarantine | pass | {value: TEXT}", "what an unknown code does")                     \
    X(DICTIONARY_REVERSE, SCOPE_DICTIONARY, "reverse", OPTION_ANY, OPTIONAL, 0, 0,                 \
      "fail | quarantine | pass | {value: TEXT}",                                                  \
      "what an unknown value does in `unmap`, which is refused without it")                        \
                                                                                                   \
    X(UNITS_RATIOS, SCOPE_UNITS, "ratios", OPTION_LIST, OPTIONAL, 0, 0, "[1 kg = 1000 g]",         \
      "hold for every material")                                                                   \
    X(UNITS_MATERIALS, SCOPE_UNITS, "materials", OPTION_MAPPING, OPTIONAL, 0, 0,                   \
      "MATERIAL: [1 box = 12 pcs]", "hold for one material")                                       \
    X(UNITS_FILE, SCOPE_UNITS, "materials_file", OPTION_TEXT, OPTIONAL, 1, 4095, "path",           \
      "CSV: material, ratio; relative to this file")                                               \
    X(UNITS_UNKNOWN, SCOPE_UNITS, "unknown", OPTION_CHOICE, "quarantine", 0, 0,                    \
      "quarantine | fail", "what an unknown unit does")                                            \
                                                                                                   \
    X(MASK_KEY_FILE, SCOPE_MASK_KEY, "key_file", OPTION_TEXT, OPTIONAL, 1, 4095, "path",           \
      "file that holds the key, 16 bytes at least, relative to this one")                          \
    X(MASK_KEY_ENV, SCOPE_MASK_KEY, "key_env", OPTION_TEXT, OPTIONAL, 1, 255, "NAME",              \
      "environment variable that holds the key")                                                   \
                                                                                                   \
    X(EVENT_FROM, SCOPE_EVENT, "from", OPTION_TEXT, REQUIRED, 1, 48, "system", "whose tables are read") \
    X(EVENT_TYPE, SCOPE_EVENT, "type", OPTION_TEXT, "<the event's name>", 1, 128, "MESSAGE",        \
      "the message of the vocabulary that it makes; several events may make one")                  \
    X(EVENT_OF, SCOPE_EVENT, "of", OPTION_TEXT, REQUIRED, 1, 260, "TABLE",                         \
      "one object per row of this table; its primary key is :object in the SQL")                   \
    X(EVENT_KEY, SCOPE_EVENT, "key", OPTION_TEXT, REQUIRED, 1, 128, "field",                       \
      "the field by which the other side knows the object")                                        \
    X(EVENT_TOUCHED_BY, SCOPE_EVENT, "touched_by", OPTION_MAPPING, OPTIONAL, 0, 0,                 \
      "{TABLE: COLUMN}",                                                                           \
      "a change there: look again at the objects in this column, or that `select ... :column` gives") \
    X(EVENT_LOOKS_UP, SCOPE_EVENT, "looks_up", OPTION_LIST, OPTIONAL, 0, 0, "[TABLE]",             \
      "tables that are read, whose change alone sends nothing")                                    \
    X(EVENT_ASSEMBLED, SCOPE_EVENT, "assembled", OPTION_CHOICE, "false", 0, 0, "true | false",     \
      "its rows are mirrored even where the log alone would do: then a TRUNCATE is told too")      \
    X(EVENT_SQL, SCOPE_EVENT, "sql", OPTION_TEXT, REQUIRED, 1, 65536, "select ...",                \
      "SQLite; one row or none for an object; columns are fields, `__` between the parts of a path") \
    X(EVENT_LISTS, SCOPE_EVENT, "lists", OPTION_MAPPING, OPTIONAL, 0, 0, "{FIELD: {...}}",         \
      "repeated fields, each with a query of its own")                                             \
                                                                                                   \
    X(LIST_KEY, SCOPE_LIST, "key", OPTION_TEXT, REQUIRED, 1, 128, "field",                         \
      "tells one element from another")                                                            \
    X(LIST_SQL, SCOPE_LIST, "sql", OPTION_TEXT, REQUIRED, 1, 65536, "select ...",                  \
      "SQLite; one row, one element")                                                              \
                                                                                                   \
    X(FLOW_EVENT, SCOPE_FLOW, "event", OPTION_TEXT, REQUIRED, 1, 128, "NAME",                      \
      "an event of `events`, or a type: then all events of the link's source that make it")        \
    X(FLOW_LET, SCOPE_FLOW, "let", OPTION_TEXT, OPTIONAL, 1, 65536, "select ... from event",       \
      "SQLite; fields of this flow alone, as texts")                                                         \
    X(FLOW_TOGETHER, SCOPE_FLOW, "together", OPTION_CHOICE, "false", 0, 0, "true | false",         \
      "a held event holds all of its source transaction")                                          \
    X(FLOW_QUARANTINE_LIMIT, SCOPE_FLOW, "quarantine_limit", OPTION_INTEGER, "1000", 0, 1000000000, \
      "number", "more quarantined events of the flow than this stop the link")                                 \
    X(FLOW_WAIT_AT_MOST, SCOPE_FLOW, "wait_at_most", OPTION_TIME, "1 d", 1 * SECONDS,              \
      365 * 24 * HOURS, "time", "an event that has waited longer is quarantined: a person looks")  \
    X(FLOW_ON_DRIFT, SCOPE_FLOW, "on_drift", OPTION_CHOICE, "flag", 0, 0, "flag | restore",        \
      "a column that this flow writes was changed by another: count it, or write ours again")      \
    X(FLOW_WRITE, SCOPE_FLOW, "write", OPTION_LIST, REQUIRED, 0, 0, "[{...}]",                     \
      "what an event writes, in this order")                                                       \
    X(FLOW_GONE, SCOPE_FLOW, "gone", OPTION_LIST, OPTIONAL, 0, 0, "[{...}]",                       \
      "what is written when an object is no more, or has left the view")                           \
                                                                                                   \
    X(WRITE_TABLE, SCOPE_WRITE, "table", OPTION_TEXT, REQUIRED, 1, 260, "TABLE", "the target table") \
    X(WRITE_KEY, SCOPE_WRITE, "key", OPTION_ANY, REQUIRED, 0, 0, "COLUMN | [COLUMN]",              \
      "columns that find the row")                                                                 \
    X(WRITE_LINES, SCOPE_WRITE, "lines", OPTION_TEXT, OPTIONAL, 1, 128, "field",                   \
      "the repeated field whose elements are `line` in the SQL")                                   \
    X(WRITE_DO, SCOPE_WRITE, "do", OPTION_CHOICE, "<upsert; under gone: update>", 0, 0,            \
      "upsert | insert | update | delete", "what becomes of the row")                              \
    X(WRITE_ONCE, SCOPE_WRITE, "once", OPTION_LIST, OPTIONAL, 0, 0, "[COLUMN]",                    \
      "columns that are written at insert only")                                                   \
    X(WRITE_TOUCH, SCOPE_WRITE, "touch", OPTION_LIST, OPTIONAL, 0, 0, "[COLUMN]",                  \
      "columns that are written when another one is, and never a reason to write")                 \
    X(WRITE_ROUND, SCOPE_WRITE, "round", OPTION_MAPPING, OPTIONAL, 0, 0, "{COLUMN: half_up}",      \
      "how digits are lost that the column cannot hold; without it the event is quarantined")      \
    X(WRITE_IF_NO_ROW, SCOPE_WRITE, "if_no_row", OPTION_CHOICE, "quarantine", 0, 0,                \
      "wait | quarantine | skip", "the SQL gave no row for the event")                             \
    X(WRITE_IF_NO_TARGET, SCOPE_WRITE, "if_no_target", OPTION_CHOICE, "quarantine", 0, 0,          \
      "wait | quarantine | skip", "there is no row to update or delete")                           \
    X(WRITE_DELETE_MISSING_IN, SCOPE_WRITE, "delete_missing_in", OPTION_MAPPING, OPTIONAL, 0, 0,   \
      "{COLUMN: select ...}",                                                                      \
      "rows with these values that an event's lines did not give are deleted")                     \
    X(WRITE_SQL, SCOPE_WRITE, "sql", OPTION_TEXT, REQUIRED, 1, 65536, "select e.event, ...",       \
      "the target's SQL over `event` and `line`; columns are the target's")

enum option_id {
#define X(id, scope, name, kind, fallback, min, max, form, text) id,
    OPTIONS(X)
#undef X
        OPTIONS_COUNT
};

struct option {
    enum scope scope;
    const char *name;
    enum option_kind kind;
    const char *fallback;
    int64_t min, max;
    const char *form, *text;
};

extern const struct option options[OPTIONS_COUNT];

const char *scope_called(enum scope scope);
/* The option's id, or -1. */
int option_find(enum scope scope, const char *name);
/* The scope's option whose name is nearest to a misspelled one; NULL: none is near. */
const char *option_nearest(enum scope scope, const char *name);
bool option_required(const struct option *o);
/* "a, b, c": the names of a scope. */
void options_list(enum scope scope, struct buffer *out);
/* The tables of docs/CONFIG.md. */
void options_markdown(struct buffer *out);

#endif
