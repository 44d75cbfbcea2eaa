#include "base/crash.h"

#ifdef MILLRACE_CRASH_POINTS
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STAGE_BYTES = 64 };

static const char *const names[] = {
#define X(code, name) [code] = name,
    CRASH_POINTS(X)
#undef X
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int wanted = -1;
static atomic_int left;
static char *stage; /* a mapped page: it outlives the process */

static void read_wanted(const char *text)
{
    size_t size = strcspn(text, ":");
    atomic_store(&left, text[size] ? atoi(text + size + 1) : 1);
    for (int i = 0; i < CRASH_POINTS_COUNT; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0)
            wanted = i;
    }
    if (wanted < 0) {
        fprintf(stderr, "millrace: no crash point %s\n", text);
        exit(2);
    }
}

static void map_stage(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, STAGE_BYTES) != 0) {
        perror(path);
        exit(2);
    }
    stage = mmap(NULL, STAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (stage == MAP_FAILED)
        stage = NULL;
    close(fd);
}

static void read_environment(void)
{
    const char *crash = getenv("MILLRACE_CRASH");
    const char *path = getenv("MILLRACE_STAGE_FILE");
    if (crash && *crash)
        read_wanted(crash);
    if (path && *path)
        map_stage(path);
}

static void show_stage(const char *name)
{
    char text[STAGE_BYTES] = "";
    snprintf(text, sizeof text, "%s\n", name);
    memcpy(stage, text, sizeof text);
}

bool crash_awaits(enum crash_point point)
{
    pthread_once(&once, read_environment);
    return (int)point == wanted;
}

void crash_here(enum crash_point point)
{
    pthread_once(&once, read_environment);
    if (stage)
        show_stage(names[point]);
    if ((int)point != wanted || atomic_fetch_sub(&left, 1) != 1)
        return;
    fprintf(stderr, "crash point %s\n", names[point]);
    kill(getpid(), SIGKILL);
    for (;;)
        pause(); /* no other instruction of ours runs */
}
#endif
