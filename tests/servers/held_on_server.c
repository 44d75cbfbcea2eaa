/* held_on_server.c: millrace.held against a real server: what goes in comes out, in any number
 * libs: state db_postgres db_mysql
 *
 *   held_on_server postgres CONNINFO DATABASE | mariadb|mysql HOST:PORT DATABASE      (user, password:
 *   MR_USER, MR_PASSWORD). Prints the seconds that each step took; ends with 1 at the first wrong one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "db/mysql/my.h"
#include "db/postgres/pg.h"
#include "state/checkpoint.h"
#include "state/held.h"

enum { MANY = 100 * 1000, PAGE = 1000, BIG_BYTES = 6 << 20, LINK = 7, OTHER = 8 };

static struct failure failure;
static struct session *s;
static struct arena arena;
static int64_t step_at_us;

#define RUN(call)                                                                                  \
    do {                                                                                           \
        if ((call) != STATUS_OK)                                                                   \
            end_badly(__LINE__, failure.text);                                                     \
    } while (0)
#define WANT(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            end_badly(__LINE__, #condition);                                                       \
    } while (0)

static void end_badly(int line, const char *what)
{
    fprintf(stderr, "line %d: %s\n", line, what);
    exit(1);
}

static void took(const char *what)
{
    int64_t now = clock_wall_us();
    printf("%-10s %.2f s\n", what, (double)(now - step_at_us) / 1e6);
    fflush(stdout);
    step_at_us = clock_wall_us();
}

static void open_session(char **argv)
{
    static struct wake wake;
    static struct endpoint e = {.system = "server", .connect_timeout_ms = 10000};
    must(wake_init(&wake) == 0);
    e.user = getenv("MR_USER");
    e.password = getenv("MR_PASSWORD");
    if (strcmp(argv[1], "postgres") == 0) {
        struct pg *pg;
        e.conninfo = argv[2];
        RUN(pg_open(&e, PG_SESSION, "held_on_server", &wake, &failure, &pg));
        s = pg_session(pg);
        return;
    }
    struct my *my;
    char *colon = strchr(argv[2], ':');
    e.engine = strcmp(argv[1], "mysql") == 0 ? ENGINE_MYSQL : ENGINE_MARIADB;
    e.port = atoi(colon + 1);
    *colon = '\0';
    e.host = argv[2];
    e.database = argv[3];
    RUN(my_open(&e, &wake, &failure, &my));
    s = my_session(my);
}

static void begin(void)
{
    RUN(session_query(s, NULL, NULL, "START TRANSACTION", 0, NULL));
}

static void commit(void)
{
    RUN(session_query(s, NULL, NULL, "COMMIT", 0, NULL));
}

static struct held_event an_event(int i)
{
    static const unsigned char envelope[] = {0, 1, '\'', '\\', 0xff, '?', '\n'};
    return (struct held_event){.flow = i % 2 ? "Order" : "Ware'\\\"?",
                               .key = arena_format(&arena, "WH/MO/%05d", i),
                               .old_key = i % 100 == 0 ? arena_format(&arena, "old/%d", i) : NULL,
                               .op = "changed",
                               .reason = i % 10 == 9  ? HELD_QUARANTINE
                                         : i % 10 > 6 ? HELD_BEHIND
                                                      : HELD_WAIT,
                               .transaction = i / 4,
                               .position = "0/16B3748",
                               .committed_us = 1764000000000000 + i,
                               .envelope = envelope,
                               .envelope_size = sizeof envelope,
                               .before = "{\"id\": 1, \"größe\": \"Ø \\u0000 ?\"}",
                               .after = NULL,
                               .table = "mes.work_order",
                               .column = i % 3 ? "ware_id" : NULL,
                               .text = "there is no row with code='B' in \"ware\"? \\ 工件 😀"};
}

static void add_many(void)
{
    struct held_event *events = arena_alloc(&arena, MANY * sizeof *events);
    for (int i = 0; i < MANY; i++)
        events[i] = an_event(i);
    begin();
    RUN(held_add(s, LINK, events, MANY, &failure));
    RUN(held_add(s, OTHER, events, 3, &failure));
    commit();
    took("add");
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void is_as_added(const struct held_event *read, int i)
{
    struct held_event e = an_event(i);
    WANT(same(read->flow, e.flow) && same(read->key, e.key) && same(read->old_key, e.old_key));
    WANT(same(read->op, e.op) && read->reason == e.reason && read->transaction == e.transaction);
    WANT(same(read->position, e.position) && read->committed_us == e.committed_us);
    WANT(same(read->table, e.table) && same(read->column, e.column) && same(read->text, e.text));
    WANT(read->envelope_size == e.envelope_size &&
         memcmp(read->envelope, e.envelope, e.envelope_size) == 0);
    WANT(same(read->before, e.before) && !read->after);
    WANT(read->tries == 0 && !read->tried_at && strlen(read->at) == 27 && read->at[26] == 'Z');
}

/* All pages of a filter; the rows met. */
static uint32_t page_through(const struct held_filter *filter, bool judge, int64_t *first)
{
    static struct held_event page[PAGE];
    struct held_query q = {.filter = *filter, .limit = PAGE, .envelope = true, .images = judge};
    struct arena a;
    uint32_t met = 0, n = PAGE;
    arena_init(&a);
    while (n == PAGE) {
        arena_reset(&a);
        RUN(held_page(s, LINK, &q, &a, page, &n, &failure));
        for (uint32_t i = 0; i < n; i++) {
            WANT(page[i].n > q.after_n);
            q.after_n = page[i].n;
            if (judge)
                is_as_added(&page[i], (int)(met + i));
        }
        if (first && met == 0 && n > 0)
            *first = page[0].n;
        met += n;
    }
    arena_free(&a);
    return met;
}

static void count_keys(void *owner, const char *flow, const char *key)
{
    WANT(*flow && *key);
    ++*(int *)owner;
}

static void read_all(int64_t *first)
{
    int keys = 0;
    RUN(held_keys(s, LINK, count_keys, &keys, &failure));
    WANT(keys == MANY + MANY / 100);
    took("keys");
    WANT(page_through(&(struct held_filter){0}, true, first) == MANY);
    took("pages");
}

static void filter(int64_t first)
{
    const int64_t numbers[] = {first, first + 5};
    WANT(page_through(&(struct held_filter){.reasons = 1u << HELD_QUARANTINE}, false, NULL) ==
         MANY / 10);
    took("reason");
    WANT(page_through(&(struct held_filter){.flow = "Order", .key = "WH/MO/00777"}, false, NULL) ==
         1);
    WANT(page_through(&(struct held_filter){.key = "old/500"}, false, NULL) == 1);
    took("key");
    WANT(page_through(&(struct held_filter){.n = numbers, .count = 2}, false, NULL) == 2);
    WANT(page_through(&(struct held_filter){.table = "mes.work_order", .column = "ware_id"}, false,
                      NULL) == MANY - (MANY + 2) / 3);
    WANT(page_through(&(struct held_filter){.table = "mes.other"}, false, NULL) == 0);
    took("table");
}

static void count(int64_t wait, int64_t quarantine)
{
    struct held_counts c;
    RUN(held_count(s, LINK, NULL, &c, &failure));
    WANT(c.wait == wait && c.quarantine == quarantine && c.together == 0);
    RUN(held_count(s, LINK, "Order", &c, &failure));
    WANT(c.quarantine <= quarantine && c.quarantine > 0);
    took("count");
}

static void change(int64_t first)
{
    enum { CHANGED = 1000 };
    static struct held_change changes[CHANGED];
    static int64_t tried[CHANGED];
    for (int i = 0; i < CHANGED; i++) {
        changes[i] = (struct held_change){first + i, HELD_TOGETHER, NULL, "c'?", "now 'this' \\?"};
        tried[i] = first + CHANGED + i;
    }
    begin();
    RUN(held_update(s, LINK, changes, CHANGED, &failure));
    RUN(held_tried(s, LINK, tried, CHANGED, &failure));
    commit();
    took("update");
    struct held_event e[2];
    uint32_t n;
    struct held_query q = {.filter = {.n = &first, .count = 1}, .limit = 2};
    RUN(held_page(s, LINK, &q, &arena, e, &n, &failure));
    WANT(n == 1 && e->reason == HELD_TOGETHER && !e->table && same(e->column, "c'?"));
    WANT(same(e->text, "now 'this' \\?") && e->tries == 1 && e->tried_at && !e->envelope);
    q.filter.n = tried;
    RUN(held_page(s, LINK, &q, &arena, e, &n, &failure));
    WANT(n == 1 && e->tries == 1 && e->reason == an_event(CHANGED).reason);
}

static void remove_all(int64_t first)
{
    int64_t *n = arena_alloc(&arena, MANY * sizeof *n), last;
    for (int i = 0; i < MANY; i++)
        n[i] = first + i;
    RUN(held_last_n(s, LINK, &last, &failure));
    WANT(last == first + MANY - 1);
    begin();
    RUN(held_remove(s, LINK, n, MANY, &failure));
    commit();
    took("remove");
    WANT(held_remove(s, LINK, n, 1, &failure) == STATUS_RETRY);
    RUN(held_last_n(s, LINK, &last, &failure));
    WANT(last == 0);
    struct held_event e = an_event(1);
    RUN(held_add(s, LINK, &e, 1, &failure));
    RUN(held_last_n(s, LINK, &last, &failure));
    WANT(last >= first + MANY); /* a number is not given again */
}

/* Keys longer than an index takes, an envelope larger than a statement should be. */
static void hold_what_is_large(void)
{
    char *key = arena_alloc(&arena, 20001);
    struct held_event e = an_event(3), back;
    uint32_t n;
    memset(key, 'k', 20000);
    key[20000] = '\0';
    e.key = e.old_key = key;
    e.envelope = arena_zalloc(&arena, BIG_BYTES);
    e.envelope_size = BIG_BYTES;
    RUN(held_add(s, LINK, &e, 1, &failure));
    struct held_query q = {.filter = {.flow = e.flow, .key = key}, .limit = 1, .envelope = true};
    RUN(held_page(s, LINK, &q, &arena, &back, &n, &failure));
    WANT(n == 1 && back.envelope_size == BIG_BYTES);
    key[19999] = 'x';
    RUN(held_page(s, LINK, &q, &arena, &back, &n, &failure));
    WANT(n == 0);
    took("large");
}

static void skipped_rows_are_no_events(void)
{
    struct held_event e;
    uint32_t n;
    struct held_counts c;
    RUN(state_hold(s, OTHER, "", "s.t", "update", "{\"a\": 1}", NULL, &failure));
    RUN(state_hold_position(s, OTHER, "0/1", &failure));
    struct held_query q = {.filter = {.reasons = 1u << HELD_SKIPPED}, .limit = 1, .images = true};
    RUN(held_page(s, OTHER, &q, &arena, &e, &n, &failure));
    WANT(n == 1 && !e.flow && same(e.table, "s.t") && same(e.position, "0/1"));
    WANT(same(e.before, "{\"a\": 1}"));
    RUN(held_count(s, OTHER, NULL, &c, &failure));
    WANT(c.wait + c.quarantine + c.behind + c.together == 3);
    RUN(state_forget_link(s, OTHER, &failure));
    RUN(held_count(s, OTHER, NULL, &c, &failure));
    WANT(c.wait + c.quarantine + c.behind == 0);
}

int main(int argc, char **argv)
{
    int64_t first = 0;
    bool there;
    must(argc == 4);
    arena_init(&arena);
    open_session(argv);
    RUN(state_prepare(s, &failure));
    RUN(held_find(s, &there, &failure));
    WANT(there);
    step_at_us = clock_wall_us();
    add_many();
    read_all(&first);
    filter(first);
    count(MANY * 7 / 10, MANY / 10);
    change(first);
    remove_all(first);
    hold_what_is_large();
    skipped_rows_are_no_events();
    session_close(s);
    arena_free(&arena);
    return 0;
}
