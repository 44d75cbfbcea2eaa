/* test_ward.c: what is held of a link with tables, and what goes on, over a scripted sink
 * libs: sinks */
#include "apply_scene.h"
#include "sinks/ward_parts.h"

enum { HELD_MAX = 32 };

/* millrace.held, as far as it matters. */
static struct kept {
    int64_t n;
    char flow[32], key[64], old_key[64], op[16], reason[16], text[200], position[16];
} kept[HELD_MAX];
static int nkept, nkept_committed;
static struct kept committed[HELD_MAX];
static int64_t last_n;

static void copy(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

static void keep_rows(int nparams, const char *const *p)
{
    enum { PARAMS = 12 };
    for (int i = 0; i < nparams / PARAMS; i++, p += PARAMS) {
        struct kept *k = &kept[nkept++];
        assert_true(nkept <= HELD_MAX);
        k->n = ++last_n;
        copy(k->position, sizeof k->position, p[0]);
        copy(k->flow, sizeof k->flow, p[1]);
        copy(k->key, sizeof k->key, p[2]);
        copy(k->old_key, sizeof k->old_key, p[3]);
        copy(k->op, sizeof k->op, p[4]);
        copy(k->reason, sizeof k->reason, p[5]);
        copy(k->text, sizeof k->text, p[8]);
        assert_non_null(p[11]); /* the envelope */
    }
}

static void drop_flow(const char *flow)
{
    int left = 0;
    for (int i = 0; i < nkept; i++)
        if (strcmp(kept[i].flow, flow) != 0)
            kept[left++] = kept[i];
    nkept = left;
}

static void drop_number(int64_t n)
{
    int left = 0;
    for (int i = 0; i < nkept; i++)
        if (kept[i].n != n)
            kept[left++] = kept[i];
    nkept = left;
}

/* "... n IN (1,2)" */
static int64_t drop_numbers(const char *sql)
{
    int before = nkept;
    const char *at = strstr(sql, "n IN (") + 6;
    for (char *end; *at && *at != ')'; at = end + (*end == ','))
        drop_number(strtoll(at, &end, 10));
    return before - nkept;
}

/* UNION ALL of "SELECT n AS n, ? AS reason": as many as there are parameters. */
static int64_t change_numbers(const char *sql, int nparams, const char *const *p)
{
    const char *at = sql;
    for (int i = 0; i < nparams / 4; i++, p += 4) {
        at = strstr(at, "SELECT ") + 7;
        int64_t n = strtoll(at, NULL, 10);
        for (int j = 0; j < nkept; j++)
            if (kept[j].n == n) {
                copy(kept[j].reason, sizeof kept[j].reason, p[0]);
                copy(kept[j].text, sizeof kept[j].text, p[3]);
            }
    }
    return nparams / 4;
}

static void all_keys(struct arena *a, struct rows *out)
{
    const char **cells = arena_alloc(a, (size_t)(nkept + 1) * 4 * sizeof *cells);
    for (int i = 0; i < nkept; i++) {
        cells[4 * i] = arena_format(a, "%" PRId64, kept[i].n);
        cells[4 * i + 1] = arena_strdup(a, kept[i].flow);
        cells[4 * i + 2] = arena_strdup(a, kept[i].key);
        cells[4 * i + 3] = *kept[i].old_key ? arena_strdup(a, kept[i].old_key) : NULL;
    }
    *out = (struct rows){nkept, 4, cells, 0};
}

static void all_counts(struct arena *a, struct rows *out)
{
    const char **cells = arena_alloc(a, 4 * sizeof *cells);
    int quarantined = 0;
    for (int i = 0; i < nkept; i++)
        quarantined += strcmp(kept[i].reason, "quarantine") == 0;
    cells[0] = "quarantine";
    cells[1] = arena_format(a, "%d", quarantined);
    cells[2] = "behind";
    cells[3] = arena_format(a, "%d", nkept - quarantined);
    *out = (struct rows){2, 2, cells, 0};
}

static void page(const char *sql, struct arena *a, struct rows *out)
{
    enum { COLUMNS = 18 };
    int64_t after = strtoll(strstr(sql, "n > ") + 4, NULL, 10);
    const char **cells = arena_zalloc(a, (size_t)(nkept + 1) * COLUMNS * sizeof *cells);
    int n = 0;
    for (int i = 0; i < nkept; i++) {
        const char **c = cells + n * COLUMNS;
        if (kept[i].n <= after)
            continue;
        c[0] = arena_format(a, "%" PRId64, kept[i].n);
        c[1] = arena_strdup(a, kept[i].flow);
        c[2] = arena_strdup(a, kept[i].key);
        c[3] = *kept[i].old_key ? arena_strdup(a, kept[i].old_key) : NULL;
        c[4] = arena_strdup(a, kept[i].op);
        c[5] = arena_strdup(a, kept[i].reason);
        c[12] = "0";
        c[15] = "00";
        n++;
    }
    *out = (struct rows){n, COLUMNS, cells, 0};
}

static enum status held_query_(struct session *session, const char *sql, int nparams,
                               const char *const *p, struct arena *a, struct rows *out)
{
    struct sink *s = (struct sink *)session;
    if (!strstr(sql, "millrace.held"))
        return query(session, sql, nparams, p, a, out);
    if (strncmp(sql, "SELECT n, flow, event_key, old_key FROM", 39) == 0)
        all_keys(a, out);
    else if (strncmp(sql, "SELECT reason", 13) == 0)
        all_counts(a, out);
    else if (strncmp(sql, "SELECT n", 8) == 0)
        page(sql, a, out);
    else if (strncmp(sql, "INSERT", 6) == 0)
        keep_rows(nparams, p);
    else if (strstr(sql, "flow = ?"))
        drop_flow(p[1]);
    else if (strncmp(sql, "DELETE", 6) == 0)
        out->affected = drop_numbers(sql);
    else if (strstr(sql, "JOIN"))
        out->affected = change_numbers(sql, nparams, p);
    else
        return call(s, "H=%s", p[0]);
    return strncmp(sql, "INSERT", 6) == 0 ? call(s, "H%d", nparams / 12) : STATUS_OK;
}

static const struct session_driver held_driver = {.query = held_query_};

static enum status commit_all(struct sink *s)
{
    TRY(commit(s));
    memcpy(committed, kept, sizeof kept);
    nkept_committed = nkept;
    return STATUS_OK;
}

static enum status roll_all_back(struct sink *s)
{
    memcpy(kept, committed, sizeof kept);
    nkept = nkept_committed;
    return rollback(s);
}

static struct sink_driver held_sink;

/* ---- the link ---- */

static const struct relation source = {
    .schema = "erp", .name = "t", .ncolumns = 2, .columns = columns, .nkey = 1, .key = key};

static int restored[HELD_MAX], nrestored;
static struct value restored_row[2];
static struct change restored_change = {.op = CHANGE_INSERT, .relation = &table, .after = restored_row};

/* The key's number is the row's. */
static enum status restore(void *owner, const struct held_event *h, struct arena *a,
                           struct change *out)
{
    (void)owner, (void)a;
    restored_row[0] = value_int(atoi(strchr(h->key, '=') + 1));
    restored_row[1] = value_null();
    restored[nrestored++] = (int)restored_row[0].i;
    *out = restored_change;
    return STATUS_OK;
}

static struct scene *warded(int64_t limit)
{
    struct ward_options options = {.quarantines = true, .limit = limit, .restore = restore};
    held_sink = driver;
    held_sink.commit = commit_all;
    held_sink.rollback = roll_all_back;
    nkept = nkept_committed = nrestored = 0;
    last_n = 0;
    struct scene *s = setup_link();
    s->sink.session.driver = &held_driver;
    s->apply.driver = &held_sink;
    s->apply.ward = ward_new(&options);
    assert_int_equal(apply_take_fence(&s->apply, NULL), STATUS_OK);
    assert_int_equal(ward_load(&s->apply), STATUS_OK);
    s->sink.calls[0] = '\0';
    return s;
}

/* Each change was the same at the source. */
static enum status go(struct scene *s)
{
    struct batch *b = s->batch;
    b->origins = arena_zalloc(&b->arena, (b->nchanges + 1) * sizeof *b->origins);
    for (uint32_t i = 0; i < b->nchanges; i++) {
        b->origins[i] = (struct origin){b->changes[i], &table, true, NULL};
        b->origins[i].change.relation = &source;
    }
    enum status status = run(s);
    return status;
}

static void empty(struct scene *s)
{
    batch_reset(s->batch);
    s->batch->path = "3";
    s->sink.calls[0] = '\0';
}

static void held_is(int i, const char *reason, const char *op, const char *wanted)
{
    assert_true(i < nkept);
    assert_string_equal(kept[i].reason, reason);
    assert_string_equal(kept[i].op, op);
    assert_string_equal(kept[i].key, wanted);
    assert_string_equal(kept[i].flow, "erp.t");
}

/* ---- taking ---- */

static void while_nothing_is_refused_all_goes_as_ever(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    insert_transaction(s, 1, "p1");
    insert_transaction(s, 2, "p2");
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 I2 S C");
    free_link(s);
}

static void a_refused_row_is_held_and_its_transaction_goes_on(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    FAULTS(s, {"S", 1, ERROR_CONSTRAINT}, {"W2", 1, ERROR_CONSTRAINT}, {"W2", 2, ERROR_CONSTRAINT});
    batch_begin(s->batch);
    for (int i = 1; i <= 3; i++)
        add(s, CHANGE_INSERT, NULL, row(s, i, "x"));
    add(s, CHANGE_UPDATE, NULL, row(s, 2, "y"));
    add(s, CHANGE_DELETE, row(s, 2, NULL), NULL);
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls,
                        "B12 I2 S R B12 S v W1 W2 r v W1 v W2 r v W3 S H3 C");
    assert_string_equal(s->apply.position, "p1");
    assert_int_equal(nkept, 3);
    held_is(0, "quarantine", "insert", "id=2");
    assert_string_equal(kept[0].text, "fault at W2");
    assert_string_equal(kept[0].position, "p1");
    held_is(1, "behind", "update", "id=2");
    held_is(2, "behind", "delete", "id=2");
    assert_int_equal(ward_figures(s->apply.ward)->quarantined, 1);
    assert_int_equal(ward_figures(s->apply.ward)->behind, 2);
    free_link(s);
}

static void hold_key_1(struct scene *s)
{
    static const struct fault faults[] = {{"S", 1, ERROR_CONSTRAINT}, {"W1", 1, ERROR_VALUE},
                                          {"W1", 2, ERROR_VALUE}};
    script(s, faults, 3);
    insert_transaction(s, 1, "p1");
    assert_int_equal(go(s), STATUS_OK);
    assert_int_equal(nkept, 1);
    script(s, NULL, 0);
    memset(s->sink.met, 0, sizeof s->sink.met);
    empty(s);
}

static void later_changes_of_a_held_key_do_not_reach_the_sets(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    hold_key_1(s);
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    add(s, CHANGE_INSERT, NULL, row(s, 4, "b"));
    batch_end(s->batch, "p2", NULL, 0);
    insert_transaction(s, 5, "p3");
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B13 I2 S S H1 C");
    held_is(1, "behind", "update", "id=1");
    assert_string_equal(kept[1].position, "p2");
    free_link(s);
}

static void a_change_between_two_keys_holds_both(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    hold_key_1(s);
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, row(s, 1, NULL), row(s, 2, "b")); /* away from a held key */
    add(s, CHANGE_UPDATE, row(s, 3, NULL), row(s, 1, "b")); /* to one */
    add(s, CHANGE_DELETE, row(s, 2, NULL), NULL);
    add(s, CHANGE_INSERT, NULL, row(s, 3, "b"));
    batch_end(s->batch, "p2", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B13 S S H4 C");
    held_is(1, "behind", "update", "id=2");
    assert_string_equal(kept[1].old_key, "id=1");
    held_is(2, "behind", "update", "id=1");
    assert_string_equal(kept[2].old_key, "id=3");
    held_is(3, "behind", "delete", "id=2");
    held_is(4, "behind", "insert", "id=3");
    free_link(s);
}

static void what_was_rolled_back_holds_no_key(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    static const struct fault faults[] = {{"S", 1, ERROR_CONSTRAINT},
                                          {"W1", 1, ERROR_VALUE},
                                          {"W1", 2, ERROR_VALUE},
                                          {"C", 1, ERROR_CONNECTION_LOST}};
    script(s, faults, 4);
    insert_transaction(s, 1, "p1");
    assert_int_equal(go(s), STATUS_RETRY);
    assert_int_equal(nkept, 0);
    script(s, NULL, 0);
    assert_int_equal(s->apply.ward->references, 0);
    assert_int_equal(s->apply.ward->quarantined, 0);
    empty(s);
    insert_transaction(s, 1, "p1");
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 I1 S C");
    free_link(s);
}

static void a_lock_wait_holds_a_row_once(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    FAULTS(s, {"S", 1, ERROR_CONSTRAINT}, {"W1", 1, ERROR_VALUE}, {"W1", 2, ERROR_VALUE},
           {"C", 1, ERROR_LOCK_WAIT}, {"W1", 3, ERROR_VALUE}, {"W1", 4, ERROR_VALUE});
    insert_transaction(s, 1, "p1");
    assert_int_equal(go(s), STATUS_OK);
    assert_int_equal(nkept, 1);
    assert_int_equal(s->apply.ward->references, 1);
    free_link(s);
}

static void what_could_not_be_converted_is_held_on_the_way(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    batch_begin(s->batch);
    add(s, CHANGE_INSERT, NULL, row(s, 1, "x"));
    add(s, CHANGE_INSERT, NULL, row(s, 2, "x"));
    add(s, CHANGE_UPDATE, NULL, row(s, 2, "y"));
    batch_end(s->batch, "p1", NULL, 0);
    struct batch *b = s->batch;
    b->origins = arena_zalloc(&b->arena, 3 * sizeof *b->origins);
    for (int i = 0; i < 3; i++) {
        b->origins[i] = (struct origin){b->changes[i], &table, true, i == 1 ? "too long" : NULL};
        b->origins[i].change.relation = &source;
    }
    b->changes[1].relation = NULL; /* nobody may touch it */
    b->refused = true;
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 I1 S S H2 C");
    held_is(0, "quarantine", "insert", "id=2");
    assert_string_equal(kept[0].text, "too long");
    held_is(1, "behind", "update", "id=2");
    free_link(s);
}

static void one_row_more_than_the_limit_stops_before_its_transaction(void **state)
{
    (void)state;
    struct scene *s = warded(1);
    FAULTS(s, {"S", 1, ERROR_CONSTRAINT}, {"W1", 1, ERROR_VALUE}, {"W1", 2, ERROR_VALUE},
           {"W3", 1, ERROR_VALUE}, {"W3", 2, ERROR_VALUE});
    insert_transaction(s, 1, "p1");
    insert_transaction(s, 2, "p2");
    insert_transaction(s, 3, "p3");
    assert_int_equal(go(s), STATUS_DATA);
    assert_string_equal(s->apply.position, "p2");
    assert_string_equal(s->failure.position, "p3");
    assert_non_null(strstr(s->failure.text, "quarantine_limit"));
    assert_non_null(strstr(s->failure.text, "id=3"));
    assert_int_equal(nkept, 1);
    assert_int_equal(s->apply.ward->quarantined, 1);
    free_link(s);
}

static void a_row_that_cannot_be_held_stops_its_link(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    FAULTS(s, {"S", 1, ERROR_CONSTRAINT}, {"W1", 1, ERROR_CONSTRAINT}, {"W1", 2, ERROR_CONSTRAINT});
    insert_transaction(s, 1, "p1");
    s->batch->origins = arena_zalloc(&s->batch->arena, sizeof *s->batch->origins);
    s->batch->origins[0] = (struct origin){s->batch->changes[0], &table, false, NULL};
    assert_int_equal(run(s), STATUS_DATA);
    assert_int_equal(s->failure.code, ERROR_CONSTRAINT);
    assert_int_equal(nkept, 0);
    free_link(s);
}

static void what_is_no_fault_of_the_row_stops_the_link(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    FAULTS(s, {"S", 1, ERROR_DDL}, {"W1", 1, ERROR_DDL});
    insert_transaction(s, 1, "p1");
    assert_int_equal(go(s), STATUS_DATA);
    assert_int_equal(nkept, 0);
    free_link(s);
}

static void truncate_makes_void_what_is_held(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    hold_key_1(s);
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    add(s, CHANGE_TRUNCATE, NULL, NULL);
    add(s, CHANGE_INSERT, NULL, row(s, 1, "c"));
    batch_end(s->batch, "p2", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_int_equal(nkept, 0);
    assert_string_equal(s->sink.calls, "B13 S S W0 I1 S C");
    assert_int_equal(s->apply.ward->references, 0);
    assert_int_equal(ward_figures(s->apply.ward)->quarantined, 0);
    free_link(s);
}

static void a_truncate_that_was_rolled_back_makes_nothing_void(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    hold_key_1(s);
    static const struct fault faults[] = {{"C", 1, ERROR_CONNECTION_LOST}};
    script(s, faults, 1);
    batch_begin(s->batch);
    add(s, CHANGE_TRUNCATE, NULL, NULL);
    batch_end(s->batch, "p2", NULL, 0);
    assert_int_equal(go(s), STATUS_RETRY);
    script(s, NULL, 0);
    empty(s);
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    batch_end(s->batch, "p2", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_int_equal(nkept, 2);
    free_link(s);
}

static void rows_held_by_another_key_stop_the_link(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    nkept = 1;
    kept[0] = (struct kept){1, "erp.t", "number=1", "", "insert", "quarantine", "", "p0"};
    committed[0] = kept[0];
    nkept_committed = 1;
    assert_int_equal(ward_load(&s->apply), STATUS_OK);
    insert_transaction(s, 5, "p1");
    assert_int_equal(go(s), STATUS_DATA);
    assert_non_null(strstr(s->failure.text, "number=1"));
    assert_string_equal(s->apply.position, "p0");
    free_link(s);
}

static void keys_of_an_earlier_process_are_known(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    kept[0] = (struct kept){1, "erp.t", "id=7", "id=6", "update", "quarantine", "", "p0"};
    nkept = nkept_committed = 1;
    committed[0] = kept[0];
    assert_int_equal(ward_load(&s->apply), STATUS_OK);
    assert_true(ward_watches(s->apply.ward));
    batch_begin(s->batch);
    add(s, CHANGE_INSERT, NULL, row(s, 6, "b"));
    add(s, CHANGE_INSERT, NULL, row(s, 8, "b"));
    add(s, CHANGE_DELETE, row(s, 7, NULL), NULL);
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_int_equal(nkept, 3);
    held_is(1, "behind", "insert", "id=6");
    held_is(2, "behind", "delete", "id=7");
    free_link(s);
}

/* ---- collisions ---- */

static void an_insert_that_still_collides_at_the_end_is_held_with_its_changes(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    s->apply.row_mode_only = true;
    FAULTS(s, {"W1", 1, ERROR_UNIQUE}, {"W1", 2, ERROR_UNIQUE}, {"W1", 3, ERROR_UNIQUE});
    batch_begin(s->batch);
    add(s, CHANGE_INSERT, NULL, row(s, 1, "x"));
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "y"));
    add(s, CHANGE_INSERT, NULL, row(s, 2, "z"));
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S v W1 r v W1 r v W2 v W1 r S H2 C");
    held_is(0, "quarantine", "insert", "id=1");
    held_is(1, "behind", "update", "id=1");
    free_link(s);
}

static void a_parked_row_that_still_collides_is_left_as_it_was(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    s->apply.row_mode_only = true;
    FAULTS(s, {"W1", 1, ERROR_UNIQUE}, {"W1", 2, ERROR_UNIQUE}, {"W-1", 1, ERROR_UNIQUE});
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    add(s, CHANGE_INSERT, NULL, row(s, 2, "z"));
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls,
                        "B12 S v W1 r v W1 r P1 v W2 v W-1 r R B12 S v W2 S H1 C");
    held_is(0, "quarantine", "update", "id=1");
    assert_int_equal(nkept, 1);
    free_link(s);
}

/* ---- pieces ---- */

static void the_rows_of_a_large_transaction_get_its_position_at_the_end(void **state)
{
    (void)state;
    struct scene *s = warded(10);
    s->apply.row_mode_only = true;
    FAULTS(s, {"W1", 1, ERROR_VALUE}, {"W1", 2, ERROR_VALUE});
    first_piece(s, 1);
    assert_int_equal(go(s), STATUS_OK);
    next_piece(s, 2, "p1");
    assert_int_equal(go(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S v W1 r v W1 r S H1 v W2 S H=p1 M C");
    assert_string_equal(kept[0].position, "");
    free_link(s);
}

/* ---- again ---- */

static void keep(const char *reason, const char *wanted, const char *old)
{
    struct kept *k = &kept[nkept++];
    *k = (struct kept){.n = ++last_n, .flow = "erp.t", .op = "insert"};
    copy(k->reason, sizeof k->reason, reason);
    copy(k->key, sizeof k->key, wanted);
    copy(k->old_key, sizeof k->old_key, old);
    memcpy(committed, kept, sizeof kept);
    nkept_committed = nkept;
}

static struct scene *with_held_rows(void)
{
    struct scene *s = warded(10);
    keep("quarantine", "id=1", NULL); /* 1 */
    keep("behind", "id=1", NULL);     /* 2 */
    keep("quarantine", "id=5", NULL); /* 3 */
    keep("behind", "id=2", "id=1");   /* 4 */
    keep("behind", "id=2", NULL);     /* 5 */
    keep("behind", "id=5", NULL);     /* 6 */
    assert_int_equal(ward_load(&s->apply), STATUS_OK);
    s->sink.calls[0] = '\0';
    return s;
}

static void step(struct scene *s)
{
    bool done;
    assert_int_equal(ward_step(&s->apply, &done), STATUS_OK);
    assert_true(done);
}

static void a_retry_writes_a_key_in_order_and_what_was_behind_it(void **state)
{
    (void)state;
    struct scene *s = with_held_rows();
    const int64_t n[] = {1};
    const struct held_filter one = {.n = n, .count = 1};
    ward_retry(&s->apply, &one);
    step(s);
    assert_string_equal(s->sink.calls, "B12 S v W1 v W1 v W2 v W2 S C");
    assert_int_equal(nkept, 2);
    assert_int_equal(kept[0].n, 3);
    assert_int_equal(kept[1].n, 6);
    assert_int_equal(ward_result(s->apply.ward)->tried, 1);
    assert_int_equal(ward_result(s->apply.ward)->gone, 4);
    assert_int_equal(s->apply.ward->references, 2);
    assert_int_equal(ward_figures(s->apply.ward)->quarantined, 1);
    assert_int_equal(ward_figures(s->apply.ward)->behind, 1);
    assert_string_equal(s->apply.position, "p0"); /* the checkpoint is repeated */
    assert_int_equal(s->apply.at.seq, 12);
    free_link(s);
}

static void what_is_refused_again_stays_with_what_is_behind_it(void **state)
{
    (void)state;
    struct scene *s = with_held_rows();
    FAULTS(s, {"W1", 2, ERROR_WRONG_COUNT});
    ward_retry(&s->apply, &(struct held_filter){.reasons = HELD_EVENTS});
    step(s);
    assert_string_equal(s->sink.calls, "B12 S v W1 v W1 r v W5 v W5 S C");
    assert_int_equal(nkept, 3);
    assert_int_equal(kept[0].n, 2);
    assert_string_equal(kept[0].reason, "quarantine");
    assert_string_equal(kept[0].text, "fault at W1");
    assert_int_equal(kept[1].n, 4);
    assert_string_equal(kept[1].reason, "behind");
    assert_int_equal(ward_result(s->apply.ward)->refused_n, 2);
    free_link(s);
}

static void a_lock_wait_tries_the_slice_again(void **state)
{
    (void)state;
    struct scene *s = with_held_rows();
    FAULTS(s, {"C", 1, ERROR_LOCK_WAIT}, {"W1", 1, ERROR_VALUE});
    ward_retry(&s->apply, &(struct held_filter){.reasons = HELD_EVENTS});
    step(s);
    assert_int_equal(nkept, 0);
    assert_int_equal(s->apply.ward->references, 0);
    free_link(s);
}

static void what_is_dropped_frees_what_is_behind_it(void **state)
{
    (void)state;
    struct scene *s = with_held_rows();
    const int64_t n[] = {1};
    const struct held_filter one = {.n = n, .count = 1};
    uint64_t dropped = 0;
    nkept = 1; /* the page that the filter names: this server does not filter */
    assert_int_equal(ward_drop(&s->apply, &one, &dropped), STATUS_OK);
    assert_int_equal(dropped, 1);
    assert_string_equal(s->sink.calls, "B12 S C");
    assert_int_equal(s->apply.ward->references, 6);
    free_link(s);
}

/* ---- keys ---- */

static const char *key_of(const struct value *v, struct arena *a)
{
    static struct column c[2] = {{.name = "b=", .key = true}, {.name = "a", .key = true}};
    static int both[] = {0, 1};
    const struct relation r = {.schema = "s", .name = "t", .ncolumns = 2, .columns = c,
                               .nkey = 2, .key = both};
    struct buffer b;
    buffer_init(&b, 4096);
    const char *text = ward_key(&r, v, NULL, &b, a);
    assert_true(ward_key_is_of(text, &r));
    assert_false(ward_key_is_of(text, &table));
    buffer_free(&b);
    return text;
}

static void keys_are_equal_where_their_values_are(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct value v[2] = {value_int(5), value_text(VALUE_TEXT, "x,y=\\\n", 6)};
    assert_string_equal(key_of(v, &a), "a=x\\,y\\=\\\\\\x0a,b\\==5");
    v[0] = (struct value){.kind = VALUE_UINT, .u = 5};
    assert_string_equal(key_of(v, &a), "a=x\\,y\\=\\\\\\x0a,b\\==5");
    v[1] = value_null();
    static const char *const decimals[][2] = {{"1.00", "1"}, {"10", "10"}, {"-0.0", "0"},
                                              {"0.10", "0.1"}, {"100.", "100"}};
    for (size_t i = 0; i < 5; i++) {
        v[0] = value_text(VALUE_DECIMAL, decimals[i][0], strlen(decimals[i][0]));
        assert_string_equal(key_of(v, &a), arena_format(&a, "a=\\N,b\\==%s", decimals[i][1]));
    }
    v[0] = (struct value){.kind = VALUE_DOUBLE, .d = -0.0};
    assert_string_equal(key_of(v, &a), "a=\\N,b\\==0");
    v[0] = value_text(VALUE_TEXT, "\\N", 2);
    assert_string_equal(key_of(v, &a), "a=\\N,b\\==\\\\N");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_nothing_is_refused_all_goes_as_ever),
        cmocka_unit_test(a_refused_row_is_held_and_its_transaction_goes_on),
        cmocka_unit_test(later_changes_of_a_held_key_do_not_reach_the_sets),
        cmocka_unit_test(a_change_between_two_keys_holds_both),
        cmocka_unit_test(what_was_rolled_back_holds_no_key),
        cmocka_unit_test(a_lock_wait_holds_a_row_once),
        cmocka_unit_test(what_could_not_be_converted_is_held_on_the_way),
        cmocka_unit_test(one_row_more_than_the_limit_stops_before_its_transaction),
        cmocka_unit_test(a_row_that_cannot_be_held_stops_its_link),
        cmocka_unit_test(what_is_no_fault_of_the_row_stops_the_link),
        cmocka_unit_test(truncate_makes_void_what_is_held),
        cmocka_unit_test(a_truncate_that_was_rolled_back_makes_nothing_void),
        cmocka_unit_test(rows_held_by_another_key_stop_the_link),
        cmocka_unit_test(keys_of_an_earlier_process_are_known),
        cmocka_unit_test(an_insert_that_still_collides_at_the_end_is_held_with_its_changes),
        cmocka_unit_test(a_parked_row_that_still_collides_is_left_as_it_was),
        cmocka_unit_test(the_rows_of_a_large_transaction_get_its_position_at_the_end),
        cmocka_unit_test(a_retry_writes_a_key_in_order_and_what_was_behind_it),
        cmocka_unit_test(what_is_refused_again_stays_with_what_is_behind_it),
        cmocka_unit_test(a_lock_wait_tries_the_slice_again),
        cmocka_unit_test(what_is_dropped_frees_what_is_behind_it),
        cmocka_unit_test(keys_are_equal_where_their_values_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
