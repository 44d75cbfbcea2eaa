/* test_functions_guard.c: what a mapping's statement may not do with decimals, and what it may
 * libs: functions */
#include "functions_connection.h"
#include "transforms/functions/guard.h"

static struct connection c;
static struct guard guard;

static bool is_decimal(void *context, const char *table, const char *column)
{
    (void)context;
    return (strcmp(table, "t") == 0 || *table == 'w') &&
           (strcmp(column, "qty") == 0 || strcmp(column, "price") == 0 ||
            strcmp(column, "wrong") == 0);
}

static int open_connection(void **state)
{
    (void)state;
    connection_open(&c, NULL);
    assert_int_equal(
        sqlite3_exec(
            c.db,
            "create table t (id integer primary key, code text, qty text collate decimal,"
            " n integer, price text collate decimal, prio text, at text, d real, wrong text, any_kind);"
            "create index t_prio on t(prio, qty);"
            "create table u (id integer primary key, t_id integer, name text);"
            "create table w2 (qty text collate decimal); create index w2_qty on w2(qty);"
            "create table v (a, b); create index v_a on v(a);"
            "create table w (a text, qty text collate decimal, b text, primary key (b)) "
            "without rowid;"
            "insert into t values (1, '10', '10.0', 10, '2.5', '1', '2026-01-01', 1.5, '1', 1)",
            NULL, NULL, NULL),
        SQLITE_OK);
    guard_init(&guard, c.db, is_decimal, NULL);
    return 0;
}

static int close_connection(void **state)
{
    (void)state;
    connection_close(&c);
    return 0;
}

static void passes(const char *sql)
{
    struct failure f = {0};
    sqlite3_stmt *s;
    if (guard_prepare(&guard, sql, &s, &f) != STATUS_OK)
        fail_msg("%s: refused: %s", sql, f.text);
    assert_non_null(s);
    int result = sqlite3_step(s);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(c.db));
    sqlite3_finalize(s);
}

static void refused(const char *sql, const char *part)
{
    struct failure f = {0};
    sqlite3_stmt *s;
    if (guard_prepare(&guard, sql, &s, &f) != STATUS_CONFIG)
        fail_msg("%s: not refused", sql);
    assert_null(s);
    if (!strstr(f.text, part))
        fail_msg("%s: %s, not %s", sql, f.text, part);
}

static void computing_is_the_business_of_dec_functions(void **state)
{
    (void)state;
    refused("select qty + 1 from t", "operator + (Add)");
    refused("select qty + 1 from t", "dec_add(a, b)");
    refused("select -qty from t", "dec_neg");
    refused("select qty - price from t", "operator - (Subtract)");
    refused("select qty * 2 from t", "operator * (Multiply)");
    refused("select qty / 2 from t", "dec_div(a, b, scale)");
    refused("select qty % 2 from t", "operator % (Remainder)");
    refused("select qty | 1 from t", "operator |");
    refused("select dec_add(1, 2) + 1", "operator +");
    refused("select sum(n) + 1 from t", "operator +");
    refused("select code from t where price * 2 = '5'", "dec_mul");
    refused("select id from t where dec_gt(qty, n + 1)", "dec_add");
    passes("select dec_add(qty, 1), dec_neg(qty), dec_mul(qty, price) from t");
    passes("select -5, qty from t"); /* a constant */
}

static void statements_without_decimals_compute_as_they_like(void **state)
{
    (void)state;
    passes("select n + 1, d * 2, cast(d as integer), n > 5, printf('%d', n) from t");
    passes("select max(n) - min(n), count(*) / 2 from t");
}

static void a_cast_to_a_number_is_for_plain_columns(void **state)
{
    (void)state;
    refused("select cast(qty as integer) from t", "(Cast)");
    refused("select cast(qty as real) from t", "(Cast)");
    refused("select cast(qty as numeric) from t", "(Cast)");
    refused("select cast(dec_add(qty, 1) as integer) from t", "(Cast)");
    refused("select qty, cast(code || qty as integer) from t", "(Cast)");
    refused("select cast(substr(qty, 1, 1) as integer) from t", "(Cast)");
    refused("select cast(coalesce(n, qty) as integer) from t", "(Cast)");
    refused("select cast(code ->> 'n' as integer), qty from t", "(Cast)");
    refused("select cast(qty as integer) from t where prio = '1'", "(Cast)"); /* by an index */
    refused("select cast(qty as integer) from w", "(Cast)");
    refused("select cast(s as integer) from (select qty as s from t order by code limit 3)",
            "(Cast)");
    passes("select cast(prio as integer), qty from t");
    passes("select cast(prio as integer), qty from t where prio > '0'");
    passes("select cast(a as integer), cast(b as integer), qty from w");
    passes("select cast(qty as text) from t");
    passes("select cast('5' as integer), qty from t");
    passes("select cast(code || prio as integer), cast(coalesce(n, 0) as integer), qty from t");
    passes("select cast(regex_extract(at, '^\\d+') as integer), "
           "cast(strftime('%Y', at) as integer), cast(substr(code, 1, 2) as integer), qty from t");
}

static void a_computed_decimal_is_compared_by_dec_functions(void **state)
{
    (void)state;
    refused("select id from t where dec_add(qty, 1) > 5", "use dec_");
    refused("select id from t where 5 < dec_add(qty, 1)", "use dec_");
    refused("select id from t where dec_add(qty, 1) = 5", "dec_eq(a, b)");
    refused("select dec_add(qty, 1) <> 5 from t", "dec_eq(a, b)");
    refused("select dec_add(qty, 1) between 1 and 3 from t", "use dec_");
    refused("select dec_add(qty, 1) in (3, 4) from t", "dec_eq");
    refused("select dec_add(qty, 1) in (3, 4, 5, 6, 7) from t", "IN");
    refused("select dec_add(qty, 1) in (select n from t) from t", "column of numbers");
    refused("select dec_add(qty, 1) in (select any_kind from t) from t", "IN");
    refused("select case dec_add(qty, 1) when 3 then 1 end from t", "dec_eq");
    refused("select case when n then dec_add(qty, 1) else 0 end > 3 from t", "use dec_");
    refused("select coalesce(sum(qty), 0) > 5 from t", "use dec_");
    refused("select code from t group by code having sum(qty) > 5", "use dec_");
    refused("select round(d, 2) > 1 from t", "use dec_");
    refused("select abs(n) > 1 from t", "use dec_");
    refused("select nullif(dec_add(qty, 1), 0) from t", "case when dec_eq");
    passes("select id from t where dec_gt(dec_add(qty, 1), 5)");
    passes("select dec_cmp(qty, 5) > 0, dec_eq(qty, 1) = 1, dec_add(qty, 1) is null from t");
    passes("select coalesce(dec_add(qty, 1), '0'), ifnull(sum(qty), '0') from t");
    passes("select count(*) > 5, sum(qty) from t");
    passes("select id from t where n > 5 and dec_gt(dec_add(qty, 1), 5) and code = '10'");
}

static void a_decimal_is_followed_through_subqueries(void **state)
{
    (void)state;
    refused("select * from (select dec_add(qty, 1) as s, id from t limit 5) where s > 3",
            "use dec_");
    refused("select * from (select sum(qty) as s, code from t group by code) where s > '3'",
            "use dec_");
    refused("with x as materialized (select code, dec_mul(qty, 2) as s from t) "
            "select a.code from x a, x b where a.s = 5",
            "dec_eq");
    refused("select (select dec_add(qty, 1) from t limit 1) > 3", "use dec_");
    refused("select max(s) from (select code, sum(qty) as s from t group by code)", "dec_max");
    refused("select s > 3 from (select dec_add(qty, 1) as s from t union all select '1')",
            "use dec_");
    refused("select s > 3 from (select dec_add(qty, 1) as s from t union select '1')", "use dec_");
    passes("select c > 3 from (select dec_add(qty, 1) as s, n as c from t limit 5)");
    passes("with x as materialized (select code, dec_mul(qty, 2) as s from t) "
           "select a.code from x a, x b where a.code = b.code and dec_eq(a.s, b.s)");
    passes("select max(code), max(at) from (select code, at, sum(qty) as s from t group by code)");
}

static void min_and_max_go_by_the_collation(void **state)
{
    (void)state;
    refused("select min(dec_add(qty, 1)) from t", "dec_min");
    refused("select code, max(prio), max(dec_add(qty, 1)) from t group by code", "dec_max");
    refused("select max(dec_add(qty, 1), '5') from t", "dec_max");
    passes("select min(qty), max(qty), max(code), min(at) from t");
    passes("select max(dec_add(qty, 1) collate decimal) from t");
    passes("select dec_max(dec_add(qty, 1)), max(code) from t");
    passes("select code, sum(qty), max(at) from t group by code order by code");
}

static void a_decimal_column_is_compared_as_what_it_is(void **state)
{
    (void)state;
    refused("select id from t where qty > n", "column of numbers");
    refused("select id from t where n = qty", "column of numbers");
    refused("select id from t where id = qty", "column of numbers");
    refused("select id from t where code = qty", "collation");
    refused("select u.id from t join u on u.id = t.qty", "column of numbers");
    refused("select n in (select qty from t) from t", "column of numbers");
    refused("select qty in (select n from t) from t", "column of numbers");
    passes("select id from t where qty > 5 and qty = '10.00' and price between 1 and 3");
    passes("select id from t where qty > price and qty = code");
    passes("select id from t where qty in (9, 10, '11') and qty is not null");
    passes("select id from t where qty in (9, 10, '11', 12, 13, 14)");
    passes("select t.id from t join u on t.qty = u.name where dec_eq(qty, 1)");
    passes("select qty, count(*) from t group by qty order by qty desc limit 3");
    passes("select distinct qty from t union select price from t");
}

static void computed_decimals_are_ordered_by_their_collation(void **state)
{
    (void)state;
    refused("select id from t order by dec_add(qty, 1) limit 1", "COLLATE decimal");
    refused("select id from t order by dec_add(qty, 1)", "COLLATE decimal");
    refused("select id from t order by code, dec_add(qty, 1) desc limit 1", "COLLATE decimal");
    refused("select distinct dec_add(qty, 1) from t order by 1 limit 3", "COLLATE decimal");
    refused("select dec_round(qty, 0), count(*) from t group by 1 order by 1", "COLLATE decimal");
    passes("select dec_round(qty, 0), count(*) from t group by 1 order by 1 collate decimal");
    passes("select id from t order by dec_add(qty, 1) collate decimal limit 1");
    passes("select id, dec_add(qty, 1) from t order by code, qty limit 1");
    passes("select distinct dec_add(qty, 1) from t");
    passes("select dec_round(qty, 0), count(*) from t group by dec_round(qty, 0)");
}

static void a_column_in_an_expression_has_lost_its_collation(void **state)
{
    (void)state;
    refused("select ifnull(qty, '0'), count(*) from t group by 1", "COLLATE decimal");
    refused("select distinct coalesce(qty, price) from t", "COLLATE decimal");
    refused("select count(distinct case when n then qty else price end) from t", "COLLATE decimal");
    refused("select id from t order by iif(n, qty, price)", "COLLATE decimal");
    refused("select code from t union select qty from t", "COLLATE decimal");
    refused("select nullif(qty, 5) from t", "case when dec_eq");
    refused("select max(qty, 5) from t", "dec_max");
    refused("select max(ifnull(qty, '0')) from t", "dec_max");
    passes("select ifnull(qty, '0') collate decimal, count(*) from t group by 1");
    passes("select distinct coalesce(qty, price) collate decimal from t");
    passes("select dec_add(ifnull(qty, '0'), 0), count(*) from t group by 1");
    passes("select ifnull(qty, '0'), dec_max(qty, 5) from t");
}

static void a_number_is_not_taken_for_a_decimals_text(void **state)
{
    (void)state;
    refused("select id from t where qty = any_kind", "may be a number");
    refused("select id from t where any_kind = qty", "may be a number");
    refused("select qty in (select any_kind from t) from t", "text equals none");
    refused("select ifnull(qty, '0') collate decimal > 5 from t", "may be a number");
    refused("select id from t order by ifnull(qty, 0) collate decimal", "text equals none");
    refused("select count(*) from t group by ifnull(dec_add(qty, 1), 0)", "text equals none");
    refused("select max(ifnull(qty, 0) collate decimal) from t", "dec_max");
    refused("select u.id from u join t on t.qty = u.t_id", "column of numbers");
    refused("select v.a from v join t on v.a = t.qty", "text equals none");
    refused("select v.a from v join w on v.a = w.qty where v.b = 1", "a number");
    refused("select id from t where exists (select 1 from w2 where w2.qty < any_kind)", "a number");
    passes("select max(ifnull(qty, '0') collate decimal) from t");
    passes("select id from t order by ifnull(qty, '0') collate decimal");
    passes("select count(*) from t group by dec_add(ifnull(qty, 0), 0)");
    passes("select qty collate decimal > 5, qty > '5' from t");
}

static void what_sqlite_computes_for_itself_is_allowed(void **state)
{
    (void)state;
    passes("select qty from t limit 3 offset 2");
    passes("select qty from t order by code limit 3 offset 2");
    passes("select qty from t where id = 1 or rowid = 2");
    passes("select count(*), count(qty), count(distinct qty) from t");
    passes("select qty, row_number() over (order by id), count(*) over () from t");
    passes("select qty, count(*) over (order by id rows between 2 preceding and 1 following) "
           "from t");
    passes("select qty from t where code like '1%' and code glob '1*'");
    passes("select t.qty, u.name from t left join u on u.t_id = t.id where t.id = :object");
    passes("select qty, (select count(*) from u where u.t_id = t.id) from t");
    passes("select qty from t where exists (select 1 from u where u.t_id = t.id) or id in "
           "(select t_id from u)");
    passes("with recursive up(id) as (select 1 union select u.t_id from up join u on u.id = up.id) "
           "select t.qty from t join up using (id)");
    passes("select j.key, t.qty from t, json_each('[1,2]') j");
    passes("select group_concat(qty || '】' || code, ',') from t");
    passes("select qty from t where n > 3 and d < 2.5 and n = 5");
    passes("select substr(code, 1, 2), length(code) > 1, qty from t");
    refused("select qty from t limit 1 + :n", "LIMIT");
    refused("select qty, count(*) over (order by n range between 2 preceding and current row) from "
            "t",
            "RANGE");
}

static void functions_of_doubles_are_refused(void **state)
{
    (void)state;
    refused("select printf('%.2f', qty) from t", "printf computes with doubles");
    refused("select format('%s', code), qty from t", "||");
    refused("select sign(qty) from t", "sign");
    refused("select sqrt(qty) from t", "sqrt computes with doubles");
    refused("select sin(n) from t", "function sin");
    passes("select sqrt(d), floor(d) from t");
    refused("select avg(qty) from t", "avg(x, 6)");
    refused("select sum(qty) over () from t", "window");
    passes("select avg(qty, 2), round(qty, 1), abs(qty), total(qty) from t");
}

static void numbers_of_json_are_doubles(void **state)
{
    (void)state;
    refused("select dec_add(code ->> 'n', 1) from t", "use ->");
    refused("select sum(json_extract(code, '$.n')) from t", "use ->");
    refused("select convert_unit(code ->> 'n', 'kg', 'kg') from t", "use ->");
    passes("select dec_add('{\"n\":999999999999.999999999}' -> 'n', 1)");
    passes("select convert_unit(qty, code -> 'u', code -> 'u') from t");
    passes("select map_to ->> 'x', qty from (select '{}' as map_to, qty from t)");
    passes("select dec_add(1, 2), dec_cmp(1, 2), '{}' ->> 'n'");
}

static void long_number_literals_are_refused(void **state)
{
    (void)state;
    refused("select dec_add(qty, 1.0000000000000001) from t", "'1.0000000000000001'");
    refused("select id from t where qty = 999999999999.999999999", "999999999999.999999999");
    refused("select dec_add(qty, 18446744073709551615) from t", "18446744073709551615");
    refused("select dec_add(qty, .1234567890123456) from t", ".1234567890123456");
    refused("select dec_add(qty, 1.234567890123456e3) from t", "1.234567890123456e3");
    passes("select dec_add(qty, '999999999999.999999999'), dec_add(qty, 1.5), qty from t");
    passes("select dec_add(qty, 9223372036854775807), dec_add(qty, 0.0001) from t");
    refused("select id from t where qty < 0.00001", "'0.00001'"); /* 1.0e-05 as a text */
    refused("select id from t where qty < 1e3 and qty > 100000000000000000000", "100000000000000");
    passes("select dec_add(qty, 1) from t -- 1.00000000000000001");
    passes("select '1.00000000000000001', \"qty\", x'00112233445566778899', 0x7fffffff "
           "/* 1.00000000000000001 */ from t");
    passes("select 1.00000000000000001, n from t");
}

static void the_clock_and_the_world_are_refused(void **state)
{
    (void)state;
    refused("select random()", "function random: it is not the same on every run");
    refused("select load_extension('x')", "load_extension");
    refused("select date('now')", "clock");
    refused("select date()", "clock");
    refused("select datetime('NOW', '+1 day'), n from t", "clock");
    refused("select datetime(at, 'localtime') from t", "clock");
    refused("select strftime('%Y', 'now')", "clock");
    refused("select strftime('%Y')", "clock");
    refused("select current_timestamp", "current_timestamp: it reads the clock");
    refused("select changes()", "changes");
    passes("select datetime(at, '+8 hours'), date(at), strftime('%Y', at) from t");
    passes("select map_name from (select 'now' as map_name)");
}

static void a_mapping_only_reads_and_is_one_statement(void **state)
{
    (void)state;
    refused("delete from t", "only reads");
    refused("insert into u select 1, 2, 3", "only reads");
    refused("pragma table_info(t)", "only reads");
    refused("attach 'x' as y", "only reads");
    refused("create table z (a)", "only reads");
    refused("select 1; select 2", "more than one statement");
    refused("", "no statement");
    refused("-- nothing", "no statement");
    refused("begin", "only reads");
    refused("explain select 1", "only reads");
    refused("selec 1", "syntax error");
    refused("select nothing from t", "nothing");
    passes("select 1 ; ");
}

static void a_decimal_column_must_be_collated_as_one(void **state)
{
    (void)state;
    refused("select wrong from t", "decimal column t.wrong: it is not declared COLLATE decimal");
}

static void a_callers_own_authorizer_can_ask(void **state)
{
    (void)state;
    struct failure f = {0};
    guard_begin(&guard);
    assert_int_equal(guard_authorize(&guard, SQLITE_READ, "t", "code"), SQLITE_OK);
    assert_false(guard.exact);
    assert_int_equal(guard_authorize(&guard, SQLITE_READ, "t", "qty"), SQLITE_OK);
    assert_true(guard.exact);
    assert_int_equal(guard_authorize(&guard, SQLITE_FUNCTION, NULL, "random"), SQLITE_DENY);
    assert_int_equal(guard_authorize(&guard, SQLITE_INSERT, "t", NULL), SQLITE_OK); /* not asked */
    assert_int_equal(guard_check(&guard, "select qty + 1 from t", &f), STATUS_CONFIG);
    guard_begin(&guard);
    assert_int_equal(guard_authorize(&guard, SQLITE_FUNCTION, NULL, "dec_add"), SQLITE_OK);
    assert_true(guard.exact);
}

/* ---- a real mapping ---- */

static const char *const factory =
    "create table mrp_production (id integer primary key, name text, origin text, product_id, "
    "product_qty text collate decimal, product_uom_id, date_deadline text, priority text, "
    "state text, company_id);"
    "create table product_product (id integer primary key, default_code text, product_tmpl_id);"
    "create table product_template (id primary key, uom_id, name text) without rowid;"
    "create table uom_uom (id integer primary key, name text);"
    "create table stock_move (id integer primary key, raw_material_production_id, product_id, "
    "product_uom, product_uom_qty text collate decimal, state text, scrapped);"
    "create index moves on stock_move(raw_material_production_id);"
    "insert into uom_uom values (1, '{\"en_US\":\"Units\"}'), (2, '{\"en_US\":\"dozen\"}'), "
    "(3, '{\"en_US\":\"kg\"}'), (4, '{\"en_US\":\"g\"}');"
    "insert into product_template values (10, 1, 'Bolt'), (11, 3, 'Steel');"
    "insert into product_product values (20, 'BOLT', 10), (21, 'STEEL', 11);"
    "insert into mrp_production values (57, 'WH/MO/00012', null, 20, '3.000', 2, "
    "'2026-11-22 08:48:00Z', '1', 'confirmed', 1);"
    "insert into stock_move values (1, 57, 21, 4, '250.5', 'assigned', 0), "
    "(2, 57, 21, 3, '0.1', 'draft', null), (3, 57, 21, 3, '9', 'cancel', 0);";

static const char *const header =
    "select p.name as id, coalesce(p.origin, 'none'), pp.default_code, "
    "convert_unit(p.product_qty, pu.name ->> 'en_US', tu.name ->> 'en_US', pp.default_code), "
    "map('uom', tu.name ->> 'en_US'), at_zone(p.date_deadline, 'UTC', 'Asia/Shanghai'), "
    "cast(p.priority as integer) as priority, map('request_state', p.state) "
    "from mrp_production p join product_product pp on pp.id = p.product_id "
    "join product_template t on t.id = pp.product_tmpl_id join uom_uom tu on tu.id = t.uom_id "
    "join uom_uom pu on pu.id = p.product_uom_id "
    "where p.id = :object and p.company_id = 1 "
    "and p.state in ('confirmed', 'progress', 'to_close', 'done')";

static const char *const lines =
    "select c.default_code, sum(convert_unit(m.product_uom_qty, mu.name ->> 'en_US', "
    "tu.name ->> 'en_US', c.default_code)) as quantity, map('uom', tu.name ->> 'en_US') "
    "from stock_move m join product_product c on c.id = m.product_id "
    "join product_template t on t.id = c.product_tmpl_id join uom_uom tu on tu.id = t.uom_id "
    "join uom_uom mu on mu.id = m.product_uom "
    "where m.raw_material_production_id = :object and m.state <> 'cancel' "
    "and not coalesce(m.scrapped, 0) group by c.default_code, tu.name";

static bool is_quantity(void *context, const char *table, const char *column)
{
    (void)context, (void)table;
    return strstr(column, "qty") != NULL;
}

static void assert_row(struct guard *g, const char *sql, const char *expected)
{
    struct failure f = {0};
    sqlite3_stmt *s;
    char row[512] = "";
    if (guard_prepare(g, sql, &s, &f) != STATUS_OK)
        fail_msg("%s", f.text);
    sqlite3_bind_int(s, 1, 57);
    if (sqlite3_step(s) != SQLITE_ROW)
        fail_msg("%s", sqlite3_errmsg(g->db));
    for (int i = 0; i < sqlite3_column_count(s); i++)
        snprintf(row + strlen(row), sizeof row - strlen(row), "%s|", sqlite3_column_text(s, i));
    assert_string_equal(row, expected);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
}

static void a_mapping_of_the_factory_passes_and_is_exact(void **state)
{
    (void)state;
    static const char *const files[] = {"config.yaml", NULL};
    struct connection e;
    struct guard g;
    connection_open(&e, "dictionaries:\n"
                        "  uom: { codes: { Units: PCS, kg: KG }, unknown: quarantine }\n"
                        "  request_state: { codes: { confirmed: Released } }\n"
                        "units: [1 dozen = 12 Units, 1 kg = 1000 g]\n");
    assert_int_equal(sqlite3_exec(e.db, factory, NULL, NULL, NULL), SQLITE_OK);
    guard_init(&g, e.db, is_quantity, NULL);
    assert_row(&g, header, "WH/MO/00012|none|BOLT|36|PCS|2026-11-22 16:48:00|1|Released|");
    assert_row(&g, lines, "STEEL|0.3505|KG|");
    connection_close(&e);
    test_folder_remove(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computing_is_the_business_of_dec_functions),
        cmocka_unit_test(statements_without_decimals_compute_as_they_like),
        cmocka_unit_test(a_cast_to_a_number_is_for_plain_columns),
        cmocka_unit_test(a_computed_decimal_is_compared_by_dec_functions),
        cmocka_unit_test(a_decimal_is_followed_through_subqueries),
        cmocka_unit_test(min_and_max_go_by_the_collation),
        cmocka_unit_test(a_decimal_column_is_compared_as_what_it_is),
        cmocka_unit_test(computed_decimals_are_ordered_by_their_collation),
        cmocka_unit_test(a_column_in_an_expression_has_lost_its_collation),
        cmocka_unit_test(a_number_is_not_taken_for_a_decimals_text),
        cmocka_unit_test(what_sqlite_computes_for_itself_is_allowed),
        cmocka_unit_test(functions_of_doubles_are_refused),
        cmocka_unit_test(numbers_of_json_are_doubles),
        cmocka_unit_test(long_number_literals_are_refused),
        cmocka_unit_test(the_clock_and_the_world_are_refused),
        cmocka_unit_test(a_mapping_only_reads_and_is_one_statement),
        cmocka_unit_test(a_decimal_column_must_be_collated_as_one),
        cmocka_unit_test(a_callers_own_authorizer_can_ask),
        cmocka_unit_test(a_mapping_of_the_factory_passes_and_is_exact),
    };
    return cmocka_run_group_tests(tests, open_connection, close_connection);
}
