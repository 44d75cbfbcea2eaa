/* bench_events SCENARIO millrace|anchor CHANGES PER DIRECTORY: the speed of events in the process,
 * from recorded batches to a sink that only reads them.
 *
 *   SCENARIO   stateless-insert, stateless-update, assembled
 *   CHANGES    row changes in all
 *   PER        row changes a source transaction (assembled: always four)
 *   DIRECTORY  an empty one, on the disk that is measured
 *
 * Prints the CPU seconds of the loop, how many events came, and their sum (sum.h), which must be
 * the same for both sides.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/node.h"
#include "sides.h"

static const char *const names[] = {
    [STATELESS_INSERT] = "stateless-insert",
    [STATELESS_UPDATE] = "stateless-update",
    [ASSEMBLED] = "assembled",
};

void side_check(enum status status, const struct failure *f)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "bench_events: %s\n", f->text);
    exit(1);
}

double side_cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct functions *load_functions(void)
{
    struct arena a = {0};
    struct node *root;
    struct failure f = {0};
    struct functions *out;
    side_check(node_load(FUNCTIONS, &a, &root, &f), &f);
    struct functions_config config = {.path = FUNCTIONS, .dictionaries = root->first};
    side_check(functions_load(&config, &out, &f), &f);
    arena_free(&a);
    return out;
}

static int usage(void)
{
    fprintf(stderr, "bench_events stateless-insert|stateless-update|assembled millrace|anchor "
                    "CHANGES PER DIRECTORY\n");
    return 2;
}

static bool read_scenario(const char *text, enum scenario *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *out = (enum scenario)i;
        if (strcmp(text, names[i]) == 0)
            return true;
    }
    return false;
}

static void run(struct side *s, bool anchor)
{
    if (!anchor)
        millrace_run(s);
    else if (s->scene->scenario == ASSEMBLED)
        assembled_anchor_run(s);
    else
        stateless_anchor_run(s);
}

int main(int argc, char **argv)
{
    static struct side side;
    enum scenario scenario;
    struct scene scene;
    char path[4096];
    if (argc != 6 || !read_scenario(argv[1], &scenario) || atoi(argv[3]) < 8 || atoi(argv[4]) < 1)
        return usage();
    scene_make(&scene, scenario, atoi(argv[3]), atoi(argv[4]));
    snprintf(path, sizeof path, "%s/mirror", argv[5]);
    side.scene = &scene;
    side.functions = load_functions();
    side.path = scenario == ASSEMBLED ? path : NULL;
    run(&side, strcmp(argv[2], "anchor") == 0);
    printf("seconds=%.6f changes=%" PRId64 " events=%" PRIu64 " sum=%016" PRIx64 "\n",
           side.seconds, scene.nchanges, side.sum.objects, side.sum.total);
    functions_free(side.functions);
    arena_free(&scene.arena);
    return 0;
}
