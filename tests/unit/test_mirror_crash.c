/* test_mirror_crash.c: a simulated link dies at any moment; its events are those of one that did
 * not libs: mirror */
#include "mirror_crash_vfs.h"
#include "mirror_link.h"
#include "mirror_source.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { CASES = 200, LIVES_MAX = 60, LOG_BYTES = 1 << 20 };

/* ---- the target: what outlives the link ---- */

struct target {
    struct {
        size_t size;    /* of the log of events */
        int checkpoint; /* durable with it */
    } state[2];
    int current, acknowledged;
    bool has_mirror; /* a mirror was committed once */
    char log[LOG_BYTES];
};

enum mutation { NO_MUTATION, COMMITS_AHEAD, DOES_NOT_REPEAT };

static struct target *target;
static struct views *views;
static char mirror_path[256];
static enum mutation mutation;

static int checkpoint(void)
{
    return target->state[target->current].checkpoint;
}

/* The commit of one target transaction: all of it or nothing. */
static void target_commit(const struct buffer *events, int position)
{
    size_t size = target->state[target->current].size;
    must(size + events->size <= LOG_BYTES);
    crash_step();
    memcpy(target->log + size, events->data ? events->data : "", events->size);
    int next = 1 - target->current;
    target->state[next].size = size + events->size;
    target->state[next].checkpoint = position;
    crash_step();
    target->current = next;
    crash_step();
}

/* ---- the link ---- */

static enum status pass(void *context, const struct mirror_refusal *r, const struct failure *why)
{
    (void)context, (void)r, (void)why;
    return STATUS_OK;
}

static struct link *new_link(const char *path)
{
    struct link *l = calloc(1, sizeof *l);
    arena_init(&l->arena);
    buffer_init(&l->out, LOG_BYTES);
    l->options = (struct mirror_options){
        .path = path, .plan = "one", .order = link_order, .refused = pass};
    l->options.collect_kib = chance(2); /* in memory, or in tables */
    l->views = views;
    l->step = 1 + chance(5);
    return l;
}

static void commit_mirror(struct link *l)
{
    char text[16];
    bool committed;
    int durable = mutation == COMMITS_AHEAD ? l->at : checkpoint();
    snprintf(text, sizeof text, "%d", durable);
    link_check(l, mirror_commit(l->mirror, text, &committed, &l->failure));
    must(committed == (l->at <= durable));
    crash_step();
    if (committed && !mutation)
        target->acknowledged = atoi(mirror_committed(l->mirror));
    crash_step();
}

static void resume(struct link *l)
{
    char text[16];
    const char *at = mirror_position(l->mirror);
    int told = checkpoint();
    must(mutation || !at || atoi(at) <= told);
    must(mutation || (at ? atoi(at) : 0) >= target->acknowledged);
    if (at && (mutation == DOES_NOT_REPEAT || (mutation == COMMITS_AHEAD && atoi(at) > told)))
        told = atoi(at);
    snprintf(text, sizeof text, "%d", told);
    link_check(l, mirror_resume(l->mirror, text, &l->failure));
    l->at = at ? atoi(at) : 0;
    if (at)
        return;
    link_complete(l, true);
    commit_mirror(l);
}

static void apply_transaction(struct link *l, int t)
{
    char position[16];
    uint32_t half;
    source_read(l, t);
    snprintf(position, sizeof position, "%d", t);
    half = chance(l->nchanges + 1);
    link_check(l, mirror_begin(l->mirror, chance(2) ? position : NULL, &l->failure));
    link_check(l, mirror_apply(l->mirror, l->changes, half, &l->failure));
    crash_step();
    link_check(l, mirror_apply(l->mirror, l->changes + half, l->nchanges - half, &l->failure));
    link_check(l, mirror_end(l->mirror, position, source_log[t].echo, &l->failure));
    crash_step();
    link_check(l, link_drain(l));
    l->at = t;
}

/* The batch that lies in `out` is written, or fails. */
static void write_batch(struct link *l)
{
    bool repeats = !mutation && l->at < checkpoint(); /* the target has it */
    if (chance(12) == 0) {
        link_check(l, mirror_rollback(l->mirror, &l->failure));
        buffer_clear(&l->out);
        resume(l);
        return;
    }
    must(!repeats || l->out.size == 0);
    if (!repeats)
        target_commit(&l->out, l->at);
    buffer_clear(&l->out);
}

static void live(struct link *l)
{
    link_check(l, mirror_open(l->views, &l->options, &l->mirror, &l->failure));
    resume(l);
    while (l->at < TRANSACTIONS) {
        apply_transaction(l, l->at + 1);
        if (chance(4) == 0) /* too early, or while the transactions are repeated */
            commit_mirror(l);
        if (chance(3) == 0)
            write_batch(l);
        if (chance(3) == 0)
            commit_mirror(l);
    }
    while (checkpoint() < TRANSACTIONS && l->at == TRANSACTIONS)
        write_batch(l);
    if (l->at < TRANSACTIONS)
        _exit(CRASHED); /* rolled back at the end: another life */
    commit_mirror(l);
    mirror_close(l->mirror);
}

/* ---- a case: lives until one comes to the end ---- */

static int lives_lived;

static void remove_files(void)
{
    static const char *const suffixes[] = {"", "-wal", ".synced", "-wal.synced", "-journal"};
    char name[512];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", mirror_path, suffixes[i]);
        unlink(name);
    }
}

static bool one_life(uint64_t seed, long steps)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        chance_state = seed;
        crash_left = steps;
        crash_install();
        live(new_link(mirror_path));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    lives_lived++;
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CRASHED);
    return WEXITSTATUS(status) == 0;
}

static void run_until_the_end(void)
{
    memset(target, 0, sizeof *target - LOG_BYTES);
    remove_files();
    crash_keeps_synced = chance(2);
    for (int life = 0; life < LIVES_MAX; life++) {
        long steps = life < LIVES_MAX - 1 ? 1 + (long)chance(chance(3) ? 400 : 60) : -1;
        if (one_life(chance_state + (uint64_t)life, steps))
            return;
        if (crash_keeps_synced)
            lose_power(mirror_path);
    }
    assert_true(!"a life without an end comes to its end");
}

/* The same log, without a file, a crash, or a batch that fails. */
static void run_undisturbed(struct buffer *out)
{
    struct link *l = new_link(NULL);
    link_open(l);
    link_complete(l, true);
    while (l->at < TRANSACTIONS)
        apply_transaction(l, l->at + 1);
    buffer_clear(out);
    buffer_add(out, l->out.data, l->out.size);
    mirror_close(l->mirror);
    buffer_free(&l->out);
    arena_free(&l->arena);
    free(l);
}

static bool is_as_undisturbed(struct buffer *wanted)
{
    source_clear();
    for (int t = 1; t <= TRANSACTIONS; t++)
        source_make(t);
    run_undisturbed(wanted);
    run_until_the_end();
    return target->state[target->current].size == wanted->size &&
           memcmp(target->log, wanted->data, wanted->size) == 0;
}

static int count_red(int cases, enum mutation m, uint64_t seed)
{
    struct buffer wanted;
    int red = 0;
    buffer_init(&wanted, LOG_BYTES);
    mutation = m;
    chance_state = seed;
    lives_lived = 0;
    for (int i = 0; i < cases; i++)
        red += !is_as_undisturbed(&wanted);
    assert_true(wanted.size > 1000); /* there was something to lose */
    buffer_free(&wanted);
    return red;
}

/* ---- tests ---- */

static int cases_wanted(void)
{
    const char *text = getenv("MILLRACE_CRASH_CASES");
    return text ? atoi(text) : CASES;
}

static void no_event_is_lost_or_doubled_wherever_the_link_dies(void **state)
{
    (void)state;
    assert_int_equal(count_red(cases_wanted(), NO_MUTATION, 20261125), 0);
    print_message("%d cases, %d lives\n", cases_wanted(), lives_lived);
}

static void a_mirror_that_is_committed_ahead_of_the_checkpoint_loses_events(void **state)
{
    (void)state;
    assert_true(count_red(10, COMMITS_AHEAD, 7) > 5);
}

static void a_link_that_does_not_repeat_quietly_doubles_events(void **state)
{
    (void)state;
    assert_true(count_red(10, DOES_NOT_REPEAT, 7) > 5);
}

static int make_views(void **state)
{
    struct event_definition events[] = {order_event, job_response};
    struct failure f;
    (void)state;
    snprintf(mirror_path, sizeof mirror_path, "%s/millrace-mirror-%d",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    target = mmap(NULL, sizeof *target, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return target == MAP_FAILED ||
           views_compile(events, 2, source_tables, NSOURCE, NULL, &views, &f) != STATUS_OK;
}

static int remove_views(void **state)
{
    (void)state;
    remove_files();
    views_free(views);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_event_is_lost_or_doubled_wherever_the_link_dies),
        cmocka_unit_test(a_mirror_that_is_committed_ahead_of_the_checkpoint_loses_events),
        cmocka_unit_test(a_link_that_does_not_repeat_quietly_doubles_events),
    };
    return cmocka_run_group_tests(tests, make_views, remove_views);
}
