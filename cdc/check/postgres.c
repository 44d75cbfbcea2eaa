/* What is asked of PostgreSQL: data. Rows are (verdict, text[, what to run]). */
#include "check/internal.h"
#include "check/written.h"

#define VERDICT(condition)         "CASE WHEN " condition " THEN 'ok' ELSE 'MISSING' END, "
#define VERDICT_ELSE(c, otherwise) "CASE WHEN " c " THEN 'ok' ELSE '" otherwise "' END, "

/* Partitions come under the name of their root; system schemas and ours are never mapped. Unlogged
 * tables are listed, to say what is wrong with them. */
const char *const postgres_tables_sql =
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'"
    " AND n.nspname <> 'information_schema' AND n.nspname <> 'millrace'"
    " AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2";

/* ---- a server that is read; {slots}: array of the names of all slots to be on it ---- */

const struct check_row postgres_source_rows[] = {
    {.name = "version",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'ok', 'PostgreSQL ' || current_setting('server_version')"},
    {.name = "recovery",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "NOT pg_is_in_recovery()") "CASE WHEN pg_is_in_recovery() THEN 'the "
                                    "server is a standby: capture from the primary' ELSE 'the "
                                    "server is a primary' END"},
    {.name = "wal_level",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT("setting = 'logical'") "'wal_level is ' || setting"
                                                     " FROM pg_settings WHERE name = 'wal_level'",
     .run = "ALTER SYSTEM SET wal_level = logical; -- then restart the server"},
    {.name = "the capture role",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "may") "format('role %I %s the attribute REPLICATION', rolname,"
                " CASE WHEN may THEN 'has' ELSE 'lacks' END)"
                " FROM (SELECT rolname, rolreplication OR rolsuper AS may FROM pg_roles"
                "  WHERE rolname = current_user) r",
     .run = "ALTER ROLE {role} REPLICATION;"},
    {.name = "max_replication_slots",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN free > wanted THEN 'ok' WHEN free = wanted THEN 'warn'"
            " ELSE 'MISSING' END,"
            " format('max_replication_slots: %s of %s are free; wanted are %s for links that have"
            " none yet, and 1 while a copy runs', free, total, wanted),"
            " format('ALTER SYSTEM SET max_replication_slots = %s; -- then restart the server',"
            "  total + wanted + 1 - free)"
            " FROM (SELECT total, total - (SELECT count(*) FROM pg_replication_slots) AS free,"
            "  (SELECT count(*) FROM unnest({slots}) w WHERE NOT EXISTS"
            "   (SELECT FROM pg_replication_slots WHERE slot_name = w)) AS wanted"
            "  FROM (SELECT current_setting('max_replication_slots')::int AS total) t) n"},
    {.name = "max_wal_senders",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN free > wanted THEN 'ok' WHEN free = wanted THEN 'warn'"
            " ELSE 'MISSING' END,"
            " format('max_wal_senders: %s of %s are free; wanted are %s for links that do not run,"
            " and 1 while a copy runs', free, total, wanted),"
            " format('ALTER SYSTEM SET max_wal_senders = %s; -- then restart the server',"
            "  total + wanted + 1 - free)"
            " FROM (SELECT total, total - (SELECT count(*) FROM pg_stat_replication) AS free,"
            "  (SELECT count(*) FROM unnest({slots}) w WHERE NOT EXISTS"
            "   (SELECT FROM pg_replication_slots WHERE slot_name = w AND active)) AS wanted"
            "  FROM (SELECT current_setting('max_wal_senders')::int AS total) t) n"},
    /* Our walsender answers only what is durable at the target: as a synchronous standby it would
     * hold up every COMMIT of the applications. */
    {.name = "synchronous_standby_names",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "bad IS NULL") "CASE WHEN bad IS NULL THEN"
                        " 'synchronous_standby_names does not match us'"
                        " ELSE format('synchronous_standby_names is %L, which takes Millrace for a "
                        "standby:"
                        " every commit of the applications would wait for it', names) END"
                        " FROM (SELECT current_setting('synchronous_standby_names') AS names) s"
                        " LEFT JOIN LATERAL (SELECT n AS bad FROM "
                        "regexp_split_to_table(regexp_replace("
                        "   regexp_replace(s.names, '^\\s*((FIRST|ANY)\\s+)?\\d*\\s*\\(', '', 'i'),"
                        "   '\\)\\s*$', ''), ',') n"
                        "  WHERE btrim(n, '\" ') = '*' OR lower(btrim(n, '\" ')) LIKE 'millrace%' "
                        "LIMIT 1) b"
                        " ON true",
     .run = "ALTER SYSTEM SET synchronous_standby_names = '...'; SELECT pg_reload_conf(); -- with "
            "the standbys' own names in place of *"},
    {.name = "max_slot_wal_keep_size",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN setting::bigint < 0 THEN 'warn' ELSE 'ok' END,"
            " CASE WHEN setting::bigint < 0 THEN 'max_slot_wal_keep_size has no limit: while a"
            " link stands still, the log it needs fills the disk'"
            " ELSE 'max_slot_wal_keep_size is ' || current_setting('max_slot_wal_keep_size') ||"
            " ': a link that falls further behind loses its place and must be copied again' END"
            " FROM pg_settings WHERE name = 'max_slot_wal_keep_size'",
     .run = "ALTER SYSTEM SET max_slot_wal_keep_size = '...'; SELECT pg_reload_conf(); -- what "
            "the disk can spare; a link that falls further behind is lost instead"},
    {.name = "wal_sender_timeout",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT_ELSE(
         "setting::int > 0",
         "warn") "'wal_sender_timeout is ' || current_setting('wal_sender_timeout')"
                 " || CASE WHEN setting::int > 0 THEN '' ELSE ': the server keeps the slot of a "
                 "dead"
                 " connection busy, so that the link cannot come back' END"
                 " FROM pg_settings WHERE name = 'wal_sender_timeout'",
     .run = "ALTER SYSTEM SET wal_sender_timeout = '60s'; SELECT pg_reload_conf();"},
    {.name = "fsync",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT_ELSE(
         "setting = 'on'", "warn") "'fsync is ' || setting || CASE WHEN setting = 'on' THEN '' "
                                   "ELSE ': after a crash the"
                                   " server may have lost what the link has carried on already' END"
                                   " FROM pg_settings WHERE name = 'fsync'",
     .run = "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();"},
    {0},
};

/* ---- a link; {slot}, {publication}: literals; {publication_name}, {table_list}: as SQL;
 *      {table_rows}: VALUES of (schema, name) ---- */

#define MAPPED                                                                                     \
    "t AS (SELECT c.oid, n.nspname, c.relname, pg_has_role(c.relowner, 'USAGE') AS mine,"          \
    "  c.relkind = 'p' AS partitioned,"                                                            \
    "  CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END"                                           \
    "  || format('%I.%I', n.nspname, c.relname) AS name"                                           \
    "  FROM ({table_rows}) v(s, r) JOIN pg_namespace n ON n.nspname = v.s"                         \
    "  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.r"                              \
    "  WHERE c.relkind IN ('r', 'p'))"

const struct check_row postgres_link_rows[] = {
    {.name = "the slot",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN slot_name IS NULL THEN 'ok'"
            "  WHEN plugin = 'pgoutput' AND slot_type = 'logical' AND NOT temporary"
            "   AND database = current_database() AND wal_status <> 'lost' THEN 'ok'"
            "  ELSE 'MISSING' END,"
            " CASE WHEN slot_name IS NULL THEN format('slot %s is not there yet: run makes it', w)"
            "  WHEN wal_status = 'lost' THEN format('slot %s is lost: the server has removed log"
            " that the link needs; `millrace remove` the link and copy again', w)"
            "  WHEN plugin = 'pgoutput' AND slot_type = 'logical' AND NOT temporary"
            "   AND database = current_database() THEN format('slot %s is there, %s, %s of log"
            " behind', w, CASE WHEN active THEN 'in use by pid ' || active_pid ELSE 'not in use'"
            " END, pg_size_pretty(pg_current_wal_lsn() - confirmed_flush_lsn))"
            "  ELSE format('slot %s is another one: plugin %s, database %s; give the link another"
            " name for its slot (slot:)', w, plugin, database) END"
            " FROM (SELECT {slot}::name AS w) w LEFT JOIN pg_replication_slots s"
            " ON s.slot_name = w.w"},
    {.name = "running transactions",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'warn', format('making the slot waits for a transaction that runs since %s: pid"
            " %s, user %s, %s', xact_start::timestamptz(0), pid, usename, state)"
            " FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
            " AND xact_start < now() - interval '1 min'"
            " AND NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = {slot})"
            " UNION ALL SELECT 'warn', format('making the slot waits for the prepared transaction"
            " %L', gid) FROM pg_prepared_xacts WHERE NOT EXISTS"
            " (SELECT FROM pg_replication_slots WHERE slot_name = {slot})"},
    {.name = "the publication",
     .engines = ON_POSTGRES,
     .sql = "WITH " MAPPED " SELECT CASE WHEN may THEN 'ok' ELSE 'MISSING' END,"
            " 'publication ' || {publication} || ' is not there yet: ' || CASE WHEN may"
            "  THEN 'run makes it' ELSE 'the capture role may not make it (it lacks ' ||"
            "   CASE WHEN may_create THEN 'ownership of ' || (SELECT count(*) FROM t WHERE NOT"
            "   mine) || ' tables)' ELSE 'CREATE on the database)' END END,"
            " 'CREATE PUBLICATION {publication_name} FOR TABLE ' || (SELECT string_agg(name, ', '"
            "  ORDER BY name) FROM t) || ' WITH (publish_via_partition_root = true);"
            " -- as the tables'' owner'"
            " FROM (SELECT may_create, may_create AND NOT EXISTS (SELECT FROM t WHERE NOT mine)"
            "   AS may FROM (SELECT has_database_privilege(current_database(), 'CREATE')"
            "   AS may_create) c) m"
            " WHERE NOT EXISTS (SELECT FROM pg_publication WHERE pubname = {publication})"},
    {.name = "the publication's tables",
     .engines = ON_POSTGRES,
     .sql = "WITH " MAPPED ", missing AS (SELECT t.* FROM t WHERE NOT EXISTS"
            "  (SELECT FROM pg_publication_tables p WHERE p.pubname = {publication}"
            "   AND p.schemaname = t.nspname AND p.tablename = t.relname))"
            " SELECT CASE WHEN n = 0 OR may THEN 'ok' ELSE 'MISSING' END,"
            " format('publication %s is there, ', {publication}) || CASE WHEN n = 0 THEN"
            "  'with all mapped tables' ELSE format('without %s of the mapped tables: ', n) ||"
            "  CASE WHEN may THEN 'run adds them' ELSE 'the capture role may not add them' END END,"
            " 'ALTER PUBLICATION {publication_name} ADD TABLE ' || list || ';"
            " -- as the owner of both'"
            " FROM (SELECT count(*) AS n, string_agg(name, ', ' ORDER BY name) AS list,"
            "  coalesce(bool_and(mine), true) AND (SELECT pg_has_role(pubowner, 'USAGE')"
            "   FROM pg_publication WHERE pubname = {publication}) AS may FROM missing) m"
            " WHERE EXISTS (SELECT FROM pg_publication WHERE pubname = {publication})"},
    {.name = "the publication's operations",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN whole THEN 'ok' ELSE 'MISSING' END, CASE WHEN whole"
            " THEN 'it publishes all operations' ELSE 'it does not publish all operations' END"
            " FROM (SELECT pubinsert AND pubupdate AND pubdelete AND pubtruncate AS whole"
            "  FROM pg_publication WHERE pubname = {publication}) p",
     .run = "ALTER PUBLICATION {publication_name} SET (publish = 'insert, update, delete, "
            "truncate');"},
    {.name = "the publication's partitions",
     .engines = ON_POSTGRES,
     .sql = "WITH " MAPPED " SELECT CASE WHEN pubviaroot THEN 'ok' ELSE 'MISSING' END,"
            " CASE WHEN pubviaroot THEN 'it publishes partitions under their root'"
            " ELSE 'it publishes partitions under names of their own, which are not mapped' END"
            " FROM pg_publication WHERE pubname = {publication}"
            " AND EXISTS (SELECT FROM t WHERE partitioned)",
     .run = "ALTER PUBLICATION {publication_name} SET (publish_via_partition_root = true);"},
    {.name = "the publication's filters",
     .engines = ON_POSTGRES,
     .since = 150000,
     .sql = "SELECT 'MISSING', format('the publication has a row filter or a column list on %s:"
            " changes would be missing', r.prrelid::regclass),"
            " format('ALTER PUBLICATION %I DROP TABLE %s; ALTER PUBLICATION %I ADD TABLE %s;',"
            "  p.pubname, r.prrelid::regclass, p.pubname, r.prrelid::regclass)"
            " FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid"
            " WHERE p.pubname = {publication} AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL)"},
    {0},
};

/* ---- a table that is read; {schema}, {name}: literals; {table}, {schema_name}: as SQL ---- */

#define THE_TABLE                                                                                  \
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"                               \
    " WHERE n.nspname = {schema} AND c.relname = {name}"

const struct check_row postgres_source_table_rows[] = {
    {.name = "privileges",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "may") "CASE WHEN may THEN 'may be read' ELSE 'the capture role may"
                " not read it' END FROM (SELECT has_schema_privilege(n.oid, 'USAGE') AND"
                " has_table_privilege(c.oid, 'SELECT') AS may" THE_TABLE ") p",
     .run = "GRANT USAGE ON SCHEMA {schema_name} TO {role}; GRANT SELECT ON {table} TO {role};"},
    {.name = "persistence",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'MISSING', 'is unlogged: its changes are in no log'" THE_TABLE
            " AND c.relpersistence = 'u'",
     .run = "ALTER TABLE {table} SET LOGGED;"},
    {.name = "row security",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'MISSING', 'row security hides rows from the capture role: a copy would "
            "fail'" THE_TABLE " AND row_security_active(c.oid)",
     .run = "ALTER ROLE {role} BYPASSRLS;"},
    /* A published table without a way to tell its rows apart: the *server* then refuses UPDATE and
     * DELETE, the applications' too. */
    {.name = "replica identity",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN full_image AND NOT has_key THEN 'warn' WHEN full_image OR has_index"
            "  THEN 'ok' ELSE 'MISSING' END,"
            " CASE WHEN full_image AND NOT has_key THEN 'has no key: each update and delete looks"
            " for its row by all columns, which is slow in a large table, and of equal rows one is"
            " as good as another'"
            "  WHEN full_image THEN 'replica identity full'"
            "  WHEN has_index THEN 'replica identity by index'"
            "  ELSE 'nothing identifies its rows (' || CASE WHEN relreplident = 'n' THEN 'REPLICA"
            " IDENTITY NOTHING' WHEN has_key THEN 'its key is DEFERRABLE' ELSE 'no primary key' END"
            " || '): once it is published, the server refuses every UPDATE and DELETE on it' END,"
            " CASE WHEN full_image THEN 'ALTER TABLE {table} ADD PRIMARY KEY (...);'"
            "  WHEN has_key AND relreplident = 'n' THEN 'ALTER TABLE {table} REPLICA IDENTITY"
            " DEFAULT;'"
            "  ELSE 'ALTER TABLE {table} REPLICA IDENTITY FULL; -- or better: ADD PRIMARY KEY"
            " (...)' END"
            " FROM (SELECT c.relreplident, c.relreplident = 'f' AS full_image,"
            "  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"
            "   AS has_key,"
            "  c.relreplident <> 'n' AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid"
            "   AND i.indimmediate AND CASE c.relreplident WHEN 'd' THEN i.indisprimary"
            "   ELSE i.indisreplident END) AS has_index" THE_TABLE ") x"},
    /* The log's old rows are as the partition's identity says, its messages as the table's says. */
    {.name = "replica identity of partitions",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'MISSING', format('partition %s has another REPLICA IDENTITY (%s) than its"
            " table (%s)', l.oid::regclass, l.relreplident, c.relreplident),"
            " format('ALTER TABLE %s REPLICA IDENTITY ...; -- the same as that of {table}',"
            "  l.oid::regclass)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,"
            " LATERAL pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid"
            " WHERE n.nspname = {schema} AND c.relname = {name} AND c.relkind = 'p' AND p.isleaf"
            " AND l.relreplident <> c.relreplident"},
    {.name = "partitions",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'note', 'is partitioned: what is done to a partition as a whole (TRUNCATE of it"
            " alone, ATTACH, DETACH, DROP) is not in the log under the table''s name, and must be"
            " done on both sides'" THE_TABLE " AND c.relkind = 'p'"},
    {.name = "inheritance",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'note', 'has child tables by inheritance: they are tables of their own, to be"
            " mapped by themselves'" THE_TABLE " AND c.relkind = 'r' AND EXISTS"
            " (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)"},
    {0},
};

/* ---- a server that is written ---- */

const struct check_row postgres_target_rows[] = {
    {.name = "version",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'ok', 'PostgreSQL ' || current_setting('server_version')"},
    {.name = "recovery",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "NOT pg_is_in_recovery()") "CASE WHEN pg_is_in_recovery() THEN 'the "
                                    "server is a standby: nothing can be written' ELSE 'the server "
                                    "takes writes' END"},
    {.name = "schema millrace",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "may") "CASE WHEN may THEN 'schema millrace is not there yet: run"
                " makes it' ELSE 'schema millrace is not there, and the apply role may not make it'"
                " END FROM (SELECT has_database_privilege(current_database(), 'CREATE') AS may) p"
                " WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'millrace')",
     .run = "CREATE SCHEMA millrace AUTHORIZATION {role};"},
    {.name = "tables of schema millrace",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "there = 5 OR may_create") "CASE WHEN there = 5 THEN 'schema millrace"
                                    " is there' WHEN may_create THEN 'schema millrace is there; "
                                    "run makes its tables'"
                                    " ELSE 'schema millrace has not all its tables, and the apply "
                                    "role may not make them'"
                                    " END, 'GRANT USAGE, CREATE ON SCHEMA millrace TO {role};' "
                                    "FROM (SELECT"
                                    "  has_schema_privilege(n.oid, 'USAGE, CREATE') AS may_create, "
                                    "(SELECT count(*) FROM"
                                    "   pg_class c WHERE c.relnamespace = n.oid AND c.relname IN"
                                    "   ('system', 'link', 'checkpoint', 'chunk', 'held')) AS there"
                                    "  FROM pg_namespace n WHERE n.nspname = 'millrace') s"},
    {.name = "table millrace.held",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'MISSING', 'table millrace.held was made by an earlier build and lacks columns: "
            "look at its rows, then drop it; run makes it anew' FROM pg_class c JOIN pg_namespace n"
            "  ON n.oid = c.relnamespace WHERE n.nspname = 'millrace' AND c.relname = 'held' AND"
            "  NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
            "  AND a.attname = 'envelope' AND NOT a.attisdropped)",
     .run = "DROP TABLE millrace.held;"},
    {.name = "privileges on schema millrace",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "may") "CASE WHEN may THEN 'its tables may be written' ELSE 'the apply"
                " role may not write all of its tables' END FROM (SELECT bool_and("
                "   has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') "
                "AND"
                "   has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') "
                "AND"
                "   has_table_privilege(c.oid, 'DELETE')) AS may FROM pg_class c JOIN pg_namespace "
                "n"
                "  ON n.oid = c.relnamespace WHERE n.nspname = 'millrace' AND c.relname IN"
                "  ('system', 'link', 'checkpoint', 'chunk', 'held')) p WHERE may IS NOT NULL",
     .run = "GRANT USAGE ON SCHEMA millrace TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL "
            "TABLES IN SCHEMA millrace TO {role};"},
    {.name = "fsync",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT_ELSE("setting = 'on'",
                                   "warn") "'fsync is ' || setting || CASE WHEN setting = 'on' "
                                           "THEN '; synchronous_commit is set by"
                                           " each of our sessions' ELSE ': what was acknowledged "
                                           "to the source may be lost here"
                                           " in a crash' END FROM pg_settings WHERE name = 'fsync'",
     .run = "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();"},
    {.name = "full_page_writes",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'warn', 'full_page_writes is off: a crash may damage pages here after they were"
            " acknowledged to the source' FROM pg_settings WHERE name = 'full_page_writes'"
            " AND setting = 'off'",
     .run = "ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf();"},
    {0},
};

/* ---- a table that is written ---- */

const struct check_row postgres_target_table_rows[] = {
    {.name = "privileges",
     .engines = ON_POSTGRES,
     .sql = "SELECT " VERDICT(
         "may") "CASE WHEN may THEN 'may be written' ELSE 'the apply role may"
                " not read and write it' END FROM (SELECT has_schema_privilege(n.oid, 'USAGE') AND"
                " has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND"
                " has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') AS "
                "may" THE_TABLE ") p",
     .run =
         "GRANT USAGE ON SCHEMA {schema_name} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON "
         "{table} TO {role};"},
    WRITTEN_IS_LOGGED,
    WRITTEN_SHOWS_ALL_ROWS,
    {.name = "rules",
     .engines = ON_POSTGRES,
     .sql =
         "SELECT 'MISSING', format('has the rule %I, which rewrites our statements', r.rulename),"
         " format('DROP RULE %I ON {table};', r.rulename) FROM pg_rewrite r JOIN pg_class c ON"
         " c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace"
         " WHERE n.nspname = {schema} AND c.relname = {name} AND c.relkind IN ('r', 'p')"
         " AND r.ev_enabled IN ('O', 'A', 'R')"},
    /* Under session_replication_role = replica the recheck at COMMIT is off: two equal values may
     * come to stand. */
    {.name = "deferrable unique keys",
     .engines = ON_POSTGRES,
     .sql =
         "SELECT 'warn', format('the unique key %I is DEFERRABLE: where triggers and foreign"
         " keys are silenced for our session, the server does not check it at COMMIT', k.conname)"
         " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n"
         " ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname = {name}"
         " AND k.contype IN ('u', 'p', 'x') AND k.condeferrable"},
    {.name = "triggers that always fire",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'warn', format('the trigger %I is ENABLE %s: it fires for the rows that we"
            " write, too; what it writes comes on top', g.tgname, CASE g.tgenabled WHEN 'A' THEN"
            " 'ALWAYS' ELSE 'REPLICA' END), format('ALTER TABLE {table} ENABLE TRIGGER %I;',"
            " g.tgname) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname = {name}"
            " AND NOT g.tgisinternal AND g.tgenabled IN ('A', 'R')"},
    {.name = "sequences",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'note', format('%I draws its values from a sequence, which rows that come"
            " through a link do not move: before an application inserts here too, run: SELECT"
            " setval(%L, (SELECT max(%I) FROM {table}));', a.attname, s, a.attname)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " CROSS JOIN LATERAL (SELECT pg_get_serial_sequence("
            "  format('%I.%I', n.nspname, c.relname), a.attname) AS s) q"
            " WHERE n.nspname = {schema} AND c.relname = {name} AND s IS NOT NULL"},
    {0},
};

/* Where triggers stay on, since the source's log lacks the rows that its cascades changed. */
const struct check_row postgres_trigger_rows[] = {
    {.name = "triggers",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'warn', format('the trigger %I fires for the rows that we write, too; what it"
            " writes comes on top of what the source''s own trigger wrote', g.tgname),"
            " format('ALTER TABLE {table} DISABLE TRIGGER %I; -- if the source has it already',"
            " g.tgname) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname = {name}"
            " AND NOT g.tgisinternal AND g.tgenabled = 'O'"},
    {0},
};
