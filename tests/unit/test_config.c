/* test_config.c: good files, and what is said about bad ones: line, column, text.
 * libs: config */
#include "config_file.h"
#include "config/options.h"

/* Eight lines: what a test adds begins in line 9. */
#define SYSTEMS                                                                                    \
    "millrace: 1\n"                                                                                \
    "systems:\n"                                                                                   \
    "  erp: { postgresql: host=erp dbname=erp, capture: { user: r }, apply: { user: w } }\n"       \
    "  mes: { mariadb: { host: mes }, capture: { user: r }, apply: { user: w } }\n"                \
    "  lab: { mysql: { host: mes, port: 3307 }, capture: { user: r } }\n"                          \
    "  hq:  { postgresql: host=hq dbname=erp, capture: { user: r }, apply: { user: w } }\n"        \
    "  nil: { null: {} }\n"                                                                        \
    "links:\n"
#define PAIR "  - between: [erp, mes]\n    first_copy: none\n" /* lines 9, 10 */
#define WAY  "  - { from: erp, to: mes, first_copy: none, tables: { public.a: mes.a } }\n"

/* ---- good files ---- */

static void a_pair_is_two_links(void **state)
{
    (void)state;
    struct config *c = load_good(SYSTEMS PAIR "    tables:\n"
                                              "      public.material: mes.item\n"
                                              "      public.log_*: mes.erp_log_*\n"
                                              "      public.o: { to: mes.o, columns: { a: b } }\n"
                                              "    exclude: [public.log_tmp]\n"
                                              "    slot: my_slot\n    server_id: 77\n"
                                              "    was: [old, mes]\n");
    assert_int_equal(c->nlinks, 2);
    const struct link_config *forth = config_link(c, "erp-mes"), *back = config_link(c, "mes-erp");
    assert_non_null(forth);
    assert_non_null(back);
    assert_null(config_link(c, "mes"));
    assert_true(forth->pair && back->pair);
    assert_string_equal(forth->from->name, "erp");
    assert_string_equal(back->to->name, "erp");
    assert_string_equal(forth->slot, "my_slot");
    assert_null(back->slot);
    assert_string_equal(forth->publication, "millrace_old"); /* it was made under that name */
    assert_int_equal(back->server_id, 77);
    assert_int_equal(forth->server_id, 0);
    assert_string_equal(forth->was, "old-mes");
    assert_string_equal(back->was, "mes-old");
    assert_int_equal(back->nflows, 3);
    assert_string_equal(back->flows[0].source_schema, "mes");
    assert_string_equal(back->flows[0].source_table, "item");
    assert_string_equal(back->flows[0].target_table, "material");
    assert_string_equal(back->flows[2].renames[0].from, "b");
    assert_string_equal(back->flows[2].renames[0].to, "a");
    const char *schema, *table;
    assert_non_null(link_flow(back, "mes", "erp_log_7", &c->arena, &schema, &table));
    assert_string_equal(table, "log_7");
    assert_null(link_flow(back, "mes", "erp_log_tmp", &c->arena, &schema, &table));
    assert_null(link_flow(forth, "public", "log_tmp", &c->arena, &schema, &table));
    assert_int_equal(forth->line, 9);
    assert_int_equal(forth->flows[0].line, 12);
    config_free(c);
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    struct config *c = load_good(SYSTEMS WAY "  - { name: Back.1, from: mes, to: erp, first_copy: "
                                             "{ mode: to_empty }, tables: { m.a: p.b } }\n");
    const struct link_config *l = config_link(c, "erp-mes");
    assert_int_equal(l->budget_bytes, 64 << 20);
    assert_int_equal(l->apply_ms, 100);
    assert_int_equal(l->keep_log_ms, 0);
    assert_int_equal(l->keep_log_bytes, 0);
    assert_int_equal(l->copy_readers, 2);
    assert_int_equal(l->copy_chunk_rows, 50000);
    assert_int_equal(l->idle_checkpoint_ms, 10000);
    assert_string_equal(l->slot, "millrace_erp_mes");
    assert_int_equal(l->first_copy, COPY_NONE);
    assert_false(l->copies);
    assert_false(l->pair);
    l = config_link(c, "Back.1");
    assert_true(l->server_id > 1U << 31);
    assert_true(l->copies);
    assert_string_equal(l->from->zone, "UTC");
    assert_int_equal(l->from->capture.port, 3306);
    assert_string_equal(l->from->capture.system, "mes");
    assert_string_equal(l->from->capture.user, "r");
    assert_string_equal(l->from->apply.user, "w");
    assert_null(l->from->capture.password);
    assert_string_equal(l->to->capture.conninfo, "host=erp dbname=erp");
    char expected[200];
    snprintf(expected, sizeof expected, "%s.sock", path);
    assert_string_equal(c->socket, expected);
    config_free(c);
}

static void every_option_of_a_link_is_read(void **state)
{
    (void)state;
    struct config *c =
        load_good(SYSTEMS "  - name: all\n    from: hq\n    to: nil\n    was: former\n"
                          "    first_copy: { from: hq, mode: to_empty }\n"
                          "    budget: 8 MiB\n    apply_ms: 50\n    keep_log: 10 min\n"
                          "    copy_readers: 16\n    copy_chunk_rows: 100\n"
                          "    idle_checkpoint: 1 min\n    slot: s\n    publication: p\n"
                          "    ddl: stop\n    deletes: copy\n    create_tables: false\n"
                          "    on_refused: stop\n"
                          "    exclude: [a.b_*]\n"
                          "    tables:\n"
                          "      a.b:\n        to: c.d\n        columns: { x: y }\n"
                          "        drop: [secret, note]\n"
                          "        constants: { plant: \"07\", n: null, s: 'null', f: no }\n");
    const struct link_config *l = &c->links[0];
    assert_string_equal(l->was, "former");
    assert_true(l->copies);
    assert_int_equal(l->budget_bytes, 8 << 20);
    assert_int_equal(l->apply_ms, 50);
    assert_int_equal(l->keep_log_ms, 600000);
    assert_int_equal(l->copy_readers, 16);
    assert_int_equal(l->copy_chunk_rows, 100);
    assert_int_equal(l->idle_checkpoint_ms, 60000);
    assert_string_equal(l->slot, "s");
    assert_string_equal(l->publication, "p");
    assert_int_equal(l->nexclude, 1);
    const struct flow *f = &l->flows[0];
    assert_int_equal(f->nrenames, 1);
    assert_int_equal(f->ndrop, 2);
    assert_string_equal(f->drop[1], "note");
    assert_int_equal(f->nconstants, 4);
    assert_string_equal(f->constants[0].value, "07");
    assert_null(f->constants[1].value);
    assert_string_equal(f->constants[2].value, "null");
    assert_string_equal(f->constants[3].value, "no");
    config_free(c);
}

static void refused_rows_stop_a_link_unless_it_says_otherwise(void **state)
{
    (void)state;
    struct config *c = load_good(SYSTEMS PAIR "    tables: { a.b: c.d }\n");
    unsigned char stops[32], holds[32];
    link_plan_hash(&c->links[0], stops);
    assert_false(c->links[0].quarantines || c->links[1].quarantines);
    config_free(c);
    c = load_good(SYSTEMS PAIR "    on_refused: quarantine\n    quarantine_limit: 7\n"
                               "    tables: { a.b: c.d }\n");
    assert_true(c->links[0].quarantines && c->links[1].quarantines);
    assert_int_equal(c->links[1].quarantine_limit, 7);
    link_plan_hash(&c->links[0], holds);
    assert_memory_equal(stops, holds, 32); /* it may be changed at any start */
    config_free(c);
}

static void a_server_is_described_by_its_keys(void **state)
{
    (void)state;
    struct config *c = load_good(
        "millrace: 1\n"
        "socket: run/s.sock\n"
        "systems:\n"
        "  a: { mysql: { socket: /run/m.sock, database: d }, capture: { user: r }, id: 7 }\n"
        "  b: { mariadb: { host: h, port: 33, tls: verify-full, ca: ca.pem }, apply: { user: w },\n"
        "       zone: Asia/Shanghai, id: 9223372036854775807 }\n"
        "links: [{ from: a, to: b, first_copy: none, keep_log: { time: 1 h, bytes: 2 GiB },\n"
        "          tables: { d.t: d.t } }]\n");
    const struct endpoint *a = &c->systems[0].capture, *b = &c->systems[1].apply;
    assert_string_equal(c->socket, "/tmp/run/s.sock");
    assert_string_equal(a->unix_socket, "/run/m.sock");
    assert_null(a->host);
    assert_string_equal(a->database, "d");
    assert_null(a->tls);
    assert_int_equal(a->engine, ENGINE_MYSQL);
    assert_int_equal(c->systems[0].id, 7);
    assert_string_equal(b->host, "h");
    assert_int_equal(b->port, 33);
    assert_string_equal(b->tls, "verify-full");
    assert_string_equal(b->tls_ca, "/tmp/ca.pem");
    assert_true(c->systems[1].id == INT64_MAX);
    assert_string_equal(c->systems[1].zone, "Asia/Shanghai");
    assert_int_equal(c->links[0].keep_log_ms, 3600000);
    assert_int_equal(c->links[0].keep_log_bytes, INT64_C(2) << 30);
    config_free(c);
}

static void first_copy_of_a_pair_goes_one_way(void **state)
{
    (void)state;
    struct config *c =
        load_good(SYSTEMS "  - between: [erp, mes]\n    first_copy: { from: mes, mode: to_empty }\n"
                          "    tables: { public.a: mes.a }\n");
    assert_false(config_link(c, "erp-mes")->copies);
    assert_true(config_link(c, "mes-erp")->copies);
    assert_int_equal(config_link(c, "erp-mes")->first_copy, COPY_TO_EMPTY);
    config_free(c);
}

static void the_example_is_good(void **state)
{
    (void)state;
    struct config *c;
    struct failure f;
    setenv("MES_READ", "x", 1);
    setenv("MES_WRITE", "x", 1);
    setenv("ERP_READ", "x", 1);
    setenv("ERP_WRITE", "x", 1);
    if (config_load(SOURCE_DIR "/examples/plain.yaml", &c, &f) != STATUS_OK)
        complain("%s", f.text);
    assert_true(c->nlinks >= 2);
    config_free(c);
}

/* ---- secrets ---- */

static void passwords_come_from_files_and_the_environment(void **state)
{
    (void)state;
    char file[] = "/tmp/millrace-secret-XXXXXX", text[2000];
    int fd = mkstemp(file);
    assert_int_equal(write(fd, "top \"secret'\n", 13), 13);
    close(fd);
    setenv("MILLRACE_TEST_SECRET", "from env", 1);
    snprintf(text, sizeof text,
             "millrace: 1\nsystems:\n"
             "  a: { postgresql: dbname=a, capture: { user: r, password_file: %s } }\n"
             "  b: { mysql: { host: b }, apply: { user: w, password_env: MILLRACE_TEST_SECRET } }\n"
             "links: [{ from: a, to: b, first_copy: none, tables: { p.t: d.t } }]\n",
             strrchr(file, '/') + 1);
    struct config *c = load_good(text);
    assert_string_equal(c->systems[0].capture.password, "top \"secret'");
    assert_string_equal(c->systems[1].apply.password, "from env");
    assert_null(c->systems[1].capture.password);
    config_free(c);
    unlink(file);
    unsetenv("MILLRACE_TEST_SECRET");
    load_bad(text, "3:65: ", "millrace-secret-");
}

static void a_password_in_the_file_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "  a: { postgresql: host=x dbname=a password=hunter2 }\n",
        "  a: { postgresql: 'postgresql://u:hunter2@x/a' }\n",
        "  a: { postgresql: host=x dbname=a password=my hunter2 }\n",
        "  a: { postgresql: host=x dbname=a sslpassword=hunter2 }\n",
        "  a: { mysql: { host: a }, capture: { user: u, password: hunter2 } }\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[1000];
        struct config *c;
        struct failure f;
        snprintf(text, sizeof text, "millrace: 1\nsystems:\n%slinks: []\n", bad[i]);
        assert_int_equal(load(text, &c, &f), STATUS_CONFIG);
        assert_null(strstr(f.text, "hunter2"));
        assert_non_null(strstr(f.text, ":3:"));
    }
}

/* ---- bad files ---- */

static void what_is_not_yaml_is_named(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"", "1:1: ", "empty"},
        {"# nothing\n", "1:1: ", "empty"},
        {"millrace: 1\n\tsystems: {}\n", "2:1: ", "a tab: YAML is indented by blanks"},
        {"systems:\n  a:\n  \tnull: {}\n", "3:", "a tab: YAML is indented by blanks"},
        {"millrace: [1\n", "2:1: ", "not valid YAML"},
        {"- a\n", "1:1: ", "the file must be a mapping, not a list"},
        {"millrace: &a 1\n", "1:11: ", "anchors"},
        {"millrace: *a\n", "1:11: ", "aliases"},
        {"millrace: !!int 1\n", "1:11: ", "tags"},
        {"millrace: 1\n---\nmillrace: 1\n", "2:1: ", "second document"},
        {"millrace: 1\nmillrace: 1\n", "2:1: ", "given twice (first in line 1)"},
        {"? [a, b]\n: 1\n", "1:3: ", "a key must be"},
        {"millrace: \xff\n", " byte 10", "UTF-8"},
    };
    CHECK_BAD(cases);
    load_bad("a: {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{", "1:", "");
}

static void the_top_is_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {"millrace: 2\n", "1:11: ", "files of version 1"},
        {"millrace:\n", "1:10: ", "must be a single value, not nothing"},
        {"systems: {}\nlinks: []\n", "1:1: ", "needs `millrace: 1`"},
        {"millrace: 1\nlinks: []\n", "1:1: ", "needs `systems"},
        {"millrace: 1\nsystem: {}\n", "2:1: ", "did you mean \"systems\"?"},
        {"millrace: 1\nxyzzy: {}\n", "2:1: ", "has no key \"xyzzy\"; allowed: millrace, systems"},
        {"millrace: 1\nvocabulary: isa95\n", "2:13: ", "vocabulary must be a list"},
        {"millrace: 1\nsystems:\nlinks: []\n", "2:9: ", "systems must be a mapping, not nothing"},
        {SYSTEMS "  []\n", "9:3: ", "links is empty"},
        {"millrace: 1\nsystems: {}\nlinks: {}\n", "3:8: ", "links must be a list, not a mapping"},
    };
    CHECK_BAD(cases);
}

#define ONE(system) "millrace: 1\nsystems:\n" system "links: []\n"

static void systems_are_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {ONE("  a: {}\n"), "3:6: ", "allowed: postgresql, mysql, mariadb, null"},
        {ONE("  a: { mysql: { host: h }, mariadb: { host: h } }\n"), "3:28: ", "not both"},
        {ONE("  a b: { null: {} }\n"), "3:3: ", "no name of a system"},
        {ONE("  a: { postgres: dbname=x }\n"), "3:8: ", "did you mean \"postgresql\"?"},
        {ONE("  a: { postgresql: { host: x } }\n"), "3:20: ", "must be a single value"},
        {ONE("  a: { postgresql: nonsense }\n"), "3:20: ", "connection string"},
        {ONE("  a: { postgresql: host=x }\n"), "3:20: ", "add dbname"},
        {ONE("  a: { postgresql: dbname=x user=u }\n"), "3:20: ", "take \"user\" out"},
        {ONE("  a: { postgresql: dbname=x application_name=u }\n"), "3:20: ", "sets it itself"},
        {ONE("  a: { mysql: {} }\n"), "3:15: ", "needs `host` or `socket`"},
        {ONE("  a: { mysql: { host: h, socket: s } }\n"), "3:17: ", "not both"},
        {ONE("  a: { mysql: { host: h, port: 70000 } }\n"), "3:32: ", "allowed: 1 to 65535"},
        {ONE("  a: { mysql: { host: h, port: x } }\n"), "3:32: ", "no whole number"},
        {ONE("  a: { mysql: { host: h, tls: on } }\n"), "3:31: ", "off | require | verify-full"},
        {ONE("  a: { mysql: { host: h, tls: verify } }\n"), "3:31: ", "none of the allowed"},
        {ONE("  a: { mysql: { host: h, tls: off, ca: x } }\n"), "3:36: ", "no meaning"},
        {ONE("  a: { mysql: { host: h }, zone: '' }\n"), "3:34: ", "zone is empty"},
        {ONE("  a: { mysql: { host: h }, zone: Mars/Olympus }\n"), "3:34: ", "is not known"},
        {ONE("  a: { mysql: { host: h }, id: 0 }\n"), "3:32: ", "id: 0 is out of its limits"},
        {ONE("  a: { mysql: { host: h }, id: 9223372036854775808 }\n"), "3:32: ", "no whole"},
        {ONE("  a: { null: { x: y } }\n"), "3:16: ", "null has no key \"x\"; allowed: from"},
        {ONE("  a: { null: {}, apply: { user: u } }\n"), "3:18: ", "no roles"},
        {ONE("  a: { mysql: { host: h }, apply: {} }\n"), "3:35: ", "needs `user: name`"},
        {ONE("  a: { mysql: { host: h }, apply: { user: u, password: p } }\n"),
         "3:46: ", "password"},
        {ONE("  a: { mysql: { host: h }, apply: { user: u, password_file: /nowhere/x } }\n"),
         "3:61: ", "/nowhere/x cannot be opened"},
        {ONE("  a: { mysql: { host: h }, apply: { user: u, password_env: MILLRACE_NO } }\n"),
         "3:60: ", "no variable MILLRACE_NO"},
        {ONE("  a: { mysql: { host: h }, apply: { user: u, password_env: 's3cret!' } }\n"),
         "3:60: ", "must be the name of an environment variable (letters"},
        {ONE("  a: { mysql: { host: h }, apply: { user: u, password_env: A, password_file: b } "
             "}\n"),
         "3:46: ", "not both"},
        {ONE("  a: { mysql: { host: localhost } }\n  b: { mariadb: { host: 127.0.0.1, port: 3306 } "
             "}\n"),
         "4:3: ", "b is the same server as a"},
        {ONE("  a: { postgresql: host=x dbname=d }\n  b: { postgresql: 'dbname=d host=x port=5432' "
             "}\n"),
         "4:3: ", "b is the same database as a"},
        {ONE("  a: { null: {}, id: 5 }\n  b: { mysql: { host: h }, id: 5 }\n"), "4:3: ", "same id"},
    };
    CHECK_BAD(cases);
}

static void links_are_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {SYSTEMS "  - {}\n", "9:5: ", "needs `first_copy"},
        {SYSTEMS "  - { from: erp, to: mes, first_copy: none }\n", "9:5: ",
         "a link needs `tables: {...}` or `flows: [...]`"},
        {SYSTEMS "  - { between: [erp, mes], first_copy: none }\n", "9:5: ",
         "a pair needs `tables: {...}`"},
        {SYSTEMS "  - { first_copy: none, tables: { a.b: c.d } }\n",
         "9:5: ", "needs `between: [A, B]`"},
        {SYSTEMS "  - { from: erp, to: mes, tables: { a.b: c.d } }\n",
         "9:5: ", "needs `first_copy: none"},
        {SYSTEMS "  - { from: epr, to: mes, first_copy: none, tables: { a.b: c.d } }\n",
         "9:13: ", "no system \"epr\", allowed: erp, mes, lab, hq, nil"},
        {SYSTEMS "  - { from: erp, to: erp, first_copy: none, tables: { a.b: c.d } }\n",
         "9:13: ", "needs two systems"},
        {SYSTEMS "  - { from: nil, to: erp, first_copy: none, tables: { a.b: c.d } }\n",
         "9:13: ", "nothing can be read"},
        {SYSTEMS "  - { from: erp, to: lab, first_copy: none, tables: { a.b: c.d } }\n",
         "9:13: ", "`apply: {user"},
        {SYSTEMS "  - { between: [erp, lab], first_copy: none, tables: { a.b: c.d } }\n",
         "9:17: ", "erp-lab writes to lab"},
        {SYSTEMS "  - { between: [erp], first_copy: none, tables: { a.b: c.d } }\n",
         "9:16: ", "two systems: [A, B]"},
        {SYSTEMS "  - { between: [erp, mes], name: x, first_copy: none, tables: { a.b: c.d } }\n",
         "9:28: ", "does not go with `between`"},
        {SYSTEMS
         "  - { name: 'a b', from: erp, to: mes, first_copy: none, tables: { a.b: c.d } }\n",
         "9:13: ", "no name of a link"},
        {SYSTEMS PAIR "    tabels: { a.b: c.d }\n", "11:5: ", "did you mean \"tables\"?"},
        {SYSTEMS PAIR "    budget: 4 MiB\n", "11:13: ", "allowed: 8 MiB to 64 GiB"},
        {SYSTEMS PAIR "    budget: 64 MB\n", "11:13: ", "KiB, MiB or GiB"},
        {SYSTEMS PAIR "    budget: 99999999999 GiB\n", "11:13: ", "no size"},
        {SYSTEMS PAIR "    copy_readers: 17\n", "11:19: ", "allowed: 1 to 16"},
        {SYSTEMS PAIR "    idle_checkpoint: 10\n", "11:22: ", "ms, s, min, h or d"},
        {SYSTEMS PAIR "    idle_checkpoint: 2 h\n", "11:22: ", "allowed: 1 s to 1 h"},
        {SYSTEMS PAIR "    keep_log: soon\n    tables: { a.b: c.d }\n",
         "11:15: ", "none, a time like 10 min"},
        {SYSTEMS PAIR "    keep_log: { hours: 1 }\n    tables: { a.b: c.d }\n",
         "11:17: ", "allowed: time, bytes"},
        {SYSTEMS PAIR "    keep_log: 60 d\n    tables: { a.b: c.d }\n",
         "11:15: ", "allowed: 1 ms to 30 d"},
        {SYSTEMS PAIR "    slot: No\n    tables: { a.b: c.d }\n", "11:11: ", "small letters"},
        {SYSTEMS PAIR "    was: old\n    tables: { a.b: c.d }\n",
         "11:10: ", "former names, [A, B]"},
        {SYSTEMS "  - { between: [erp, hq], first_copy: none, slot: s, tables: { a.b: c.d } }\n",
         "9:45: ", "write two links"},
        {SYSTEMS "  - { from: mes, to: erp, first_copy: none, slot: s, tables: { a.b: c.d } }\n",
         "9:45: ", "slot is for a PostgreSQL source"},
        {SYSTEMS
         "  - { from: erp, to: mes, first_copy: none, server_id: 5, tables: { a.b: c.d } }\n",
         "9:45: ", "server_id is for a MySQL or MariaDB source"},
        {SYSTEMS WAY WAY, "10:5: ", "two links erp-mes (the other in line 9)"},
        {SYSTEMS WAY "  - { name: x, was: erp-mes, from: erp, to: mes, first_copy: none, tables: { "
                     "a.b: c.d } }\n",
         "10:5: ", "a link of today"},
        {SYSTEMS "  - { name: a-b, from: erp, to: mes, first_copy: none, tables: { a.b: c.d } }\n"
                 "  - { name: a_b, from: erp, to: mes, first_copy: none, tables: { a.c: c.d } }\n",
         "10:5: ", "share the slot millrace_a_b"},
        {SYSTEMS "  - { name: a, from: mes, to: erp, first_copy: none, server_id: 5, tables: { "
                 "a.b: c.d } }\n"
                 "  - { name: b, from: mes, to: erp, first_copy: none, server_id: 5, tables: { "
                 "a.c: c.d } }\n",
         "10:5: ", "share server_id 5"},
        {SYSTEMS PAIR "    on_refused: hold\n    tables: { a.b: c.d }\n",
         "11:17: ", "stop | quarantine"},
        {SYSTEMS PAIR "    quarantine_limit: 5\n    tables: { a.b: c.d }\n",
         "11:5: ", "goes with `on_refused: quarantine`"},
        {SYSTEMS "  - { from: hq, to: nil, first_copy: none, on_refused: quarantine, tables: { a.b: c.d "
                 "} }\n",
         "9:44: ", "nil only counts"},
    };
    CHECK_BAD(cases);
}

static void the_first_copy_is_checked(void **state)
{
    (void)state;
#define LINK(copy)                                                                                 \
    SYSTEMS "  - { between: [erp, mes], tables: { a.b: c.d }, first_copy: " copy " }\n"
    static const struct bad cases[] = {
        {LINK("maybe"), "9:62: ", "none, or {from: SYSTEM, mode: to_empty}"},
        {LINK("{ mode: to_empty }"), "9:62: ", "`from: erp` or `from: mes`"},
        {LINK("{ from: hq, mode: to_empty }"),
         "9:70: ", "does not read from hq, allowed: erp, mes"},
        {LINK("{ from: erp, mode: merge }"), "9:81: ", "merge is of a link with `flows`"},
        {LINK("{ from: erp, mode: to_full }"), "9:81: ", "to_empty | none | merge"},
        {LINK("{ from: erp }"), "9:62: ", "needs `mode:"},
    };
    CHECK_BAD(cases);
}

static void later_options_are_known_and_refused(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {SYSTEMS PAIR "    conflict: { winner: erp }\n", "11:5: ", "conflict is not there yet"},
        {SYSTEMS PAIR "    new_keys: { erp: odd }\n", "11:5: ", "new_keys is not there yet"},
        {SYSTEMS PAIR "    flows: []\n", "11:5: ", "flows go one way"},
        {SYSTEMS PAIR "    create_tables: true\n",
         "11:20: ", "not there yet in this version, allowed: false"},
        {SYSTEMS PAIR "    ddl: follow\n", "11:10: ", "ddl: follow is not there yet"},
        {SYSTEMS PAIR "    ddl: ignore\n", "11:10: ", "allowed: stop"},
        {SYSTEMS PAIR "    deletes: ignore\n", "11:14: ", "allowed: copy"},
    };
    CHECK_BAD(cases);
}

#define TABLES(lines) SYSTEMS PAIR "    tables:\n" lines
#define ONE_WAY(lines)                                                                             \
    SYSTEMS "  - from: erp\n    to: mes\n    first_copy: none\n    tables:\n" lines

static void tables_are_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {SYSTEMS PAIR "    tables: {}\n", "11:13: ", "names no table"},
        {TABLES("      orders: mes.orders\n"), "12:7: ", "must be SCHEMA.TABLE"},
        {TABLES("      public.orders: orders\n"), "12:22: ", "must be SCHEMA.TABLE"},
        {TABLES("      public.orders: a.b.c\n"), "12:22: ", "with one point"},
        {TABLES("      public.orders:\n"), "12:21: ", "the target table must be a single value"},
        {TABLES("      public.orders: [a.b]\n"), "12:22: ", "not a list"},
        {TABLES("      public.orders: {}\n"), "12:22: ", "needs `to: SCHEMA.TABLE`"},
        {TABLES("      millrace.link: mes.link\n"), "12:7: ", "own schema"},
        {TABLES("      public.a: mes.a\n      public.a: mes.b\n"), "13:7: ", "given twice"},
        {TABLES("      public.a: mes.a\n      public.b: mes.a\n"),
         "13:17: ", "other side of two tables (the first in line 12)"},
        {TABLES("      public.a: { to: mes.a, drop: [x] }\n"), "12:30: ", "no way back"},
        {TABLES("      public.a: { to: mes.a, constants: { x: 1 } }\n"), "12:30: ", "no way back"},
        {TABLES("      public.a?_*: mes.*\n"), "12:7: ", "the way back is not clear"},
        {ONE_WAY("      public.*: mes.all\n"), "13:17: ", "needs a *"},
        {ONE_WAY("      public.a: mes.*\n"), "13:17: ", "no * in \"a\""},
        {ONE_WAY("      public.*: mes.*_*\n"), "13:17: ", "one * at most"},
        {ONE_WAY("      public.a: { to: mes.a, columns: { x: y, z: y } }\n"),
         "13:50: ", "both become y"},
        {ONE_WAY("      public.a: { to: mes.a, columns: { x: y }, drop: [x] }\n"),
         "13:56: ", "one of them"},
        {ONE_WAY("      public.a: { to: mes.a, drop: [x, x] }\n"), "13:40: ", "twice"},
        {ONE_WAY("      public.a: { to: mes.a, columns: { x: y }, constants: { y: 1 } }\n"),
         "13:62: ", "a constant and the column x"},
        {ONE_WAY("      public.a: { to: mes.a, constants: { y: [1] } }\n"),
         "13:46: ", "a single value"},
        {ONE_WAY("      public.a: { to: mes.a, colums: { x: y } }\n"),
         "13:30: ", "did you mean \"columns\"?"},
        {ONE_WAY("      public.a: mes.a\n    exclude: [a]\n"), "14:15: ", "must be SCHEMA.TABLE"},
    };
    CHECK_BAD(cases);
}

#define TWO(first, second)                                                                         \
    SYSTEMS "  - { name: a, from: erp, to: mes, first_copy: none, " first " }\n"                   \
            "  - { name: b, from: erp, to: mes, first_copy: none, " second " }\n"

static void one_table_goes_one_way_once(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {TWO("tables: { p.x: m.x }", "tables: { p.x: m.y }"),
         "10:5: ", "p.x (line 10) would go from erp to mes twice"},
        {TWO("tables: { p.x*: m.x* }", "tables: { p.xy: m.y }"), "10:5: ", "twice"},
        {TWO("tables: { p.xy: m.xy }", "tables: { p.x*: m.x* }"), "10:5: ", "twice"},
        {TWO("tables: { p.x*: m.x* }", "tables: { \"*.*y\": \"*.*y\" }"), "10:5: ", "twice"},
        {SYSTEMS PAIR
         "    tables: { p.x: m.x }\n"
         "  - { name: b, from: mes, to: erp, first_copy: none, tables: { m.x: p.z } }\n",
         "12:5: ", "m.x (line 12) would go from mes to erp twice"},
    };
    CHECK_BAD(cases);
    static const char *const good[] = {
        TWO("tables: { p.x: m.x }", "tables: { p.y: m.y }"),
        TWO("tables: { p.x*: m.x* }, exclude: [p.xy]", "tables: { p.xy: m.y }"),
        TWO("tables: { p.x*: m.x* }, exclude: [p.xy*]", "tables: { p.xy*: m.y* }"),
        TWO("tables: { p.x*: m.x* }", "tables: { p.y*: m.y* }"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        config_free(load_good(good[i]));
}

/* ---- the plan's hash ---- */

static void hash_of(const char *link, unsigned char out[32])
{
    char text[4000];
    snprintf(text, sizeof text, SYSTEMS "  - { from: erp, to: mes, first_copy: none, %s }\n", link);
    struct config *c = load_good(text);
    link_plan_hash(&c->links[0], out);
    config_free(c);
}

static void the_hash_knows_what_decides_what_is_written(void **state)
{
    (void)state;
    static const char base[] =
        "tables: { a.b: c.d, a.e: { to: c.e, drop: [x, y], columns: { p: q, r: s } } }";
    static const char *const same[] = {
        "tables: { a.e: { drop: [y, x], to: c.e, columns: { r: s, p: q } }, a.b: { to: c.d } }",
        "budget: 32 MiB, ddl: stop, apply_ms: 200, tables: { a.b: \"c.d\", "
        "a.e: { to: c.e, drop: [x, y], columns: { p: q, r: s } } }",
        "name: other, exclude: [z.z], tables: { a.b: c.d, "
        "a.e: { to: c.e, drop: [x, y], columns: { p: q, r: s } } }",
    };
    static const char *const other[] = {
        "tables: { a.b: c.d, a.e: { to: c.e, drop: [x], columns: { p: q, r: s } } }",
        "tables: { a.b: c.d, a.e: { to: c.e, drop: [x, y], columns: { p: s, r: q } } }",
        "tables: { a.b: c.d2, a.e: { to: c.e, drop: [x, y], columns: { p: q, r: s } } }",
        "tables: { a.e: { to: c.e, drop: [x, y], columns: { p: q, r: s } } }",
        "tables: { a.b: { to: c.d, constants: { x: null } }, "
        "a.e: { to: c.e, drop: [x, y], columns: { p: q, r: s } } }",
    };
    unsigned char expected[32], got[32];
    hash_of(base, expected);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        hash_of(same[i], got);
        assert_memory_equal(got, expected, 32);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        hash_of(other[i], got);
        assert_memory_not_equal(got, expected, 32);
    }
    unsigned char null[32], word[32];
    hash_of("tables: { a.b: { to: c.d, constants: { x: null } } }", null);
    hash_of("tables: { a.b: { to: c.d, constants: { x: 'null' } } }", word);
    assert_memory_not_equal(null, word, 32);
    hash_of("tables: { 'a.*': 'c.*', 'a.x*': 'd.x*' }", null);
    hash_of("tables: { 'a.x*': 'd.x*', 'a.*': 'c.*' }", word);
    assert_memory_not_equal(null, word, 32);
}

/* ---- help and docs ---- */

static void help_and_docs_say_what_the_table_says(void **state)
{
    (void)state;
    struct buffer table = {.max = 1 << 20}, docs = {.max = 1 << 20}, help = {.max = 1 << 20};
    FILE *file = fopen(SOURCE_DIR "/docs/CONFIG.md", "r");
    assert_non_null(file);
    docs.size = fread(buffer_reserve(&docs, 1 << 19), 1, 1 << 19, file);
    fclose(file);
    options_markdown(&table);
    if (getenv("MILLRACE_PRINT_OPTIONS"))
        fputs(buffer_text(&table), stdout);
    if (!strstr(buffer_text(&docs), buffer_text(&table)))
        complain(
            "docs/CONFIG.md does not hold the option table: MILLRACE_PRINT_OPTIONS=1 prints it");
    config_help(&help);
    for (int i = 0; i < OPTIONS_COUNT; i++)
        assert_non_null(strstr(buffer_text(&help), options[i].name));
    buffer_free(&table);
    buffer_free(&docs);
    buffer_free(&help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_two_links),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(every_option_of_a_link_is_read),
        cmocka_unit_test(refused_rows_stop_a_link_unless_it_says_otherwise),
        cmocka_unit_test(a_server_is_described_by_its_keys),
        cmocka_unit_test(first_copy_of_a_pair_goes_one_way),
        cmocka_unit_test(the_example_is_good),
        cmocka_unit_test(passwords_come_from_files_and_the_environment),
        cmocka_unit_test(a_password_in_the_file_is_refused_and_not_repeated),
        cmocka_unit_test(what_is_not_yaml_is_named),
        cmocka_unit_test(the_top_is_checked),
        cmocka_unit_test(systems_are_checked),
        cmocka_unit_test(links_are_checked),
        cmocka_unit_test(the_first_copy_is_checked),
        cmocka_unit_test(later_options_are_known_and_refused),
        cmocka_unit_test(tables_are_checked),
        cmocka_unit_test(one_table_goes_one_way_once),
        cmocka_unit_test(the_hash_knows_what_decides_what_is_written),
        cmocka_unit_test(help_and_docs_say_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
