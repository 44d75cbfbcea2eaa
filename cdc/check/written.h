/* Rows of checks for a table that a link writes, be it row by row (postgres.c, mysql.c) or from
 * events (events_rights.c). Names: {schema}, {name}, {table}, {role}. */
#ifndef MILLRACE_CHECK_WRITTEN_H
#define MILLRACE_CHECK_WRITTEN_H

#define WRITTEN_IS_LOGGED                                                                          \
    {                                                                                              \
        .name = "persistence", .engines = ON_POSTGRES,                                             \
        .sql = "SELECT 'MISSING', 'is unlogged: a crash of the server empties it, while the"       \
               " checkpoint stays' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"  \
               " WHERE n.nspname = {schema} AND c.relname = {name} AND c.relpersistence = 'u'",    \
        .run = "ALTER TABLE {table} SET LOGGED;"                                                   \
    }

#define WRITTEN_SHOWS_ALL_ROWS                                                                     \
    {                                                                                              \
        .name = "row security", .engines = ON_POSTGRES,                                            \
        .sql = "SELECT 'MISSING', 'row security applies to the apply role' FROM pg_class c"        \
               " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {schema}"         \
               " AND c.relname = {name} AND row_security_active(c.oid)",                           \
        .run = "ALTER ROLE {role} BYPASSRLS;"                                                      \
    }

/* A write to another engine is logged, and stays, apart from the transaction with our marker. */
#define WRITTEN_IS_TRANSACTIONAL                                                                   \
    {                                                                                              \
        .name = "engine", .engines = ON_MY,                                                        \
        .sql = "SELECT if(e.TRANSACTIONS = 'YES', 'ok', 'MISSING'), concat('engine ', t.ENGINE,"   \
               " if(e.TRANSACTIONS = 'YES', '', ', not transactional: its rows stay when our"      \
               " transaction is rolled back')) FROM information_schema.TABLES t"                   \
               " JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE"                         \
               " WHERE t.TABLE_SCHEMA = {schema} AND t.TABLE_NAME = {name}",                       \
        .run = "ALTER TABLE {table} ENGINE = InnoDB;"                                              \
    }

#define WRITTEN_MY_MAY_DELETE                                                                      \
    {                                                                                              \
        .name = "DELETE", .engines = ON_MY, .sql = "EXPLAIN DELETE FROM {table}",                  \
        .done = "deleted from", .refused = "the apply role may not delete from it",                \
        .run = "GRANT DELETE ON {table} TO {role};"                                                \
    }

#endif
