/* The order is that in which a person would mend things: the servers, then each link, then what
 * spans links. */
#include "check/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "check/dump_once.h"
#include "check/internal.h"
#include "link/drivers.h"

enum { SKEW_WARN_MS = 1000 };

/* ---- systems in their roles ---- */

struct check_side *check_side_of(struct check *k, const struct system *system, bool reads)
{
    for (int i = 0; i < k->nsides; i++)
        if (k->sides[i].system == system && k->sides[i].reads == reads)
            return &k->sides[i];
    return NULL;
}

static void add_side(struct check *k, const struct system *system, bool reads)
{
    k->sides[k->nsides++] = (struct check_side){
        .system = system,
        .endpoint = reads ? &system->capture : &system->apply,
        .reads = reads,
        .engine = system->engine,
    };
}

static void add_roles(struct check *k, const struct system *system)
{
    bool read = false, written = false;
    for (int i = 0; i < k->config->nlinks; i++) {
        read = read || k->config->links[i].from == system;
        written = written || k->config->links[i].to == system;
    }
    if (read)
        add_side(k, system, true);
    if (written && system->engine != ENGINE_NULL)
        add_side(k, system, false);
}

static void add_sides(struct check *k)
{
    size_t n = (size_t)k->config->nlinks;
    k->sides = arena_zalloc(&k->arena, sizeof *k->sides * (2 * (size_t)k->config->nsystems + 1));
    k->links = arena_zalloc(&k->arena, sizeof *k->links * (n + 1));
    for (int i = 0; i < k->config->nsystems; i++)
        add_roles(k, &k->config->systems[i]);
    for (size_t i = 0; i < n; i++) {
        const struct link_config *lc = &k->config->links[i];
        k->links[i] = (struct check_link){.lc = lc,
                                          .from = check_side_of(k, lc->from, true),
                                          .to = check_side_of(k, lc->to, false)};
    }
}

/* "role", or 'user'@'host'. */
static enum status read_role(struct check *k, struct check_side *side)
{
    struct rows rows;
    const char *sql = check_is_postgres(side)
                          ? "SELECT quote_ident(current_user)"
                          : "SELECT concat('''', substring_index(CURRENT_USER(), '@', 1), '''@''',"
                            " substring_index(CURRENT_USER(), '@', -1), '''')";
    TRY(session_query(side->session, &k->arena, &rows, sql, 0, NULL));
    side->role = rows_cell(&rows, 0, 0);
    return STATUS_OK;
}

/* The server's clock against ours, as near as a round trip tells: lag is a difference of clocks. */
static enum status read_skew(struct check *k, struct check_side *side)
{
    struct rows rows;
    int64_t before = clock_wall_us();
    TRY(session_query(side->session, &k->arena, &rows,
                      check_is_postgres(side)
                          ? "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
                          : "SELECT cast(unix_timestamp(now(6)) * 1000000 AS signed)",
                      0, NULL));
    int64_t middle = before + (clock_wall_us() - before) / 2;
    side->skew_us = strtoll(rows_cell(&rows, 0, 0), NULL, 10) - middle;
    return STATUS_OK;
}

/* MySQL and MariaDB let nobody into a database in which nothing is granted to him. */
static const char *grant_to_enter(struct check *k, const struct check_side *side)
{
    static const char before[] = " for user ", behind[] = " to database ";
    const char *user = strstr(k->failure.text, before), *database = side->endpoint->database;
    const char *end = user ? strstr(user, behind) : NULL;
    if (side->system->engine == ENGINE_POSTGRES || !database || !end)
        return NULL;
    user += sizeof before - 1;
    return arena_format(&k->arena, "GRANT SELECT ON `%s`.* TO %.*s; -- or on one table of it: else it "
                                   "cannot be the connection's database",
                        database, (int)(end - user), user);
}

static void say_unreachable(struct check *k, struct check_side *side)
{
    bool away = error_status(k->failure.code) == STATUS_RETRY;
    k->report->unreachable = k->report->unreachable || away;
    session_close(side->session);
    side->session = NULL;
    report_add(k->report, VERDICT_MISSING, grant_to_enter(k, side), "%s", k->failure.text);
}

static void open_side(struct check *k, struct check_side *side)
{
    failure_clear(&k->failure);
    enum status status =
        session_open(side->endpoint, "millrace check", &k->wake, &k->failure, &side->session);
    if (status == STATUS_OK) {
        side->engine = ((struct session_base *)side->session)->engine;
        side->version = ((struct session_base *)side->session)->version;
        status = read_role(k, side);
    }
    if (status == STATUS_OK)
        status = read_skew(k, side);
    if (status != STATUS_OK)
        say_unreachable(k, side);
}

static void say_skew(struct check *k, const struct check_side *side)
{
    int64_t ms = side->skew_us / 1000;
    if (ms > SKEW_WARN_MS || ms < -SKEW_WARN_MS)
        report_add(k->report, VERDICT_WARN, NULL,
                   "its clock is %+" PRId64 " ms off from ours: the "
                   "lag that is shown is off by as much",
                   ms);
}

static void say_family(struct check *k, const struct check_side *side)
{
    if (side->engine != side->system->engine)
        report_add(k->report, VERDICT_WARN, NULL,
                   "the config calls it %s, the server says that it "
                   "is %s",
                   side->system->engine == ENGINE_MARIADB ? "mariadb" : "mysql",
                   side->engine == ENGINE_MARIADB ? "MariaDB" : "MySQL");
}

/* The names of all slots that links want on this server, as an array. */
static const char *slots_of(struct check *k, const struct check_side *side)
{
    const char *list = "";
    for (int i = 0; i < k->config->nlinks; i++)
        if (k->links[i].from == side && check_is_postgres(side))
            list = arena_format(&k->arena, "%s%s%s", list, *list ? ", " : "",
                                check_literal(k, side, k->links[i].lc->slot));
    return arena_format(&k->arena, "ARRAY[%s]::text[]", list);
}

static enum status check_dump(struct check *k, struct check_side *side)
{
    const char *end;
    failure_clear(&k->failure);
    if (dump_once_end(k, side, &end) == STATUS_OK &&
        dump_once(k, side, end, NULL, NULL) == STATUS_OK) {
        report_add(k->report, VERDICT_OK, NULL, "the capture role may read the binary log");
        return STATUS_OK;
    }
    if (error_status(k->failure.code) == STATUS_RETRY)
        return check_failed(k, side, "the binary log");
    report_add(k->report, VERDICT_MISSING,
               arena_format(&k->arena, "GRANT REPLICATION SLAVE ON *.* TO %s;", side->role), "%s",
               k->failure.text);
    return STATUS_OK;
}

static enum status check_server(struct check *k, struct check_side *side)
{
    const struct check_name names[] = {
        {"slots", slots_of(k, side)},
        {"role", side->role},
        {"grantee", check_literal(k, side, side->role)},
        {NULL, NULL},
    };
    const struct check_row *rows = check_is_postgres(side)
                                       ? (side->reads ? postgres_source_rows : postgres_target_rows)
                                       : (side->reads ? mysql_source_rows : mysql_target_rows);
    TRY(check_rows(k, side, NULL, rows, names));
    if (!side->reads || check_is_postgres(side))
        return STATUS_OK;
    TRY(check_mysql_source(k, side));
    return check_dump(k, side);
}

static void check_sides(struct check *k)
{
    for (int i = 0; i < k->nsides; i++) {
        struct check_side *side = &k->sides[i];
        report_title(k->report, "system %s, %s as %s", side->system->name,
                     side->reads ? "read" : "written",
                     side->endpoint->user ? side->endpoint->user : "the default user");
        open_side(k, side);
        if (!side->session)
            continue;
        say_family(k, side);
        say_skew(k, side);
        (void)!check_server(k, side); /* a server that went away has been reported */
    }
}

/* ---- links ---- */

/* As link/attempt.c judges it: cascades are in PostgreSQL's log, and in MySQL's from 9.6 on. */
static bool cascades_in_log(struct check *k, const struct check_side *side)
{
    struct rows rows;
    if (check_is_postgres(side))
        return true;
    if (side->engine == ENGINE_MARIADB || side->version < 90600 || !side->session)
        return false;
    return session_query(side->session, &k->arena, &rows,
                         "SELECT @@global.innodb_native_foreign_keys", 0, NULL) == STATUS_OK &&
           rows.nrows == 1 && strcmp(rows_cell(&rows, 0, 0), "0") == 0;
}

static enum status check_postgres_link(struct check *k, struct check_link *l)
{
    const char *values = "", *list = "";
    if (!check_is_postgres(l->from) || l->ntables == 0)
        return STATUS_OK;
    for (int i = 0; i < l->ntables; i++) {
        const struct check_table *t = &l->tables[i];
        values = arena_format(&k->arena, "%s%s(%s, %s)", values, *values ? ", " : "VALUES ",
                              check_literal(k, l->from, t->source_schema),
                              check_literal(k, l->from, t->source_name));
        list = arena_format(&k->arena, "%s%s%s", list, *list ? ", " : "",
                            check_qualified(k, l->from, t->source_schema, t->source_name));
    }
    const struct check_name names[] = {
        {"slot", check_literal(k, l->from, l->lc->slot)},
        {"publication", check_literal(k, l->from, l->lc->publication)},
        {"publication_name", check_identifier(k, l->from, l->lc->publication)},
        {"table_rows", values},
        {"table_list", list},
        {NULL, NULL},
    };
    return check_rows(k, l->from, NULL, postgres_link_rows, names);
}

static enum status check_link(struct check *k, struct check_link *l)
{
    TRY(check_postgres_link(k, l));
    TRY(check_position(k, l));
    if (l->events)
        return check_events(k, l);
    TRY(check_keys(k, l));
    TRY(check_triggers(k, l));
    return check_tables(k, l);
}

static enum status find_tables(struct check *k, struct check_link *l)
{
    return l->lc->nevent_flows ? check_events_find(k, l) : check_tables_find(k, l);
}

static void check_links(struct check *k)
{
    for (int i = 0; i < k->config->nlinks; i++) {
        struct check_link *l = &k->links[i];
        report_title(k->report, "link %s: %s -> %s", l->lc->name, l->lc->from->name,
                     l->lc->to->name);
        l->cascades_in_log = cascades_in_log(k, l->from);
        if (!l->from->session || find_tables(k, l) != STATUS_OK ||
            check_link(k, l) != STATUS_OK)
            report_add(k->report, VERDICT_WARN, NULL,
                       "not looked at further: a server cannot be "
                       "asked, see above");
    }
}

static void check_all(struct check *k)
{
    check_sides(k);
    check_links(k);
    report_title(k->report, "all links together");
    if (check_same_databases(k) == STATUS_OK)
        check_ways(k);
    check_pairs(k);
    check_owners(k);
    (void)!check_probes(k);
}

static void end(struct check *k)
{
    for (int i = 0; i < k->config->nlinks; i++)
        check_events_free(&k->links[i]);
    for (int i = 0; i < k->nsides; i++)
        session_close(k->sides[i].session);
    wake_free(&k->wake);
    arena_free(&k->arena);
}

static void begin(struct check *k)
{
    arena_init(&k->arena);
    must(wake_init(&k->wake) == 0);
    add_sides(k);
}

void check_config(const struct config *config, struct report *report)
{
    struct check k = {.config = config, .report = report};
    begin(&k);
    check_all(&k);
    end(&k);
}

/* ---- at the start of run ---- */

/* A link alone finds its own faults when it starts; a circle needs two. */
static bool has_flows(const struct config *c)
{
    int n = 0;
    for (int i = 0; i < c->nlinks; i++)
        n += c->links[i].nevent_flows > 0;
    return n > 1;
}

static void find_owners(struct check *k)
{
    for (int i = 0; i < k->nsides; i++)
        open_side(k, &k->sides[i]);
    for (int i = 0; i < k->config->nlinks; i++) {
        struct check_link *l = &k->links[i];
        if (l->from->session && find_tables(k, l) == STATUS_OK && l->events)
            (void)!check_events(k, l);
    }
}

enum status check_ownership(const struct config *config, struct failure *f)
{
    struct report nowhere = {0};
    struct check k = {.config = config, .report = &nowhere, .owners_only = true};
    if (!has_flows(config))
        return STATUS_OK;
    nowhere.out = fopen("/dev/null", "we");
    if (!nowhere.out)
        return fail(f, ERROR_INTERNAL, "/dev/null cannot be opened");
    begin(&k);
    find_owners(&k);
    enum status status = check_owners_first(&k, f);
    end(&k);
    fclose(nowhere.out);
    return status;
}
