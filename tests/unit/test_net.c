/* test_net.c: the fold against a table that applies row by row
 * libs: sinks */
#include "sinks/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* ---- a table in memory that is as strict as a server ---- */

enum { COLUMNS = 5, K1 = 0, K2 = 1, A = 2, B = 3, G = 4, ROWS_MAX = 64, LOG_MAX = 64 };

static struct column columns[COLUMNS] = {
    [K1] = {.name = "k1", .kind = VALUE_INT, .key = true},
    [K2] = {.name = "k2", .kind = VALUE_TEXT, .key = true},
    [A] = {.name = "a", .kind = VALUE_INT, .nullable = true},
    [B] = {.name = "b", .kind = VALUE_TEXT, .nullable = true},
    [G] = {.name = "g", .kind = VALUE_INT, .generated = true},
};
static int key_columns[] = {K1, K2};
static const struct relation keyed = {.schema = "s",
                                      .name = "t",
                                      .ncolumns = COLUMNS,
                                      .columns = columns,
                                      .nkey = 2,
                                      .key = key_columns};
static const struct relation keyless = {
    .schema = "s", .name = "log", .ncolumns = COLUMNS, .columns = columns};

struct table {
    struct value rows[ROWS_MAX][COLUMNS];
    int n;
};

static bool same_key(const struct value *a, const struct value *b)
{
    return value_equal(&a[K1], &b[K1]) && value_equal(&a[K2], &b[K2]);
}

static int find(const struct table *t, const struct value *key)
{
    for (int i = 0; i < t->n; i++)
        if (same_key(t->rows[i], key))
            return i;
    return -1;
}

static bool unique(const struct table *t)
{
    for (int i = 0; i < t->n; i++)
        for (int j = 0; j < i; j++)
            if (same_key(t->rows[i], t->rows[j]))
                return false;
    return true;
}

static void set_columns(struct value *row, const struct value *from, const bool *present)
{
    for (int i = 0; i < COLUMNS; i++)
        if (present ? present[i] : from[i].kind != VALUE_ABSENT)
            row[i] = from[i];
}

/* ---- the driver: each set as one statement whose rows come in no known order ---- */

struct sink {
    struct table *table;
    bool refused;      /* a constraint or a count: the real driver's error */
    char log[LOG_MAX]; /* op and number of rows of each set: "D1U2I3" */
};

static void write_log(struct sink *s, const struct row_set *set)
{
    static const char letters[] = {'D', 'U', 'I', 'A', 'P'};
    size_t n = strlen(s->log);
    if (n + 8 < sizeof s->log)
        snprintf(s->log + n, sizeof s->log - n, "%c%u", letters[set->op], set->nrows);
}

static bool delete_set(struct table *t, const struct row_set *set)
{
    for (uint32_t i = 0; i < set->nrows; i++) {
        int at = find(t, set->keys[i]);
        if (at < 0 && !set->lenient)
            return false;
        if (at >= 0)
            memcpy(t->rows[at], t->rows[--t->n], sizeof *t->rows);
    }
    return true;
}

/* Any order must do: a new key may not be one that any row had when the statement began. */
static bool update_set(struct table *t, const struct row_set *set)
{
    struct table before = *t;
    for (uint32_t i = 0; i < set->nrows; i++) {
        int at = find(&before, set->keys[i]);
        if (at < 0 && !set->lenient)
            return false;
        if (at < 0)
            continue;
        set_columns(t->rows[at], set->rows[i], set->present);
        int taken = find(&before, t->rows[at]);
        if (taken >= 0 && taken != at)
            return false;
    }
    return unique(t);
}

static bool insert_set(struct table *t, const struct row_set *set)
{
    static const struct value nothing[COLUMNS] = {
        {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL}};
    for (uint32_t i = 0; i < set->nrows; i++) {
        int at = set->op >= SET_INSERT_ABSENT ? find(t, set->rows[i]) : -1;
        if (at >= 0 && set->op == SET_INSERT_ABSENT)
            continue;
        if (at < 0) {
            at = t->n++;
            memcpy(t->rows[at], nothing, sizeof nothing);
        }
        set_columns(t->rows[at], set->rows[i], set->present);
    }
    return set->relation->nkey == 0 || unique(t);
}

static enum status write_set(struct sink *s, const struct row_set *set)
{
    write_log(s, set);
    bool done = set->op == SET_DELETE   ? delete_set(s->table, set)
                : set->op == SET_UPDATE ? update_set(s->table, set)
                                        : insert_set(s->table, set);
    s->refused = s->refused || !done;
    return STATUS_OK;
}

static const struct sink_driver driver = {.name = "table", .write_set = write_set};

/* Row by row, as the source did it: uniqueness is the caller's affair. */
static void apply_row(struct table *t, const struct change *c)
{
    struct value *key = c->before ? c->before : c->after;
    int at = c->op == CHANGE_INSERT ? t->n++ : find(t, key);
    assert_true(at >= 0);
    if (c->op == CHANGE_DELETE)
        memcpy(t->rows[at], t->rows[--t->n], sizeof *t->rows);
    else
        set_columns(t->rows[at], c->after, NULL);
}

/* ---- folding a log ---- */

static void flush(struct net *n, struct sink *s)
{
    assert_int_equal(net_write(n, &driver, s), STATUS_OK);
    net_reset(n);
}

static void fold_one(struct net *n, struct sink *s, const struct change *c,
                     const struct net_rules *rules)
{
    if (net_add(n, c, rules))
        return;
    flush(n, s);
    if (s->refused || net_add(n, c, rules))
        return;
    apply_row(s->table, c);
}

static void assert_same_tables(const struct table *a, const struct table *b)
{
    assert_int_equal(a->n, b->n);
    for (int i = 0; i < a->n; i++) {
        int at = find(b, a->rows[i]);
        assert_true(at >= 0);
        for (int c = 0; c < G; c++)
            assert_true(value_equal(&a->rows[i][c], &b->rows[at][c]));
    }
}

/* ---- rows ---- */

static const char *const texts[] = {"x", "y", "z", "a long text", ""};

static struct value text(int i)
{
    return value_text(VALUE_TEXT, texts[i], strlen(texts[i]));
}

static struct arena arena;

static struct value *row(int k1, int k2, int a, int b)
{
    struct value *r = arena_alloc(&arena, COLUMNS * sizeof *r);
    r[K1] = value_int(k1);
    r[K2] = text(k2);
    r[A] = a < 0 ? value_null() : value_int(a);
    r[B] = b < 0 ? (struct value){.kind = VALUE_ABSENT} : text(b);
    r[G] = value_int(7);
    return r;
}

static struct value *key_of(const struct value *row)
{
    struct value *r = arena_zalloc(&arena, COLUMNS * sizeof *r); /* zero is ABSENT */
    r[K1] = row[K1];
    r[K2] = row[K2];
    return r;
}

static struct change insert(struct value *after)
{
    return (struct change){CHANGE_INSERT, &keyed, NULL, after};
}
static struct change update(struct value *before, struct value *after)
{
    return (struct change){CHANGE_UPDATE, &keyed, before, after};
}
static struct change erase(struct value *before)
{
    return (struct change){CHANGE_DELETE, &keyed, before, NULL};
}

/* ---- named cases ---- */

struct scene {
    struct table target, source;
    struct sink sink;
    struct net *net;
    struct net_rules rules;
};

static void begin(struct scene *s)
{
    memset(s, 0, sizeof *s);
    arena_reset(&arena);
    s->sink.table = &s->target;
    s->net = net_new(NULL, NULL);
}

static void had(struct scene *s, struct value *r)
{
    memcpy(s->target.rows[s->target.n++], r, sizeof *s->target.rows);
    memcpy(s->source.rows[s->source.n++], r, sizeof *s->source.rows);
}

static void add(struct scene *s, struct change c)
{
    apply_row(&s->source, &c);
    fold_one(s->net, &s->sink, &c, &s->rules);
}

/* `sets`: what was written, in order. */
static void ends_equal(struct scene *s, const char *sets)
{
    flush(s->net, &s->sink);
    assert_false(s->sink.refused);
    assert_same_tables(&s->source, &s->target);
    assert_string_equal(s->sink.log, sets);
    net_free(s->net);
}

static void insert_and_update_is_an_insert(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    add(&s, insert(row(1, 0, 1, 0)));
    add(&s, update(NULL, row(1, 0, 2, 1)));
    ends_equal(&s, "I1");
}

static void insert_and_delete_is_nothing(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    add(&s, insert(row(1, 0, 1, 0)));
    assert_int_equal(net_rows(s.net), 1);
    add(&s, erase(key_of(row(1, 0, 0, 0))));
    assert_int_equal(net_rows(s.net), 0);
    ends_equal(&s, "");
}

static void delete_and_insert_is_both_the_delete_first(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    add(&s, erase(key_of(row(1, 0, 0, 0))));
    add(&s, insert(row(1, 0, 9, 2)));
    add(&s, update(NULL, row(1, 0, 8, -1)));
    ends_equal(&s, "D1I1");
}

static void update_and_delete_is_a_delete(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    add(&s, update(NULL, row(1, 0, 2, -1)));
    add(&s, erase(key_of(row(1, 0, 0, 0))));
    ends_equal(&s, "D1");
}

static void an_absent_value_keeps_what_an_earlier_change_set(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    had(&s, row(2, 0, 1, 0));
    add(&s, update(NULL, row(1, 0, 2, 3)));
    add(&s, update(NULL, row(1, 0, 3, -1)));
    add(&s, update(NULL, row(2, 0, 3, -1)));
    ends_equal(&s, "U1U1");
}

static void a_chain_of_key_changes_is_one_update(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(2, 0, 1, -1)));
    add(&s, update(key_of(row(2, 0, 0, 0)), row(3, 0, 5, -1)));
    add(&s, update(NULL, row(3, 0, 6, 1)));
    ends_equal(&s, "U1");
}

static void a_row_whose_key_has_changed_is_deleted_by_its_old_key(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(2, 0, 1, -1)));
    add(&s, erase(key_of(row(2, 0, 0, 0))));
    add(&s, insert(row(1, 0, 4, 4)));
    ends_equal(&s, "D1I1");
}

static void a_key_that_was_left_can_be_inserted(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(2, 0, 1, -1)));
    add(&s, insert(row(1, 0, 4, 4)));
    ends_equal(&s, "U1I1");
}

static void a_key_there_and_back_is_an_update_in_place(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(2, 0, 1, -1)));
    add(&s, update(key_of(row(2, 0, 0, 0)), row(1, 0, 5, -1)));
    ends_equal(&s, "U1");
}

static void a_swap_of_keys_goes_in_steps(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    had(&s, row(2, 0, 2, 1));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(9, 0, 1, -1)));
    add(&s, update(key_of(row(2, 0, 0, 0)), row(1, 0, 2, -1)));
    add(&s, update(key_of(row(9, 0, 0, 0)), row(2, 0, 1, -1)));
    ends_equal(&s, "U1U1U1");
}

static void a_key_of_which_the_row_was_deleted_is_free_for_another(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 0, 1, 0));
    had(&s, row(2, 0, 2, 1));
    add(&s, erase(key_of(row(2, 0, 0, 0))));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(2, 0, 3, -1)));
    ends_equal(&s, "D1U1");
}

static void a_key_part_that_the_log_leaves_out_is_the_old_one(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    had(&s, row(1, 3, 1, 0));
    struct value *after = row(2, 3, 5, 0);
    after[K2].kind = VALUE_ABSENT;
    add(&s, update(key_of(row(1, 3, 0, 0)), after));
    add(&s, update(NULL, row(2, 3, 6, -1)));
    ends_equal(&s, "U1");
}

static void an_update_with_nothing_to_set_still_looks_for_its_row(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct value *after = row(1, 0, 0, -1);
    after[A].kind = VALUE_ABSENT;
    struct change c = update(NULL, after);
    assert_true(net_add(s.net, &c, NULL));
    flush(s.net, &s.sink);
    assert_true(s.sink.refused);
    net_free(s.net);
}

static void what_the_log_cannot_mean_is_left_to_the_target(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct change twice = insert(row(1, 0, 1, 0)), gone = erase(key_of(row(2, 0, 0, 0))),
                  again = update(NULL, row(2, 0, 1, 0));
    assert_true(net_add(s.net, &twice, NULL));
    assert_false(net_add(s.net, &twice, NULL));
    assert_true(net_add(s.net, &gone, NULL));
    assert_false(net_add(s.net, &gone, NULL));
    assert_false(net_add(s.net, &again, NULL));
    net_free(s.net);
}

static void truncate_is_a_barrier(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    assert_false(net_add(s.net, &(struct change){CHANGE_TRUNCATE, &keyed, NULL, NULL}, NULL));
    net_free(s.net);
}

static void without_a_key_inserts_append_and_the_rest_is_a_barrier(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    struct change c = {CHANGE_INSERT, &keyless, NULL, row(1, 0, 1, 0)};
    assert_true(net_add(s.net, &c, NULL));
    assert_true(net_add(s.net, &c, NULL));
    c = (struct change){CHANGE_UPDATE, &keyless, row(1, 0, 1, 0), row(1, 0, 2, 0)};
    assert_false(net_add(s.net, &c, NULL));
    c = (struct change){CHANGE_DELETE, &keyless, row(1, 0, 1, 0), NULL};
    assert_false(net_add(s.net, &c, NULL));
    flush(s.net, &s.sink);
    assert_string_equal(s.sink.log, "I2");
    assert_int_equal(s.target.n, 2);
    net_free(s.net);
}

static void the_same_table_under_another_layout_is_a_barrier(void **state)
{
    (void)state;
    struct relation newer = keyed;
    struct scene s;
    begin(&s);
    struct change c = insert(row(1, 0, 1, 0));
    assert_true(net_add(s.net, &c, NULL));
    c = insert(row(2, 0, 1, 0));
    c.relation = &newer;
    assert_false(net_add(s.net, &c, NULL));
    net_free(s.net);
}

static void in_a_copys_window_rows_are_replaced_and_missing_ones_made(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.rules = (struct net_rules){.lenient = true, .upsert = true};
    had(&s, row(1, 0, 1, 0));
    had(&s, row(2, 0, 1, 0));
    had(&s, row(3, 0, 1, 0));
    s.target.n = 1; /* the chunk has brought 1 only, */
    memcpy(s.target.rows[1], row(4, 0, 9, 0), sizeof *s.target.rows); /* and 4, inserted later */
    s.target.n = 2;
    add(&s, insert(row(4, 0, 9, 1)));
    add(&s, update(NULL, row(2, 0, 5, 1)));
    add(&s, erase(key_of(row(3, 0, 0, 0))));
    add(&s, update(key_of(row(1, 0, 0, 0)), row(7, 0, 5, 1)));
    ends_equal(&s, "D2P3");
}

static void in_a_copys_window_a_row_that_came_and_went_is_deleted(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.rules = (struct net_rules){.lenient = true, .upsert = true};
    memcpy(s.target.rows[s.target.n++], row(4, 0, 9, 0), sizeof *s.target.rows);
    add(&s, insert(row(4, 0, 9, 1)));
    add(&s, erase(key_of(row(4, 0, 0, 0))));
    ends_equal(&s, "D1");
}

/* Of PostgreSQL: its log may leave columns out, so nothing is replaced. */
static void in_a_copys_window_a_row_that_moves_is_made_where_it_is_missing(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.rules = (struct net_rules){.lenient = true};
    had(&s, row(1, 0, 1, 0));
    had(&s, row(2, 0, 1, 0));
    had(&s, row(3, 0, 1, 0));
    s.target.n = 1;
    add(&s, update(key_of(row(1, 0, 0, 0)), row(7, 0, 5, 1)));
    add(&s, update(key_of(row(2, 0, 0, 0)), row(8, 0, 5, 1)));
    add(&s, erase(key_of(row(3, 0, 0, 0))));
    ends_equal(&s, "D1U2A2");
}

static void in_a_copys_window_a_part_of_a_row_that_moves_needs_the_row(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    s.rules = (struct net_rules){.lenient = true};
    struct value *part = row(7, 0, 5, 1);
    part[B].kind = VALUE_ABSENT;
    had(&s, row(1, 0, 1, 0));
    s.target.n = 0;
    add(&s, update(key_of(row(1, 0, 0, 0)), part));
    flush(s.net, &s.sink);
    assert_true(s.sink.refused);
    net_free(s.net);
}

/* ---- order ---- */

static char order_log[256];

static enum status log_order(struct sink *s, const struct row_set *set)
{
    (void)s;
    size_t n = strlen(order_log);
    n += (size_t)snprintf(order_log + n, sizeof order_log - n, "%s%c", set->relation->name,
                          "DUI"[set->op]);
    for (uint32_t i = 0; i < set->nrows; i++)
        n += (size_t)snprintf(order_log + n, sizeof order_log - n, "%d",
                              (int)(set->keys ? set->keys : set->rows)[i][K1].i);
    snprintf(order_log + n, sizeof order_log - n, " ");
    return STATUS_OK;
}

static int rank_by_length(void *owner, const struct relation *r)
{
    (void)owner;
    return (int)strlen(r->name);
}

static void tables_and_rows_are_written_in_one_order(void **state)
{
    (void)state;
    static const struct sink_driver logging = {.name = "log", .write_set = log_order};
    struct relation child = keyed;
    child.name = "child";
    struct net *n = net_new(rank_by_length, NULL);
    arena_reset(&arena);
    struct change log[] = {
        update(NULL, row(3, 0, 1, 0)), update(NULL, row(1, 0, 1, 0)), insert(row(9, 0, 1, 0)),
        insert(row(8, 0, 1, 0)),       erase(row(6, 0, 1, 0)),        erase(row(5, 0, 1, 0)),
    };
    for (int i = 0; i < 6; i++) {
        struct change c = log[i];
        c.relation = &child;
        assert_true(net_add(n, &c, NULL));
        assert_true(net_add(n, &log[i], NULL));
    }
    order_log[0] = '\0';
    net_write(n, &logging, NULL);
    assert_string_equal(order_log, "childD56 tD56 tU13 tI98 childU13 childI98 ");
    net_free(n);
}

static enum net_ties ties_of(void *owner, const struct relation *r)
{
    (void)owner;
    return strcmp(r->name, "t") == 0 ? NET_TIES_BELOW : NET_TIES_NONE;
}

/* Else a child that is inserted after its parent was deleted, and made again, would stay. */
static void what_acts_on_other_rows_waits_until_those_are_written(void **state)
{
    (void)state;
    struct relation child = keyed;
    child.name = "child";
    struct net *n = net_new(rank_by_length, NULL);
    net_set_ties(n, ties_of);
    arena_reset(&arena);
    struct change parent_goes = erase(row(1, 0, 1, 0)),
                  parent_changes = update(NULL, row(2, 0, 1, 0));
    struct change parent_moves = update(key_of(row(3, 0, 0, 0)), row(4, 0, 1, 0));
    struct change child_comes = insert(row(7, 0, 1, 0)), child_goes = erase(row(7, 0, 1, 0));
    child_comes.relation = child_goes.relation = &child;
    assert_true(net_add(n, &parent_goes, NULL));
    assert_true(net_add(n, &child_comes, NULL));
    struct change other_goes = erase(row(5, 0, 1, 0));
    assert_false(net_add(n, &other_goes, NULL));
    assert_false(net_add(n, &parent_moves, NULL));
    assert_true(net_add(n, &parent_changes, NULL));
    assert_true(net_add(n, &child_goes, NULL));
    assert_true(net_add(n, &other_goes, NULL));
    assert_true(net_add(n, &parent_moves, NULL));
    net_free(n);
}

/* ---- the model: random logs ---- */

static int random_below(int n)
{
    return (int)(random() % n);
}

static struct value *random_row(int keys)
{
    return row(random_below(keys), random_below(2), random_below(5) - 1, random_below(5));
}

static struct value *copy_row(const struct value *r)
{
    return memcpy(arena_alloc(&arena, COLUMNS * sizeof *r), r, COLUMNS * sizeof *r);
}

/* The image that a log gives of the old row: none, its key, or all of it. */
static struct value *random_before(const struct value *old, bool needed)
{
    int form = random_below(needed ? 2 : 3);
    return form == 0 ? key_of(old) : form == 1 ? copy_row(old) : NULL;
}

static struct change random_update(const struct value *old, int keys)
{
    struct value *after = random_row(keys);
    bool key_changes = random_below(3) == 0;
    if (!key_changes) {
        after[K1] = old[K1];
        after[K2] = old[K2];
    }
    if (random_below(2) == 0)
        after[B] = (struct value){.kind = VALUE_ABSENT};
    return update(random_before(old, !same_key(old, after)), after);
}

static bool random_change(const struct table *t, int keys, struct change *c)
{
    int at = t->n ? random_below(t->n) : 0, what = random_below(4);
    if (what == 0 || t->n == 0) {
        *c = insert(random_row(keys));
        return find(t, c->after) < 0;
    }
    if (what == 1) {
        *c = erase(random_before(t->rows[at], true));
        return true;
    }
    *c = random_update(t->rows[at], keys);
    int taken = find(t, c->after);
    return taken < 0 || taken == at;
}

static void play_random_log(int seed)
{
    struct scene s;
    srandom((unsigned)seed);
    begin(&s);
    int keys = 1 + random_below(8), length = random_below(40);
    for (int i = random_below(keys + 1); i > 0; i--) {
        struct value *r = random_row(keys);
        if (find(&s.source, r) < 0)
            had(&s, r);
    }
    for (int i = 0; i < length; i++) {
        struct change c;
        if (random_change(&s.source, keys, &c))
            add(&s, c);
        if (s.sink.refused)
            fail_msg("seed %d: refused at change %d, sets %s", seed, i, s.sink.log);
    }
    flush(s.net, &s.sink);
    if (s.sink.refused)
        fail_msg("seed %d: refused at the end, sets %s", seed, s.sink.log);
    assert_same_tables(&s.source, &s.target);
    net_free(s.net);
}

static void any_log_folds_to_what_it_does_row_by_row(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 50000; seed++)
        play_random_log(seed);
}

/* Under a deferred constraint two rows may have one key inside a statement. The target may refuse
 * what comes of it (row mode parks rows then), but must never end up with something else. */
static void shift_keys(struct scene *s, int by)
{
    struct table before = s->source;
    for (int i = 0; i < before.n && !s->sink.refused; i++) {
        struct value *old = copy_row(before.rows[i]), *after = copy_row(before.rows[i]);
        after[K1].i += by;
        struct change c = update(old, after);
        memcpy(s->source.rows[i], after, sizeof *s->source.rows);
        fold_one(s->net, &s->sink, &c, NULL);
    }
}

static void two_rows_at_one_key_are_never_taken_for_each_other(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 5000; seed++) {
        struct scene s;
        srandom((unsigned)seed);
        begin(&s);
        for (int i = 0; i < 4; i++) {
            struct value *r = row(random_below(5), 0, i, random_below(5));
            if (find(&s.source, r) < 0)
                had(&s, r);
        }
        shift_keys(&s, random_below(2) ? 1 : -1);
        flush(s.net, &s.sink);
        if (!s.sink.refused)
            assert_same_tables(&s.source, &s.target);
        net_free(s.net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(insert_and_update_is_an_insert),
        cmocka_unit_test(insert_and_delete_is_nothing),
        cmocka_unit_test(delete_and_insert_is_both_the_delete_first),
        cmocka_unit_test(update_and_delete_is_a_delete),
        cmocka_unit_test(an_absent_value_keeps_what_an_earlier_change_set),
        cmocka_unit_test(a_chain_of_key_changes_is_one_update),
        cmocka_unit_test(a_row_whose_key_has_changed_is_deleted_by_its_old_key),
        cmocka_unit_test(a_key_that_was_left_can_be_inserted),
        cmocka_unit_test(a_key_there_and_back_is_an_update_in_place),
        cmocka_unit_test(a_swap_of_keys_goes_in_steps),
        cmocka_unit_test(a_key_of_which_the_row_was_deleted_is_free_for_another),
        cmocka_unit_test(a_key_part_that_the_log_leaves_out_is_the_old_one),
        cmocka_unit_test(an_update_with_nothing_to_set_still_looks_for_its_row),
        cmocka_unit_test(what_the_log_cannot_mean_is_left_to_the_target),
        cmocka_unit_test(truncate_is_a_barrier),
        cmocka_unit_test(without_a_key_inserts_append_and_the_rest_is_a_barrier),
        cmocka_unit_test(the_same_table_under_another_layout_is_a_barrier),
        cmocka_unit_test(in_a_copys_window_rows_are_replaced_and_missing_ones_made),
        cmocka_unit_test(in_a_copys_window_a_row_that_came_and_went_is_deleted),
        cmocka_unit_test(in_a_copys_window_a_row_that_moves_is_made_where_it_is_missing),
        cmocka_unit_test(in_a_copys_window_a_part_of_a_row_that_moves_needs_the_row),
        cmocka_unit_test(tables_and_rows_are_written_in_one_order),
        cmocka_unit_test(what_acts_on_other_rows_waits_until_those_are_written),
        cmocka_unit_test(any_log_folds_to_what_it_does_row_by_row),
        cmocka_unit_test(two_rows_at_one_key_are_never_taken_for_each_other),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
