/* test_zone.c: instants and local times of named zones, gaps, folds, far years
 * libs: model */
#include "model/value.h"
#include "model/zone.h"
#include "model/zone_rule.h"

#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static int64_t at(int64_t year, unsigned month, unsigned day, int hour, int minute)
{
    return (days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60) * 1000000;
}

static const struct zone *load(const char *name)
{
    struct failure f = {0};
    const struct zone *z = NULL;
    if (zone_load(name, &z, &f) != STATUS_OK)
        fail_msg("%s", f.text);
    return z;
}

static void assert_pair(const struct zone *z, int64_t local, int64_t utc)
{
    assert_int_equal(zone_to_utc(z, local), utc);
    assert_int_equal(zone_from_utc(z, utc), local);
}

static void utc_and_offsets_need_no_file(void **state)
{
    (void)state;
    assert_pair(load("UTC"), at(2026, 11, 22, 16, 48), at(2026, 11, 22, 16, 48));
    assert_pair(load("+08:00"), at(2026, 11, 22, 16, 48), at(2026, 11, 22, 8, 48));
    assert_pair(load("-03:30"), at(2026, 11, 22, 16, 48), at(2026, 11, 22, 20, 18));
    assert_pair(load("+5"), at(1969, 12, 31, 23, 0), at(1969, 12, 31, 18, 0));
}

static void shanghai_is_eight_hours_ahead_but_had_summer_time(void **state)
{
    (void)state;
    const struct zone *z = load("Asia/Shanghai");
    assert_pair(z, at(2026, 11, 22, 16, 48), at(2026, 11, 22, 8, 48));
    assert_pair(z, at(2400, 7, 1, 0, 0), at(2400, 6, 30, 16, 0));
    assert_pair(z, at(1988, 7, 1, 12, 0), at(1988, 7, 1, 3, 0));
}

static void local_mean_time_holds_before_the_table(void **state)
{
    (void)state;
    int64_t utc = at(1850, 1, 1, 0, 0);
    assert_int_equal(zone_from_utc(load("Asia/Shanghai"), utc) - utc, INT64_C(29143000000));
}

static void a_gap_takes_the_offset_from_before_it(void **state)
{
    (void)state;
    const struct zone *z = load("Europe/Berlin");
    assert_pair(z, at(2026, 3, 29, 1, 59), at(2026, 3, 29, 0, 59));
    assert_int_equal(zone_to_utc(z, at(2026, 3, 29, 2, 30)), at(2026, 3, 29, 1, 30));
    assert_int_equal(zone_from_utc(z, at(2026, 3, 29, 1, 30)), at(2026, 3, 29, 3, 30));
    assert_pair(z, at(2026, 3, 29, 3, 0), at(2026, 3, 29, 1, 0));
}

static void a_fold_takes_the_first(void **state)
{
    (void)state;
    const struct zone *z = load("Europe/Berlin");
    assert_pair(z, at(2026, 10, 25, 2, 30), at(2026, 10, 25, 0, 30));
    assert_int_equal(zone_from_utc(z, at(2026, 10, 25, 1, 30)), at(2026, 10, 25, 2, 30));
    assert_pair(z, at(2026, 10, 25, 3, 0), at(2026, 10, 25, 2, 0));
}

static void the_footers_rule_holds_beyond_the_table(void **state)
{
    (void)state;
    const struct zone *z = load("America/New_York");
    assert_pair(z, at(2050, 1, 15, 12, 0), at(2050, 1, 15, 17, 0));
    assert_pair(z, at(2050, 7, 15, 12, 0), at(2050, 7, 15, 16, 0));
    assert_int_equal(zone_to_utc(z, at(2050, 3, 13, 2, 30)), at(2050, 3, 13, 7, 30));
    assert_pair(z, at(2050, 11, 6, 1, 30), at(2050, 11, 6, 5, 30));
}

static void years_beyond_the_unrolled_rule_repeat_every_400(void **state)
{
    (void)state;
    const struct zone *z = load("America/New_York");
    for (int cycle = 1; cycle < 20; cycle++) {
        int64_t year = 2050 + 400 * cycle;
        assert_pair(z, at(year, 1, 15, 12, 0), at(year, 1, 15, 17, 0));
        assert_pair(z, at(year, 7, 15, 12, 0), at(year, 7, 15, 16, 0));
        assert_pair(z, at(year, 11, 6, 1, 30), at(year, 11, 6, 5, 30));
    }
}

static void the_south_has_its_summer_over_the_new_year(void **state)
{
    (void)state;
    const struct zone *z = load("Australia/Sydney");
    for (int year = 2030; year < 2900; year += 7) {
        assert_pair(z, at(year, 1, 1, 0, 0), at(year - 1, 12, 31, 13, 0));
        assert_pair(z, at(year, 7, 1, 0, 0), at(year, 6, 30, 14, 0));
    }
}

static void every_hour_of_the_next_decades_comes_back(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Dublin", "America/St_Johns", "Africa/Casablanca",
                                        "Pacific/Apia",  "Asia/Kolkata",     "America/Nuuk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct zone *z = load(names[i]);
        for (int64_t utc = at(2000, 1, 1, 0, 0); utc < at(2045, 1, 1, 0, 0);
             utc += INT64_C(3600000000)) {
            int64_t back = zone_to_utc(z, zone_from_utc(z, utc));
            assert_true(back == utc || utc - back <= INT64_C(3600000000)); /* folds: the first */
        }
    }
}

static void a_day_that_was_skipped_moves_forward(void **state)
{
    (void)state;
    /* Samoa crossed the date line: 2011-12-30 never was. */
    const struct zone *z = load("Pacific/Apia");
    int64_t utc = zone_to_utc(z, at(2011, 12, 30, 12, 0));
    assert_int_equal(zone_from_utc(z, utc), at(2011, 12, 31, 12, 0));
}

static void extreme_times_do_not_wrap(void **state)
{
    (void)state;
    const struct zone *z = load("America/New_York");
    assert_true(zone_to_utc(z, INT64_MAX) == INT64_MAX);
    assert_true(zone_from_utc(z, INT64_MIN) == INT64_MIN);
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Asia/Atlantis", "../../etc/passwd", "/etc/localtime", "",
        "+99:00",        "+08:00x",          "tzdata.zi",      "zone.tab"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct failure f = {0};
        const struct zone *z;
        assert_int_equal(zone_load(names[i], &z, &f), STATUS_CONFIG);
        assert_non_null(strstr(f.text, "time zone"));
    }
}

static void a_second_load_gives_the_same(void **state)
{
    (void)state;
    assert_ptr_equal(load("Asia/Shanghai"), load("Asia/Shanghai"));
    assert_true(zone_same(load("UTC"), load("+00:00")));
    assert_false(zone_same(load("UTC"), load("Europe/London")));
}

static void rules_of_every_form_are_read(void **state)
{
    (void)state;
    struct zone_rule r;
    assert_true(zone_rule_read("<+0330>-3:30", &r));
    assert_false(r.has_dst);
    assert_int_equal(r.standard, 12600);
    assert_true(zone_rule_read("XXX3EDT4,0/0,J365/23", &r));
    assert_int_equal(r.daylight, -4 * 3600);
    assert_true(zone_rule_read("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", &r));
    assert_int_equal(r.start.seconds, -3600);
    static const char *const bad[] = {"",
                                      "C",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M1.1.1",
                                      "CET-1CEST,J0,J1",
                                      "<CET-1",
                                      "CET-1CEST,M3.5.0,M10.5.0x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(zone_rule_read(bad[i], &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utc_and_offsets_need_no_file),
        cmocka_unit_test(shanghai_is_eight_hours_ahead_but_had_summer_time),
        cmocka_unit_test(local_mean_time_holds_before_the_table),
        cmocka_unit_test(a_gap_takes_the_offset_from_before_it),
        cmocka_unit_test(a_fold_takes_the_first),
        cmocka_unit_test(the_footers_rule_holds_beyond_the_table),
        cmocka_unit_test(years_beyond_the_unrolled_rule_repeat_every_400),
        cmocka_unit_test(the_south_has_its_summer_over_the_new_year),
        cmocka_unit_test(every_hour_of_the_next_decades_comes_back),
        cmocka_unit_test(a_day_that_was_skipped_moves_forward),
        cmocka_unit_test(extreme_times_do_not_wrap),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(a_second_load_gives_the_same),
        cmocka_unit_test(rules_of_every_form_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
