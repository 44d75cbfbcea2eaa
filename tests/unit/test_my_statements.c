/* test_my_statements.c: the SQL texts of the MySQL sink
 * libs: sink_mysql */
#include "sinks/mysql/statements.h"
#include "db/mysql/my.h"

#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct buffer text;
static struct failure failure;

#define COLUMN(n, t, k) .name = n, .type = t, .kind = k, .length = -1, .precision = -1, .scale = -1

enum { ID, CODE, QTY, NOTE, NCOLUMNS };
static struct column columns[NCOLUMNS];
static int key[2];
static struct relation relation;
static struct my_place place;
static const struct my_limits wide = {1 << 20, 1000};

static int set_up(void **state)
{
    (void)state;
    static const struct column plain[NCOLUMNS] = {
        {COLUMN("id", "bigint", VALUE_INT), .key = true},
        {COLUMN("code", "varchar(20)", VALUE_TEXT), .collation = "utf8mb4_general_ci"},
        {COLUMN("qty", "decimal(10,2)", VALUE_DECIMAL), .nullable = true},
        {COLUMN("note", "text", VALUE_TEXT), .collation = "utf8mb4_general_ci", .nullable = true},
    };
    memcpy(columns, plain, sizeof plain);
    columns[QTY].precision = 10;
    columns[QTY].scale = 2;
    key[0] = ID;
    relation = (struct relation){.schema = "mes",
                                 .name = "wo",
                                 .ncolumns = NCOLUMNS,
                                 .columns = columns,
                                 .nkey = 1,
                                 .key = key};
    place = (struct my_place){&relation, "PRIMARY", false, true};
    buffer_clear(&text);
    failure = (struct failure){0};
    return 0;
}

static struct value txt(enum value_kind kind, const char *t)
{
    return value_text(kind, t, strlen(t));
}

static struct value rows[3][NCOLUMNS];
static struct value *row_pointers[3] = {rows[0], rows[1], rows[2]};
static bool present[NCOLUMNS];

static struct row_set set_of(enum set_op op, uint32_t n)
{
    for (uint32_t i = 0; i < 3; i++) {
        rows[i][ID] = value_int(i + 1);
        rows[i][CODE] = txt(VALUE_TEXT, i == 0 ? "it's" : "a\\b");
        rows[i][QTY] = i == 2 ? value_null() : txt(VALUE_DECIMAL, "1.50");
        rows[i][NOTE] = txt(VALUE_TEXT, "");
    }
    for (int i = 0; i < NCOLUMNS; i++)
        present[i] = op == SET_INSERT || i == QTY || i == NOTE;
    return (struct row_set){.op = op,
                            .relation = &relation,
                            .nrows = n,
                            .keys = row_pointers,
                            .rows = row_pointers,
                            .present = present};
}

static void assert_sql(const char *expected)
{
    assert_string_equal(buffer_text(&text), expected);
}

static void an_insert_names_its_columns_and_escapes_its_texts(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_INSERT, 3);
    uint32_t n;
    present[NOTE] = false;
    assert_int_equal(my_statement_insert(&text, &place, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_int_equal(n, 3);
    assert_sql("INSERT INTO `mes`.`wo` (`id`,`code`,`qty`) VALUES (1,'it\\'s','1.50'),"
               "(2,'a\\\\b','1.50'),(3,'a\\\\b',NULL)");
}

static void a_set_is_cut_by_rows_and_by_bytes(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_INSERT, 3);
    struct my_limits two_rows = {1 << 20, 2}, few_bytes = {10, 1000};
    uint32_t n;
    assert_int_equal(my_statement_insert(&text, &place, &set, 0, &two_rows, &n, &failure), 0);
    assert_int_equal(n, 2);
    buffer_clear(&text);
    assert_int_equal(my_statement_insert(&text, &place, &set, 2, &two_rows, &n, &failure), 0);
    assert_int_equal(n, 1);
    buffer_clear(&text);
    assert_int_equal(my_statement_insert(&text, &place, &set, 1, &few_bytes, &n, &failure), 0);
    assert_int_equal(n, 1); /* a row that is larger than the limit goes alone */
    assert_sql("INSERT INTO `mes`.`wo` (`id`,`code`,`qty`,`note`) VALUES (2,'a\\\\b','1.50','')");
}

static void an_update_joins_typed_values_by_the_key(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_UPDATE, 2);
    uint32_t n;
    assert_int_equal(my_statement_update(&text, &place, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_sql("UPDATE (VALUES ROW(1,'1.50',''),ROW(2,'1.50','')) AS s(k0,c0,c1) STRAIGHT_JOIN "
               "`mes`.`wo` AS t FORCE INDEX (`PRIMARY`) ON t.`id`=CAST(s.k0 AS SIGNED) "
               "SET t.`qty`=s.c0,t.`note`=s.c1");
}

static void servers_without_values_row_get_a_union(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_UPDATE, 2);
    uint32_t n;
    place.values_row = false;
    present[NOTE] = false;
    assert_int_equal(my_statement_update(&text, &place, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_sql("UPDATE (SELECT NULL AS k0,NULL AS c0 FROM DUAL WHERE false UNION ALL "
               "SELECT 1,'1.50' UNION ALL SELECT 2,'1.50') AS s STRAIGHT_JOIN `mes`.`wo` AS t "
               "FORCE INDEX (`PRIMARY`) ON t.`id`=CAST(s.k0 AS SIGNED) SET t.`qty`=s.c0");
}

static void keys_of_text_are_compared_in_their_own_collation(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_UPDATE, 1);
    uint32_t n;
    key[0] = CODE;
    present[NOTE] = false;
    assert_int_equal(my_statement_update(&text, &place, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_non_null(strstr(buffer_text(&text), "t.`code`=s.k0 COLLATE utf8mb4_general_ci SET"));
    columns[CODE].collation = "latin1_swedish_ci";
    buffer_clear(&text);
    assert_int_equal(my_statement_update(&text, &place, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_non_null(strstr(buffer_text(&text),
                           "t.`code`=CONVERT(s.k0 USING latin1) COLLATE latin1_swedish_ci AND "
                           "CONVERT(CONVERT(s.k0 USING latin1) USING utf8mb4)=s.k0 SET"));
}

static void composite_and_decimal_keys_are_cast_back(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_UPDATE, 1);
    uint32_t n;
    relation.nkey = 2;
    key[1] = QTY;
    present[QTY] = false;
    assert_int_equal(my_statement_update(&text, &place, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_sql("UPDATE (VALUES ROW(1,'1.50','')) AS s(k0,k1,c0) STRAIGHT_JOIN `mes`.`wo` AS t "
               "FORCE INDEX (`PRIMARY`) ON t.`id`=CAST(s.k0 AS SIGNED) AND "
               "t.`qty`=CAST(s.k1 AS DECIMAL(10,2)) SET t.`note`=s.c0");
}

static void a_delete_lists_its_keys(void **state)
{
    (void)state;
    set_of(SET_DELETE, 3);
    uint32_t n;
    assert_int_equal(my_statement_delete(&text, &place, row_pointers, 3, 0, &wide, &n, &failure),
                     STATUS_OK);
    assert_sql("DELETE `mes`.`wo` FROM `mes`.`wo` FORCE INDEX (`PRIMARY`) WHERE `id` IN (1,2,3)");
    relation.nkey = 2;
    key[1] = QTY;
    buffer_clear(&text);
    assert_int_equal(my_statement_delete(&text, &place, row_pointers, 2, 0, &wide, &n, &failure),
                     STATUS_OK);
    assert_sql("DELETE `mes`.`wo` FROM `mes`.`wo` FORCE INDEX (`PRIMARY`) WHERE (`id`,`qty`) IN "
               "((1,1.50),(2,1.50))");
}

static void parameters_stand_in_the_order_of_the_columns_then_the_key(void **state)
{
    (void)state;
    set_of(SET_UPDATE, 1);
    my_statement_prepared(&text, &relation, SET_UPDATE, present);
    assert_sql("UPDATE `mes`.`wo` SET `qty`=?,`note`=? WHERE `id`=?");
    buffer_clear(&text);
    set_of(SET_INSERT, 1);
    my_statement_prepared(&text, &relation, SET_INSERT, present);
    assert_sql("INSERT INTO `mes`.`wo` (`id`,`code`,`qty`,`note`) VALUES (?,?,?,?)");
}

static void a_row_without_a_key_is_matched_to_the_byte(void **state)
{
    (void)state;
    set_of(SET_DELETE, 3);
    relation.nkey = 0;
    rows[2][NOTE].kind = VALUE_ABSENT;
    assert_int_equal(my_statement_delete_row(&text, &place, rows[2], &failure), STATUS_OK);
    assert_sql("DELETE FROM `mes`.`wo` WHERE `id`=3 AND `code`='a\\\\b' AND "
               "CAST(CONVERT(`code` USING utf8mb4) AS BINARY)=CAST('a\\\\b' AS BINARY) AND "
               "`qty` IS NULL LIMIT 1");
}

static void a_char_column_is_matched_without_the_spaces_it_drops(void **state)
{
    (void)state;
    set_of(SET_DELETE, 1);
    relation.nkey = 0;
    columns[CODE].type = "char(20)";
    for (int i = 0; i < NCOLUMNS; i++)
        rows[0][i].kind = VALUE_ABSENT;
    rows[0][CODE] = txt(VALUE_TEXT, "ab  ");
    assert_int_equal(my_statement_delete_row(&text, &place, rows[0], &failure), STATUS_OK);
    assert_sql("DELETE FROM `mes`.`wo` WHERE `code`='ab  ' AND "
               "CAST(CONVERT(`code` USING utf8mb4) AS BINARY)=CAST('ab' AS BINARY) LIMIT 1");
}

static void a_row_of_which_nothing_is_known_is_refused(void **state)
{
    (void)state;
    set_of(SET_DELETE, 1);
    for (int i = 0; i < NCOLUMNS; i++)
        rows[0][i].kind = VALUE_ABSENT;
    assert_int_equal(my_statement_delete_row(&text, &place, rows[0], &failure), STATUS_DATA);
    assert_int_equal(failure.code, ERROR_ROW_IMAGE);
    relation.nkey = 0;
    assert_int_equal(my_statement_delete_row(&text, &place, rows[0], &failure), STATUS_DATA);
    assert_int_equal(failure.code, ERROR_ROW_IMAGE);
}

static void floats_are_compared_as_the_doubles_they_are(void **state)
{
    (void)state;
    struct column c = {COLUMN("f", "float", VALUE_FLOAT)};
    struct value v = {.kind = VALUE_FLOAT, .d = (double)0.1F};
    assert_int_equal(my_statement_compared(&text, &c, &v, &failure), STATUS_OK);
    buffer_add_char(&text, ' ');
    v.d = 1e30;
    assert_int_equal(my_statement_compared(&text, &c, &v, &failure), STATUS_OK);
    assert_sql("0.10000000149011612e0 1e+30");
}

static void an_update_skips_what_is_absent_and_generated(void **state)
{
    (void)state;
    set_of(SET_UPDATE, 1);
    columns[NOTE].generated = true;
    rows[0][CODE].kind = VALUE_ABSENT;
    assert_int_equal(my_statement_update_row(&text, &place, rows[0], rows[0], &failure), STATUS_OK);
    assert_sql("UPDATE `mes`.`wo` SET `id`=1,`qty`='1.50' WHERE `id`=1");
}

static void an_update_of_nothing_still_looks_for_its_row(void **state)
{
    (void)state;
    set_of(SET_UPDATE, 1);
    struct value after[NCOLUMNS];
    for (int i = 0; i < NCOLUMNS; i++)
        after[i] = (struct value){.kind = VALUE_ABSENT};
    assert_int_equal(my_statement_update_row(&text, &place, rows[0], after, &failure), STATUS_OK);
    assert_sql("UPDATE `mes`.`wo` SET `id`=`id` WHERE `id`=1");
}

static void a_value_that_does_not_fit_names_table_key_and_column(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_INSERT, 2);
    uint32_t n;
    rows[1][QTY] = txt(VALUE_DECIMAL, "1.239");
    assert_int_equal(my_statement_insert(&text, &place, &set, 0, &wide, &n, &failure), STATUS_DATA);
    assert_non_null(strstr(failure.text, "table mes.wo (id=2): column qty decimal(10,2)"));
}

static void names_with_backticks_are_quoted(void **state)
{
    (void)state;
    relation.name = "w`o";
    my_statement_table(&text, &relation);
    assert_sql("`mes`.`w``o`");
}

static void an_update_of_one_row_sets_what_its_set_names(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_UPDATE, 3);
    assert_int_equal(my_statement_update_one(&text, &place, &set, 2, &failure), STATUS_OK);
    assert_sql("UPDATE `mes`.`wo` SET `qty`=NULL,`note`='' WHERE `id`=3");
}

static void lines_of_a_load_escape_what_would_be_read_as_something_else(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_INSERT, 3);
    uint32_t n;
    rows[0][CODE] = value_text(VALUE_TEXT, "a\tb\nc\\\0d", 8);
    rows[1][CODE] = txt(VALUE_TEXT, "\\N");
    assert_int_equal(my_statement_lines(&text, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_int_equal(n, 3);
    assert_sql("1\ta\\tb\\nc\\\\\\0d\t1.50\t\n2\t\\\\N\t1.50\t\n3\ta\\\\b\t\\N\t\n");
}

static void a_load_ends_before_a_row_that_has_no_line(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_INSERT, 3);
    uint32_t n;
    rows[1][NOTE] = txt(VALUE_BYTES, "\xc3\xa9");
    assert_int_equal(my_statement_lines(&text, &set, 0, &wide, &n, &failure), STATUS_OK);
    assert_int_equal(n, 1);
    assert_sql("1\tit's\t1.50\t\n");
    assert_int_equal(my_statement_lines(&text, &set, 1, &wide, &n, &failure), STATUS_OK);
    assert_int_equal(n, 0);
}

static void a_load_sets_timestamps_by_variables_and_takes_no_bytes(void **state)
{
    (void)state;
    struct row_set set = set_of(SET_INSERT, 1);
    assert_true(my_statement_loads(&relation));
    columns[QTY].kind = VALUE_INSTANT;
    my_statement_load(&text, &set);
    assert_sql("LOAD DATA LOCAL INFILE 'rows' INTO TABLE `mes`.`wo` CHARACTER SET utf8mb4"
               " FIELDS TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\'"
               " LINES TERMINATED BY '\\n' STARTING BY '' (`id`,`code`,@c2,`note`) SET `qty`=@c2");
    columns[QTY].kind = VALUE_BYTES;
    assert_false(my_statement_loads(&relation));
    columns[QTY].generated = true;
    assert_true(my_statement_loads(&relation));
    columns[CODE].type = "bit(8)";
    assert_false(my_statement_loads(&relation));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_insert_names_its_columns_and_escapes_its_texts),
        TEST(a_set_is_cut_by_rows_and_by_bytes),
        TEST(an_update_joins_typed_values_by_the_key),
        TEST(servers_without_values_row_get_a_union),
        TEST(keys_of_text_are_compared_in_their_own_collation),
        TEST(composite_and_decimal_keys_are_cast_back),
        TEST(a_delete_lists_its_keys),
        TEST(parameters_stand_in_the_order_of_the_columns_then_the_key),
        TEST(a_row_without_a_key_is_matched_to_the_byte),
        TEST(a_char_column_is_matched_without_the_spaces_it_drops),
        TEST(a_row_of_which_nothing_is_known_is_refused),
        TEST(floats_are_compared_as_the_doubles_they_are),
        TEST(an_update_skips_what_is_absent_and_generated),
        TEST(an_update_of_nothing_still_looks_for_its_row),
        TEST(a_value_that_does_not_fit_names_table_key_and_column),
        TEST(names_with_backticks_are_quoted),
        TEST(an_update_of_one_row_sets_what_its_set_names),
        TEST(lines_of_a_load_escape_what_would_be_read_as_something_else),
        TEST(a_load_ends_before_a_row_that_has_no_line),
        TEST(a_load_sets_timestamps_by_variables_and_takes_no_bytes),
    };
    buffer_init(&text, 1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_free(&text);
    return failed;
}
