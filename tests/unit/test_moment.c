/* test_moment.c: dates and times as texts: what is one, and what it says
 * libs: model */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "model/moment.h"

#define NOON INT64_C(1795435200000000) /* 2026-11-23 12:00:00 */
#define HOUR INT64_C(3600000000)

static struct moment read_good(const char *text)
{
    struct moment m;
    if (!moment_read(text, strlen(text), &m))
        fail_msg("%s is no moment", text);
    return m;
}

static void spellings_of_one_moment_are_one(void **state)
{
    (void)state;
    static const char *const same[] = {"2026-11-23 12:00", "2026-11-23T12:00:00", "2026-11-23t12:00",
                                       "2026-11-23 12:00:00.0", "2026-11-23 12:00:00.000000000000"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct moment m = read_good(same[i]);
        assert_int_equal(m.us, NOON);
        assert_true(m.has_time && !m.has_zone && !moment_is_finer_than_us(&m));
    }
    struct moment day = read_good("2026-11-23");
    assert_int_equal(day.us, NOON - 12 * HOUR);
    assert_false(day.has_time);
}

static void a_zone_is_an_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t offset;
    } zones[] = {
        {"2026-11-23 12:00Z", 0},           {"2026-11-23 12:00:00z", 0},
        {"2026-11-23 12:00+08", 8 * HOUR},  {"2026-11-23 12:00:00 +08:00", 8 * HOUR},
        {"2026-11-23 12:00-0330", -HOUR * 7 / 2}, {"2026-11-23 12:00+15:59", HOUR * 16 - HOUR / 60},
    };
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        struct moment m = read_good(zones[i].text);
        assert_true(m.has_zone);
        assert_int_equal(m.us, NOON);
        assert_int_equal(m.offset, zones[i].offset);
    }
}

static void what_is_finer_than_a_microsecond_is_told(void **state)
{
    (void)state;
    struct moment m = read_good("2026-11-23 12:00:00.123456789");
    assert_int_equal(m.us, NOON + 123456);
    assert_int_equal(m.nanos, 789);
    assert_false(m.is_finer);
    assert_true(moment_is_finer_than_us(&m));
    m = read_good("2026-11-23 12:00:00.0000000001");
    assert_int_equal(m.nanos, 0);
    assert_true(m.is_finer && moment_is_finer_than_us(&m));
    m = read_good("1969-12-31 23:59:59.999999");
    assert_int_equal(m.us, -1);
}

static void all_else_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "2026", "2026-11", "2026-1-1", "26-11-23", "2026-02-30", "2026-13-01", "2026-00-01",
        "0000-01-01", "10000-01-01", "2026-11-23 ", "2026-11-23 12", "2026-11-23 24:00",
        "2026-11-23 12:60", "2026-11-23 12:00:60", "2026-11-23 12:00:00.", "2026-11-23  12:00",
        "2026-11-23Z", "2026-11-23 12:00 ", "2026-11-23 12:00+", "2026-11-23 12:00+8",
        "2026-11-23 12:00+16", "2026-11-23 12:00+08:", "2026-11-23 12:00ZZ", " 2026-11-23",
        "2026-11-23 12:00:00,5", "-2026-11-23", "now",
    };
    struct moment m;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (moment_read(bad[i], strlen(bad[i]), &m))
            fail_msg("\"%s\" is taken for a moment", bad[i]);
    }
    assert_false(moment_read("2026-02-29", 10, &m));
    assert_true(moment_read("2028-02-29", 10, &m));
    assert_true(moment_read("2026-11-23!", 10, &m)); /* the size is what counts */
    assert_true(moment_in_years(0) && !moment_in_years(INT64_MAX));
}

static void a_clock_may_be_long_or_negative(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {{"08:30:00.5", 8 * HOUR + HOUR / 2 + 500000},
                {"08:30", 8 * HOUR + HOUR / 2},
                {"-838:59:59", -839 * HOUR + 1000000}};
    static const char *const bad[] = {"", "8:30", "08:60:00", "08:30:61", "08:30:00.0000005", "08:30x"};
    int64_t us;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(moment_read_clock(good[i].text, strlen(good[i].text), &us));
        assert_int_equal(us, good[i].us);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(moment_read_clock(bad[i], strlen(bad[i]), &us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_moment_are_one),
        cmocka_unit_test(a_zone_is_an_offset),
        cmocka_unit_test(what_is_finer_than_a_microsecond_is_told),
        cmocka_unit_test(all_else_is_none),
        cmocka_unit_test(a_clock_may_be_long_or_negative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
