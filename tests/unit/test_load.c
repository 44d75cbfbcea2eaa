/* test_load.c: the load generator's pure parts: schedule, hot keys, percentiles, what is a held
 * rate libs: load */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/load/growth.h"
#include "benchmarks/load/options.h"
#include "benchmarks/load/percentile.h"
#include "benchmarks/load/schedule.h"
#include "benchmarks/load/search.h"
#include "benchmarks/load/transaction.h"
#include "benchmarks/load/zipf.h"

/* ---- schedule ---- */

static void transactions_are_due_by_the_clock_alone(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 1000, 10, 0);
    assert_int_equal(s.count, 10000);
    assert_int_equal(schedule_due(&s, 0), 0);
    assert_int_equal(schedule_due(&s, 1), 1000000);
    assert_int_equal(schedule_due(&s, 9999), 9999000000);
}

static void a_schedule_ends_by_what_comes_first(void **state)
{
    (void)state;
    struct schedule s;
    schedule_init(&s, 100, 10, 50);
    assert_int_equal(s.count, 50);
    schedule_init(&s, 100, 10, 5000);
    assert_int_equal(s.count, 1000);
    schedule_init(&s, 0, 0, 600000);
    assert_int_equal(s.count, 600000);
    assert_int_equal(schedule_due(&s, 599999), 0);
    schedule_init(&s, 0, 2, 0);
    assert_int_equal(s.length_ns, 2000000000);
}

/* ---- zipf ---- */

enum { KEYS = 100, DRAWS = 200000 };

static void draw(double s, double *share)
{
    struct random r = {.state = 42};
    struct zipf z;
    zipf_init(&z, KEYS, s);
    memset(share, 0, (KEYS + 1) * sizeof *share);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t k = zipf_rank(&z, &r);
        assert_in_range(k, 1, KEYS);
        share[k] += 1.0 / DRAWS;
    }
}

static double power(double k, double s)
{
    return __builtin_pow(k, -s);
}

static void ranks_follow_zipfs_law(void **state)
{
    (void)state;
    static const double exponents[] = {0, 0.5, 0.99, 1, 1.5, 3};
    double share[KEYS + 1];
    for (size_t e = 0; e < sizeof exponents / sizeof *exponents; e++) {
        double s = exponents[e], total = 0;
        draw(s, share);
        for (int k = 1; k <= KEYS; k++)
            total += power(k, s);
        for (int k = 1; k <= KEYS; k++) {
            double p = power(k, s) / total;
            double deviation = 5 * __builtin_sqrt(p * (1 - p) / DRAWS);
            assert_true(__builtin_fabs(share[k] - p) <= deviation + 1e-9);
        }
    }
}

static void one_key_is_always_the_one(void **state)
{
    (void)state;
    struct random r = {.state = 1};
    struct zipf z;
    zipf_init(&z, 1, 1.1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zipf_rank(&z, &r), 1);
}

static void each_rank_has_a_key_of_its_own(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 1000, 4096, 99991};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *taken = calloc(sizes[i] + 1, 1);
        for (uint64_t rank = 1; rank <= sizes[i]; rank++) {
            uint64_t key = zipf_scatter(rank, sizes[i]);
            assert_in_range(key, 1, sizes[i]);
            assert_false(taken[key]);
            taken[key] = 1;
        }
        free(taken);
    }
}

/* ---- percentiles ---- */

static void percentiles_are_values_that_were_measured(void **state)
{
    (void)state;
    struct series s = {0};
    for (int64_t i = 1000; i >= 1; i--)
        series_add(&s, i);
    struct summary sum = percentile_summary(&s);
    assert_int_equal(sum.count, 1000);
    assert_int_equal(sum.p50, 500);
    assert_int_equal(sum.p90, 900);
    assert_int_equal(sum.p99, 990);
    assert_int_equal(sum.p999, 999);
    assert_int_equal(sum.max, 1000);
    assert_true(__builtin_fabs(sum.mean - 500.5) < 1e-6);
    series_free(&s);
}

static void percentiles_of_few_values(void **state)
{
    (void)state;
    struct series s = {0};
    assert_int_equal(percentile_summary(&s).max, 0);
    series_add(&s, 7);
    struct summary sum = percentile_summary(&s);
    assert_int_equal(sum.p50, 7);
    assert_int_equal(sum.p999, 7);
    series_free(&s);
}

/* ---- is the rate held? ---- */

enum { SECONDS = 60 };

static struct growth judge(const double *lag_ms, uint64_t backlog, double late_ms)
{
    return growth_judge(&(struct growth_seen){.lag_ms = lag_ms,
                                              .seconds = SECONDS,
                                              .rate = 1000,
                                              .backlog = backlog,
                                              .late_ms = late_ms});
}

static void steady_lag_is_held(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = 2 + i % 3;
    assert_int_equal(judge(lag, 3, 1).verdict, GROWTH_HELD);
}

static void a_stall_that_is_made_up_for_is_held(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = i >= 40 && i < 50 ? 800 : 2;
    assert_int_equal(judge(lag, 3, 1).verdict, GROWTH_HELD);
}

static void slow_growth_is_growth(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = 2 + 1.5 * i + (i % 7);
    struct growth g = judge(lag, 90, 1);
    assert_int_equal(g.verdict, GROWTH_LAG);
    assert_true(g.slope_ms > 1.3 && g.slope_ms < 1.7);
}

static void a_warm_up_is_not_counted(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = i < 6 ? 500 - 80 * i : 3;
    assert_int_equal(judge(lag, 3, 1).verdict, GROWTH_HELD);
}

static void seconds_without_a_transaction_tell_nothing(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = i % 2 ? -1 : 4;
    assert_int_equal(judge(lag, 0, 0).verdict, GROWTH_HELD);
    assert_true(growth_slope(lag, SECONDS) == 0);
}

static void what_waits_at_the_end_is_growth(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = 2;
    assert_int_equal(judge(lag, 1001, 1).verdict, GROWTH_BACKLOG);
}

static void a_source_that_is_late_holds_no_rate(void **state)
{
    (void)state;
    double lag[SECONDS] = {0};
    assert_int_equal(judge(lag, 0, 1500).verdict, GROWTH_SOURCE);
}

static void a_replica_that_stands_is_growth(void **state)
{
    (void)state;
    double lag[SECONDS];
    for (int i = 0; i < SECONDS; i++)
        lag[i] = 1000.0 * (SECONDS - i); /* unseen to the end: the oldest waited longest */
    assert_int_equal(judge(lag, 60000, 1).verdict, GROWTH_BACKLOG);
}

/* ---- the search ---- */

static double search(double start, double capacity, double whole_capacity, int *tries)
{
    struct search s;
    search_init(&s, start);
    for (*tries = 0; !s.done && *tries < 100; (*tries)++)
        search_tell(&s, s.next <= (s.whole ? whole_capacity : capacity));
    assert_true(s.done);
    return s.held;
}

static void the_highest_rate_is_found(void **state)
{
    (void)state;
    int tries;
    double found = search(100, 7300, 7300, &tries);
    assert_true(found <= 7300 && found > 7300 / 1.05);
    assert_true(tries < 20);
    found = search(50000, 7300, 7300, &tries);
    assert_true(found <= 7300 && found > 7300 / 1.05);
}

static void a_rate_that_is_not_held_for_long_is_lowered(void **state)
{
    (void)state;
    int tries;
    double found = search(100, 8000, 7000, &tries);
    assert_true(found <= 7000 && found > 7000 * 0.9);
}

static void no_rate_at_all_is_an_answer(void **state)
{
    (void)state;
    int tries;
    assert_true(search(100, 0, 0, &tries) == 0);
}

/* ---- transactions ---- */

static const struct options LOAD = {
    .tables = 3,
    .rows = 1000,
    .width = 20,
    .connections = 4,
    .seed = 5,
    .inserts = 40,
    .updates = 40,
    .deletes = 20,
    .transaction_min = 1,
    .transaction_max = 20,
    .zipf = 1,
};

static void a_mix_is_kept_and_no_statement_misses_its_row(void **state)
{
    (void)state;
    enum { IDS = 200000 };
    static char there[3][IDS];
    const int64_t base[3] = {1000, 1000, 1000};
    struct transactions t;
    transaction_init(&t, &LOAD, 2, base);
    for (int i = 0; i < 5000; i++) {
        transaction_make(&t, i);
        for (int64_t k = 0; k < t.nchanges; k++) {
            struct change *c = &t.changes[k];
            assert_in_range(c->key, 1, IDS - 1);
            char *row = &there[c->table][c->key];
            assert_int_equal(*row || c->key <= LOAD.rows, c->kind != CHANGE_INSERT);
            if (c->key > LOAD.rows)
                assert_int_equal((c->key - 1001) % 4, 2); /* other connections have other keys */
            *row = c->kind == CHANGE_INSERT;
        }
        transaction_committed(&t);
    }
    double total = (double)(t.rows[0] + t.rows[1] + t.rows[2]);
    assert_true(__builtin_fabs(total / 5000 - 10.5) < 0.3);
    assert_true(__builtin_fabs((double)t.rows[CHANGE_UPDATE] / total - 0.4) < 0.02);
    assert_true(__builtin_fabs((double)t.rows[CHANGE_DELETE] / total - 0.2) < 0.02);
    transaction_free(&t);
}

static void the_same_seed_makes_the_same_load(void **state)
{
    (void)state;
    const int64_t base[3] = {1000, 1000, 1000};
    struct transactions a, b, other;
    transaction_init(&a, &LOAD, 0, base);
    transaction_init(&b, &LOAD, 0, base);
    transaction_init(&other, &LOAD, 1, base);
    for (int i = 0; i < 50; i++) {
        transaction_make(&a, i);
        transaction_make(&b, i);
        transaction_make(&other, i);
        assert_string_equal(buffer_text(&a.sql), buffer_text(&b.sql));
        assert_string_not_equal(buffer_text(&a.sql), buffer_text(&other.sql));
        transaction_committed(&a);
        transaction_committed(&b);
        transaction_committed(&other);
    }
    transaction_free(&a);
    transaction_free(&b);
    transaction_free(&other);
}

/* ---- options ---- */

static enum status read_options(struct options *o, struct failure *f, const char *const *words)
{
    char *argv[16] = {(char *)"millrace-load"};
    int argc = 1;
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    return options_read(argc, argv, o, f);
}
#define READ(...) read_options(&o, &f, (const char *const[]){__VA_ARGS__, NULL})

static void options_are_read(void **state)
{
    (void)state;
    struct options o;
    struct failure f;
    assert_int_equal(READ("--source", "mariadb://app@db.example:3307/shop", "--mix=30,50,20",
                          "--transaction", "1-20", "--rate=max", "--transactions", "600000"),
                     STATUS_OK);
    assert_int_equal(o.source.family, PLACE_MYSQL);
    assert_string_equal(o.source.user, "app");
    assert_string_equal(o.source.host, "db.example");
    assert_int_equal(o.source.port, 3307);
    assert_string_equal(o.source.database, "shop");
    assert_int_equal(o.deletes, 20);
    assert_int_equal(o.transaction_max, 20);
    assert_true(o.rate == 0);
    assert_int_equal(READ("--source", "postgres://[::1]/erp"), STATUS_OK);
    assert_string_equal(o.source.host, "::1");
    assert_int_equal(o.source.port, 5432);
}

static void wrong_options_are_refused_with_their_name(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"--mix=50,50,10", "100"},  {"--mix=10,60,30", "run out"},
        {"--rate=fast", "--rate"},  {"--transaction=5-2", "--transaction"},
        {"--tables=0", "--tables"}, {"--nonsense", "--nonsense"},
        {"--seconds", "--seconds"}, {"--width=x", "--width"},
        {"--lag", "--target"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct options o;
        struct failure f;
        assert_int_equal(READ("--source=mysql://a@h/d", wrong[i][0]), STATUS_CONFIG);
        assert_non_null(strstr(f.text, wrong[i][1]));
    }
}

static void a_password_in_a_url_is_refused_and_not_repeated(void **state)
{
    (void)state;
    struct options o;
    struct failure f;
    assert_int_equal(READ("--source=mysql://app:hunter2@h/d"), STATUS_CONFIG);
    assert_null(strstr(f.text, "hunter2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_are_due_by_the_clock_alone),
        cmocka_unit_test(a_schedule_ends_by_what_comes_first),
        cmocka_unit_test(ranks_follow_zipfs_law),
        cmocka_unit_test(one_key_is_always_the_one),
        cmocka_unit_test(each_rank_has_a_key_of_its_own),
        cmocka_unit_test(percentiles_are_values_that_were_measured),
        cmocka_unit_test(percentiles_of_few_values),
        cmocka_unit_test(steady_lag_is_held),
        cmocka_unit_test(a_stall_that_is_made_up_for_is_held),
        cmocka_unit_test(slow_growth_is_growth),
        cmocka_unit_test(a_warm_up_is_not_counted),
        cmocka_unit_test(seconds_without_a_transaction_tell_nothing),
        cmocka_unit_test(what_waits_at_the_end_is_growth),
        cmocka_unit_test(a_source_that_is_late_holds_no_rate),
        cmocka_unit_test(a_replica_that_stands_is_growth),
        cmocka_unit_test(the_highest_rate_is_found),
        cmocka_unit_test(a_rate_that_is_not_held_for_long_is_lowered),
        cmocka_unit_test(no_rate_at_all_is_an_answer),
        cmocka_unit_test(a_mix_is_kept_and_no_statement_misses_its_row),
        cmocka_unit_test(the_same_seed_makes_the_same_load),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(wrong_options_are_refused_with_their_name),
        cmocka_unit_test(a_password_in_a_url_is_refused_and_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
