/* test_functions_random.c: statements drawn at random: what the guard lets pass gives the same over
 * the same rows in two spellings (10 and 10.00)
 * libs: functions */
#include "functions_connection.h"
#include "base/buffer.h"
#include "transforms/functions/exact.h"
#include "transforms/functions/guard.h"

enum { STATEMENTS = 1500, SPELLINGS = 2, ROWS_MAX = 1000 };

/* ---- drawing ---- */

static uint64_t random_state;
static struct buffer sql;

static unsigned draw(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % below);
}

static void put(const char *text)
{
    buffer_add_text(&sql, text);
}

static void put_one_of(const char *const *texts, unsigned n)
{
    put(texts[draw(n)]);
}
#define ONE_OF(...)                                                                                \
    put_one_of((const char *const[]){__VA_ARGS__},                                                 \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void put_number(int depth);
static void put_condition(int depth);

/* "f($, $)": each $ is a number, each ? a condition. */
static void put_form(const char *form, int depth)
{
    for (; *form; form++) {
        if (*form == '$')
            put_number(depth - 1);
        else if (*form == '?')
            put_condition(depth - 1);
        else
            buffer_add_char(&sql, *form);
    }
}

static void put_number(int depth)
{
    static const char *const forms[] = {
        "dec_add($, $)", "dec_mul($, 2)", "dec_round($, 0)", "abs($)", "coalesce($, $)",
        "case when ? then $ else $ end", "ifnull($, '0')", "dec_min($, $)", "iif(?, $, $)",
        "max($, $)", "nullif($, $)", "($ collate decimal)", "cast($ as text)",
        "cast($ as integer)"};
    if (depth <= 0 || draw(3) == 0)
        ONE_OF("q", "price", "q", "n", "5", "'10'", "'9.0'", "k", "10");
    else
        put_form(forms[draw(sizeof forms / sizeof *forms)], depth);
}

static void put_condition(int depth)
{
    static const char *const forms[] = {
        "$ = $", "$ <> $", "$ < $", "$ > $", "$ >= $", "$ is $", "dec_lt($, $)", "dec_eq($, $)",
        "$ in ($, $, $)", "$ in ($, $, 7, '8')", "$ between $ and $", "(? and ?)", "not (?)",
        "code = $", "$ in (select q2 from u)", "$ in (select t_id from u)",
        "$ in (select dec_add(q2, 1) from u)", "exists (select 1 from u where u.q2 = $)",
        "exists (select 1 from u where u.q2 < $)", "$ > (select max(q2) from u)",
        "$ = (select sum(q2) from u)"};
    if (depth <= 0)
        ONE_OF("n > 3", "q is null", "code = '10'", "q > 9", "price = 10");
    else
        put_form(forms[draw(sizeof forms / sizeof *forms)], depth);
}

static void put_aggregate(void)
{
    static const char *const forms[] = {"sum($)",   "min($)",           "max($)",
                                        "dec_max($)", "count(distinct $)", "sum(distinct $)",
                                        "avg($, 3)", "count(*)",        "max(code)"};
    put_form(forms[draw(sizeof forms / sizeof *forms)], 2);
}

static void put_statement(void)
{
    static const char *const tables[] = {
        "t", "t join u on u.t_id = t.id", "t join u on u.q2 = t.q", "t join w on w.q3 = t.price",
        "t left join u on t.id = u.t_id and dec_lt(u.q2, t.q)"};
    const char *from = tables[draw(5)];
    unsigned form = draw(5);
    put(form == 3 ? "select distinct " : "select ");
    if (form == 0) {
        put_form("$, ? from ", 3);
        put(from);
        put_form(" where ?", 3);
    } else if (form == 1) {
        put_aggregate();
        put(", ");
        put_aggregate();
        put_form(" from ", 0);
        put(from);
        put_form(" where ?", 2);
    } else if (form == 2) {
        put_form("$ as g, ", 2);
        put_aggregate();
        put(" from ");
        put(from);
        put(" group by g");
        ONE_OF("", " having dec_gt(sum(q), 3)", " having count(*) > 1", " having max(q) > 5");
    } else if (form == 3) {
        put_form("$ from t order by 1", 2);
        ONE_OF("", " collate decimal", " limit 3", " collate decimal limit 3");
    } else {
        put_form("s, s = c, max(c) from (select $ as s, ", 2);
        ONE_OF("n", "code", "q", "at");
        put(" as c from t ");
        ONE_OF("", "limit 4", "union all select q2, name from u", "union select q2, name from u");
        put(") group by s");
    }
}

/* ---- the rows, in two spellings ---- */

static struct connection connections[SPELLINGS];

static const char *const schema =
    "create table t (id integer primary key, q text collate decimal, price text collate decimal,"
    " code text, n integer, k, at text);"
    "create table u (id integer primary key, t_id integer, q2 text collate decimal, name text);"
    "create table w (b text primary key, q3 text collate decimal) without rowid;"
    "create index t_q on t(q); create index u_q2 on u(q2);";

static void fill(sqlite3 *db, const char *const *numbers)
{
    static const char *const codes[] = {"9", "10", "012", "NO", "x", "10"};
    assert_int_equal(sqlite3_exec(db, schema, NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < 6; i++) {
        char *rows = sqlite3_mprintf(
            "insert into t values (%d, %Q, %Q, %Q, %d, %d, '2026-01-0%d');"
            "insert into u values (%d, %d, %Q, 'n%d'); insert into w values ('b%d', %Q)",
            i + 1, numbers[i], numbers[(i + 2) % 6], codes[i], 3 * i - 4, i, i + 1, i + 1,
            i % 4 + 1, numbers[(i + 1) % 6], i, i, numbers[5 - i]);
        assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_free(rows);
    }
}

static bool is_decimal(void *context, const char *table, const char *column)
{
    (void)context, (void)table;
    return *column == 'q' || strcmp(column, "price") == 0;
}

/* Numbers in their canonical form. */
static void add_cell(struct buffer *out, sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    size_t size = (size_t)sqlite3_column_bytes(s, column);
    if (!text)
        buffer_add_text(out, "NULL");
    else if (!number_text_canonical(text, size, out))
        buffer_add(out, text, size);
    buffer_add_char(out, '|');
}

static int compare_rows(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Which of two equal numbers comes first is nobody's promise. */
static void sort_rows(struct buffer *out)
{
    char *text = strdup(buffer_text(out)), *rest = text, *row;
    char *rows[ROWS_MAX];
    size_t n = 0;
    while ((row = strsep(&rest, "\n")) && *row && n < ROWS_MAX)
        rows[n++] = row;
    qsort(rows, n, sizeof *rows, compare_rows);
    buffer_clear(out);
    for (size_t i = 0; i < n; i++)
        buffer_add_format(out, "%s\n", rows[i]);
    free(text);
}

static void add_row(struct buffer *out, sqlite3_stmt *s)
{
    for (int i = 0; i < sqlite3_column_count(s); i++)
        add_cell(out, s, i);
    buffer_add_char(out, '\n');
}

/* false: the guard refused. An error counts as a result. */
static bool run(struct connection *c, struct buffer *out)
{
    struct failure f = {0};
    struct guard g;
    sqlite3_stmt *s;
    int result;
    guard_init(&g, c->db, is_decimal, NULL);
    buffer_clear(out);
    if (guard_prepare(&g, buffer_text(&sql), &s, &f) != STATUS_OK)
        return false;
    while ((result = sqlite3_step(s)) == SQLITE_ROW)
        add_row(out, s);
    sort_rows(out);
    if (result != SQLITE_DONE) {
        buffer_clear(out);
        buffer_add_text(out, "error");
    }
    sqlite3_finalize(s);
    return true;
}

static void the_same_numbers_give_the_same_results(void **state)
{
    (void)state;
    static const char *const spellings[SPELLINGS][6] = {
        {"9", "10", "10", "-1", NULL, "999999999999.999999999"},
        {"9.0", "10.00", "10.0", "-1.000", NULL, "+999999999999.9999999990"}};
    struct buffer results[SPELLINGS];
    int passed = 0;
    buffer_init(&sql, 1 << 16);
    for (int i = 0; i < SPELLINGS; i++) {
        buffer_init(&results[i], 1 << 20);
        connection_open(&connections[i], NULL);
        fill(connections[i].db, spellings[i]);
    }
    random_state = 88172645463325252u;
    for (int n = 0; n < STATEMENTS; n++) {
        buffer_clear(&sql);
        put_statement();
        bool passes = run(&connections[0], &results[0]);
        assert_int_equal(passes, run(&connections[1], &results[1]));
        if (passes && strcmp(buffer_text(&results[0]), buffer_text(&results[1])) != 0)
            fail_msg("%s\n%s\n%s", buffer_text(&sql), buffer_text(&results[0]),
                     buffer_text(&results[1]));
        passed += passes;
    }
    assert_true(passed > STATEMENTS / 5);
    for (int i = 0; i < SPELLINGS; i++) {
        buffer_free(&results[i]);
        connection_close(&connections[i]);
    }
    buffer_free(&sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_numbers_give_the_same_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
