/* What is asked of MySQL and MariaDB: data. Rows are (verdict, text[, what to run]). */
#include <stdlib.h>
#include <string.h>
#include "check/internal.h"
#include "check/written.h"

#define VERDICT(condition) "if(" condition ", 'ok', 'MISSING'), "

const char *const mysql_tables_sql =
    "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
    " WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ('mysql',"
    " 'sys', 'information_schema', 'performance_schema', 'millrace') ORDER BY 1, 2";

/* ---- a server that is read ---- */

/* A GLOBAL that must have one value: name, value, what for. */
#define MUST_BE(variable, value, why)                                                              \
    "SELECT " VERDICT("@@global." variable " = '" value "'") "concat('" variable                   \
                                                             " is ', @@global." variable           \
                                                             ", if(@@global." variable             \
                                                             " = '" value "', '', '" why "'))"
#define SET_GLOBAL(variable, value)                                                                \
    "SET GLOBAL " variable " = '" value "'; and in my.cnf: [mysqld] " variable " = " value

const struct check_row mysql_source_rows[] = {
    {.name = "version",
     .engines = ON_MYSQL,
     .before = 80001,
     .sql = "SELECT 'MISSING', concat('MySQL ', version(), ' is too old: 8.0.1 or later')"},
    {.name = "version",
     .engines = ON_MYSQL,
     .since = 80001,
     .sql = "SELECT 'ok', concat('MySQL ', version())"},
    {.name = "version",
     .engines = ON_MARIADB,
     .before = 100500,
     .sql = "SELECT 'MISSING', concat('MariaDB ', version(), ' is too old: 10.5 or later')"},
    {.name = "version",
     .engines = ON_MARIADB,
     .since = 100500,
     .sql = "SELECT 'ok', concat('MariaDB ', version())"},
    {.name = "log_bin",
     .engines = ON_MY,
     .sql =
         "SELECT " VERDICT("@@global.log_bin") "if(@@global.log_bin, 'log_bin is ON',"
                                               " 'log_bin is OFF: the server keeps no binary log')",
     .run = "in my.cnf: [mysqld] log_bin = binlog, server_id = 1 -- then restart the server"},
    {.name = "binlog_format",
     .engines = ON_MY,
     .sql = MUST_BE("binlog_format", "ROW", ": statements are logged, not rows"),
     .run = SET_GLOBAL("binlog_format", "ROW") " -- then reconnect the applications"},
    {.name = "binlog_row_image",
     .engines = ON_MY,
     .sql = "SELECT " VERDICT(
         "@@global.binlog_row_image IN ('FULL', 'FULL_NODUP')") "concat('binlog_row_image is ', "
                                                                "@@global.binlog_row_image,"
                                                                " if(@@global.binlog_row_image IN "
                                                                "('FULL', 'FULL_NODUP'), '',"
                                                                " ': columns are left out of the "
                                                                "log'))",
     .run = SET_GLOBAL("binlog_row_image", "FULL") " -- then reconnect the applications"},
    {.name = "binlog_row_metadata",
     .engines = ON_MYSQL,
     .since = 80001,
     .sql = MUST_BE("binlog_row_metadata", "FULL", ": the log does not name columns and keys"),
     .run = SET_GLOBAL("binlog_row_metadata", "FULL")},
    {.name = "binlog_row_metadata",
     .engines = ON_MARIADB,
     .since = 100500,
     .sql = MUST_BE("binlog_row_metadata", "FULL", ": the log does not name columns and keys"),
     .run = SET_GLOBAL("binlog_row_metadata", "FULL")},
    {.name = "binlog_order_commits",
     .engines = ON_MYSQL,
     .sql = "SELECT if(@@global.binlog_order_commits, 'ok', 'MISSING'),"
            " if(@@global.binlog_order_commits, 'binlog_order_commits is ON',"
            " 'binlog_order_commits is OFF: the sets of executed GTIDs have holes')",
     .run = SET_GLOBAL("binlog_order_commits", "ON")},
    {.name = "gtid_mode",
     .engines = ON_MYSQL,
     .sql = "SELECT if(@@global.gtid_mode = 'ON', 'ok', 'warn'), concat('gtid_mode is ',"
            " @@global.gtid_mode, if(@@global.gtid_mode = 'ON', '', ': positions are file and"
            " offset, which mean nothing on a server that takes over'))",
     .run = "SET GLOBAL enforce_gtid_consistency = ON; then gtid_mode OFF_PERMISSIVE, "
            "ON_PERMISSIVE, ON, one after the other; and both in my.cnf"},
    {.name = "gtid_strict_mode",
     .engines = ON_MARIADB,
     .sql = "SELECT if(@@global.gtid_strict_mode, 'ok', 'warn'), if(@@global.gtid_strict_mode,"
            " 'gtid_strict_mode is ON', 'gtid_strict_mode is OFF: the server takes GTIDs out of"
            " order, which cannot be told apart from lost log')",
     .run = "SET GLOBAL gtid_strict_mode = ON; and in my.cnf: [mysqld] gtid_strict_mode = ON"},
    {.name = "partial JSON",
     .engines = ON_MYSQL,
     .sql =
         "SELECT 'ok', concat('binlog_row_value_options is ''', @@global.binlog_row_value_options,"
         " ''': partial JSON is understood where row images are FULL')"},
    {.name = "compression",
     .engines = ON_MYSQL,
     .since = 80020,
     .sql = "SELECT 'ok', 'compressed transactions are understood' FROM DUAL"
            " WHERE @@global.binlog_transaction_compression"},
    {.name = "compression",
     .engines = ON_MARIADB,
     .sql = "SELECT 'ok', 'compressed events are understood' FROM DUAL"
            " WHERE @@global.log_bin_compress"},
    {.name = "sync_binlog",
     .engines = ON_MY,
     .sql = "SELECT if(@@global.sync_binlog = 1, 'ok', 'warn'), concat('sync_binlog is ',"
            " @@global.sync_binlog, if(@@global.sync_binlog = 1, '', ': after a power cut the"
            " server may have lost what a link has carried on already'))",
     .run = SET_GLOBAL("sync_binlog", "1")},
    {.name = "innodb_flush_log_at_trx_commit",
     .engines = ON_MY,
     .sql = "SELECT if(@@global.innodb_flush_log_at_trx_commit = 1, 'ok', 'warn'),"
            " concat('innodb_flush_log_at_trx_commit is ',"
            " @@global.innodb_flush_log_at_trx_commit)",
     .run = SET_GLOBAL("innodb_flush_log_at_trx_commit", "1")},
    {.name = "binlog expiry",
     .engines = ON_MYSQL,
     .sql = "SELECT if(@@global.binlog_expire_logs_seconds BETWEEN 1 AND 86399, 'warn', 'ok'),"
            " if(@@global.binlog_expire_logs_seconds = 0, 'the binary log is never removed: mind"
            " the disk', concat('the binary log is kept for ',"
            " round(@@global.binlog_expire_logs_seconds / 3600, 1), ' hours: a link that stands"
            " still for longer must be copied again'))",
     .run = SET_GLOBAL("binlog_expire_logs_seconds", "604800")},
    {.name = "binlog expiry",
     .engines = ON_MARIADB,
     .since = 100601,
     .sql = "SELECT if(@@global.binlog_expire_logs_seconds BETWEEN 1 AND 86399, 'warn', 'ok'),"
            " if(@@global.binlog_expire_logs_seconds = 0, 'the binary log is never removed: mind"
            " the disk', concat('the binary log is kept for ',"
            " round(@@global.binlog_expire_logs_seconds / 3600, 1), ' hours: a link that stands"
            " still for longer must be copied again'))",
     .run = SET_GLOBAL("binlog_expire_logs_seconds", "604800")},
    {0},
};

/* ---- a table that is read; {schema}, {name}: literals; {table}: as SQL ---- */

#define THE_TABLE                                                                                  \
    " FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {name}"

const struct check_row mysql_source_table_rows[] = {
    {.name = "privileges",
     .engines = ON_MY,
     .sql = "SELECT 1 FROM {table} LIMIT 0",
     .done = "may be read",
     .refused = "the capture role may not read it",
     .run = "GRANT SELECT ON {table} TO {role};"},
    {.name = "engine",
     .engines = ON_MY,
     .sql = "SELECT if(e.TRANSACTIONS = 'YES', 'ok', 'warn'), concat('engine ', t.ENGINE,"
            " if(e.TRANSACTIONS = 'YES', '', ', not transactional: what it logs may stand apart"
            " from the transaction that wrote it'))"
            " FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE ="
            " t.ENGINE WHERE t.TABLE_SCHEMA = {schema} AND t.TABLE_NAME = {name}",
     .run = "ALTER TABLE {table} ENGINE = InnoDB;"},
    {.name = "system versions",
     .engines = ON_MARIADB,
     .sql = "SELECT 'MISSING', 'is system-versioned: its log holds rows of its history among its"
            " own'" THE_TABLE " AND TABLE_TYPE = 'SYSTEM VERSIONED'",
     .run = "ALTER TABLE {table} DROP SYSTEM VERSIONING; -- or leave the table out"},
    {0},
};

/* A table that the first copy locks against writes for a moment: MySQL, where the table has no key,
 * the target's foreign keys hold, or the server has no GTIDs. */
const struct check_row mysql_lock_rows[] = {
    {.name = "LOCK TABLES",
     .engines = ON_MYSQL,
     .sql = "SELECT if(count(*) > 0, 'ok', if(coalesce(CURRENT_ROLE(), 'NONE') <> 'NONE', 'warn',"
            " 'MISSING')), if(count(*) > 0, 'may be locked', 'the first copy locks it against"
            " writes for a moment, since it has no key, foreign keys hold at the target, or the"
            " server has no GTIDs; the capture role may not') FROM (SELECT PRIVILEGE_TYPE"
            "  FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = {grantee} UNION ALL SELECT PRIVILEGE_TYPE FROM"
            "  information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = {grantee}"
            "  AND {schema} LIKE TABLE_SCHEMA) p WHERE PRIVILEGE_TYPE = 'LOCK TABLES'",
     .run = "GRANT LOCK TABLES ON {schema_name}.* TO {role};"},
    {0},
};

/* ---- a server that is written; {grantee}: the role as a literal ---- */

/* What the role holds by GRANTs of its own; what a role of MySQL's brings is not seen here. */
#define MAY_CREATE                                                                                 \
    "(SELECT count(*) FROM (SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES"         \
    "  WHERE GRANTEE = {grantee} UNION ALL SELECT PRIVILEGE_TYPE"                                  \
    "  FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = {grantee}"                        \
    "  AND 'millrace' LIKE TABLE_SCHEMA) p WHERE PRIVILEGE_TYPE = 'CREATE')"

#define GRANT_MILLRACE                                                                             \
    "CREATE DATABASE IF NOT EXISTS millrace; GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON "     \
    "millrace.* TO {role};"

const struct check_row mysql_target_rows[] = {
    {.name = "version",
     .engines = ON_MY,
     .sql = "SELECT 'ok', concat(if(version() LIKE '%MariaDB%', 'MariaDB ', 'MySQL '), version())"},
    {.name = "read_only",
     .engines = ON_MY,
     .sql = "SELECT " VERDICT(
         "@@global.read_only = 0") "if(@@global.read_only = 0, 'the server"
                                   " takes writes', 'read_only is ON: is it a replica?')",
     .run = "SET GLOBAL read_only = OFF; -- or name the primary"},
    {.name = "database millrace",
     .engines = ON_MY,
     .sql = "SELECT if(" MAY_CREATE " > 0, 'ok', if(coalesce(CURRENT_ROLE(), 'NONE') <> 'NONE',"
            " 'warn', 'MISSING')), if(" MAY_CREATE " > 0, 'database millrace is not there yet: run"
            " makes it', 'database millrace is not there, and nothing that is granted to the apply"
            " role itself lets it make it')"
            " FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.SCHEMATA"
            " WHERE SCHEMA_NAME = 'millrace')",
     .run = GRANT_MILLRACE},
    {.name = "tables of database millrace",
     .engines = ON_MY,
     .sql = "SELECT if(there = 6 OR may > 0, 'ok', 'MISSING'), if(there = 6, 'database millrace is"
            " there', if(may > 0, 'database millrace is there; run makes its tables', 'database"
            " millrace has not all its tables, or the apply role may not see them, and it may not"
            " make them')) FROM (SELECT (SELECT count(*) FROM information_schema.TABLES WHERE"
            "  TABLE_SCHEMA = 'millrace' AND TABLE_NAME IN ('system', 'link', 'checkpoint',"
            "  'chunk', 'held', 'request')) AS there, " MAY_CREATE " AS may FROM"
            "  information_schema.SCHEMATA WHERE SCHEMA_NAME = 'millrace') s",
     .run = GRANT_MILLRACE},
    {.name = "table millrace.held",
     .engines = ON_MY,
     .sql = "SELECT 'MISSING', 'table millrace.held was made by an earlier build and lacks columns:"
            " look at its rows, then drop it; run makes it anew' FROM information_schema.TABLES t"
            " WHERE t.TABLE_SCHEMA = 'millrace' AND t.TABLE_NAME = 'held' AND NOT EXISTS (SELECT 1"
            " FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = 'millrace' AND"
            " c.TABLE_NAME = 'held' AND c.COLUMN_NAME = 'envelope')",
     .run = "DROP TABLE millrace.held;"},
    {.name = "durability",
     .engines = ON_MY,
     .sql = "SELECT if(@@global.innodb_flush_log_at_trx_commit = 1, 'ok', 'warn'),"
            " concat('innodb_flush_log_at_trx_commit is ',"
            " @@global.innodb_flush_log_at_trx_commit,"
            " if(@@global.innodb_flush_log_at_trx_commit = 1, '', ': what was acknowledged to the"
            " source may be lost here in a crash'))",
     .run = SET_GLOBAL("innodb_flush_log_at_trx_commit", "1")},
    {.name = "sync_binlog",
     .engines = ON_MY,
     .sql = "SELECT if(@@global.sync_binlog = 1, 'ok', 'warn'), concat('sync_binlog is ',"
            " @@global.sync_binlog, if(@@global.sync_binlog = 1, '', ': after a crash the server"
            " may take back what it had committed but not logged'))"
            " FROM DUAL WHERE @@global.log_bin",
     .run = SET_GLOBAL("sync_binlog", "1")},
    {.name = "max_allowed_packet",
     .engines = ON_MY,
     .sql = "SELECT if(@@global.max_allowed_packet >= 16777216, 'ok', 'warn'),"
            " concat('max_allowed_packet is ', @@global.max_allowed_packet div 1048576, ' MiB: a"
            " larger row cannot be written')",
     .run = SET_GLOBAL("max_allowed_packet", "67108864")},
    {0},
};

/* ---- a table that is written; {columns}: those that may be written, {column}: the first ---- */

/* EXPLAIN asks for the privileges of the statement, and runs nothing. */
const struct check_row mysql_target_table_rows[] = {
    {.name = "SELECT",
     .engines = ON_MY,
     .sql = "SELECT 1 FROM {table} LIMIT 0",
     .done = "may be read",
     .refused = "the apply role may not read it",
     .run = "GRANT SELECT ON {table} TO {role};"},
    {.name = "INSERT",
     .engines = ON_MY,
     .sql = "EXPLAIN INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}",
     .done = "may be inserted into",
     .refused = "the apply role may not insert into it",
     .run = "GRANT INSERT ON {table} TO {role};"},
    {.name = "UPDATE",
     .engines = ON_MY,
     .sql = "EXPLAIN UPDATE {table} SET {column} = {column}",
     .done = "updated",
     .refused = "the apply role may not update it",
     .run = "GRANT UPDATE ON {table} TO {role};"},
    WRITTEN_MY_MAY_DELETE,
    WRITTEN_IS_TRANSACTIONAL,
    {.name = "charsets",
     .engines = ON_MY,
     .sql = "SELECT 'warn', concat('column ', COLUMN_NAME, ' is ', CHARACTER_SET_NAME, ': other"
            " characters are refused, row by row'), concat('ALTER TABLE {table} MODIFY `',"
            " replace(COLUMN_NAME, '`', '``'), '` ', COLUMN_TYPE, ' CHARACTER SET utf8mb4 ...;')"
            " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {name}"
            " AND CHARACTER_SET_NAME NOT IN ('utf8mb4', 'binary')"},
    {.name = "unique keys by collation",
     .engines = ON_MY,
     .sql = "SELECT 'warn', concat('the unique key ', s.INDEX_NAME, ' compares ', c.COLUMN_NAME,"
            " ' by ', c.COLLATION_NAME, ': values that differ by case or accent alone are one"
            " here; where the source tells them apart, the link stops')"
            " FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c"
            " ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME"
            " AND c.COLUMN_NAME = s.COLUMN_NAME WHERE s.TABLE_SCHEMA = {schema}"
            " AND s.TABLE_NAME = {name} AND s.NON_UNIQUE = 0 AND c.COLLATION_NAME LIKE '%\\_ci'"},
    {.name = "auto_increment",
     .engines = ON_MY,
     .sql = "SELECT 'note', concat(COLUMN_NAME, ' is AUTO_INCREMENT: rows that come through a link"
            " move it on; where applications insert on both sides, their keys must be kept apart"
            " (auto_increment_increment, auto_increment_offset)')"
            " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {name}"
            " AND EXTRA LIKE '%auto_increment%'"},
    {0},
};

/* ---- what is no single value ---- */

static const char *status_sql(const struct check_side *side)
{
    bool renamed = side->engine == ENGINE_MYSQL && side->version >= 80200;
    return renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

/* A filter keeps changes of whole databases out of the log, in silence. */
static void check_filters(struct check *k, const struct rows *status)
{
    const char *only = rows_cell(status, 0, 2), *ignored = rows_cell(status, 0, 3);
    bool filtered = (only && *only) || (ignored && *ignored);
    report_add(k->report, filtered ? VERDICT_MISSING : VERDICT_OK,
               "take binlog_do_db and binlog_ignore_db out of my.cnf -- then restart the server",
               filtered ? "binlog_do_db or binlog_ignore_db keeps changes out of the log"
                        : "all databases are logged");
}

static void check_server_ids(struct check *k, struct check_side *side, uint32_t server_id)
{
    bool fine = true;
    for (int i = 0; i < k->config->nlinks; i++) {
        const struct link_config *a = k->links[i].lc;
        if (k->links[i].from != side)
            continue;
        if (a->server_id == server_id) {
            report_add(k->report, VERDICT_MISSING, NULL,
                       "link %s reads as server_id %u, which is "
                       "the server's own; give the link another one (server_id:)",
                       a->name, a->server_id);
            fine = false;
        }
        for (int j = 0; j < i; j++) {
            const struct link_config *b = k->links[j].lc;
            if (k->links[j].from != side || a->server_id != b->server_id)
                continue;
            report_add(k->report, VERDICT_MISSING, NULL,
                       "links %s and %s read as one server_id, "
                       "%u: the server cuts one of them off; give one another (server_id:)",
                       a->name, b->name, a->server_id);
            fine = false;
        }
    }
    if (fine)
        report_add(k->report, VERDICT_OK, NULL,
                   "the links' server_ids differ from each other and "
                   "from the server's, which is %u",
                   server_id);
}

static const char *status_privilege(const struct check_side *side)
{
    return side->engine == ENGINE_MARIADB ? "BINLOG MONITOR" : "REPLICATION CLIENT";
}

/* Without GTIDs a position is what this statement says. */
static enum status status_refused(struct check *k, struct check_side *side)
{
    bool gtids = true;
    if (k->failure.code != ERROR_PRIVILEGE)
        return check_failed(k, side, "the binary log's status");
    TRY(check_mysql_gtids(k, side, &gtids));
    const char *run =
        arena_format(&k->arena, "GRANT %s ON *.* TO %s;", status_privilege(side), side->role);
    report_add(k->report, gtids ? VERDICT_WARN : VERDICT_MISSING, run,
               "the capture role lacks %s: %s", status_privilege(side),
               gtids ? "whether all databases are logged cannot be seen"
                     : "without GTIDs it is needed to know where the log ends");
    return STATUS_OK;
}

enum status check_mysql_gtids(struct check *k, struct check_side *side, bool *has)
{
    struct rows rows;
    *has = true;
    if (side->engine == ENGINE_MARIADB)
        return STATUS_OK;
    if (session_query(side->session, &k->arena, &rows, "SELECT @@global.gtid_mode", 0, NULL) !=
        STATUS_OK)
        return check_failed(k, side, "gtid_mode");
    *has = strcmp(rows_cell(&rows, 0, 0), "ON") == 0;
    return STATUS_OK;
}

enum status check_mysql_source(struct check *k, struct check_side *side)
{
    struct rows rows;
    if (session_query(side->session, &k->arena, &rows, "SELECT @@global.server_id", 0, NULL) !=
        STATUS_OK)
        return check_failed(k, side, "server_id");
    check_server_ids(k, side, (uint32_t)strtoul(rows_cell(&rows, 0, 0), NULL, 10));
    if (session_query(side->session, &k->arena, &rows, status_sql(side), 0, NULL) != STATUS_OK)
        return status_refused(k, side);
    if (rows.nrows == 1 && rows.ncolumns >= 4)
        check_filters(k, &rows);
    return STATUS_OK;
}
