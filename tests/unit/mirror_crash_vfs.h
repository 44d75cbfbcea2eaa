/* A file system for SQLite that dies: after a number of steps the process ends, in the middle of a
 * write too. For a loss of power, what each file held at its last fsync is kept beside it. */
#ifndef MILLRACE_TEST_MIRROR_CRASH_VFS_H
#define MILLRACE_TEST_MIRROR_CRASH_VFS_H

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CRASHED = 9, OPEN_FILES = 16 };

static long crash_left = -1; /* steps to live; -1: for ever */
static bool crash_keeps_synced;
static sqlite3_vfs crash_vfs, *real_vfs;
static sqlite3_io_methods crash_methods[OPEN_FILES];
static const sqlite3_io_methods *real_methods[OPEN_FILES];
static struct {
    sqlite3_file *file;
    const char *name;
} crash_files[OPEN_FILES];

static inline void crash_step(void)
{
    if (crash_left > 0 && --crash_left == 0)
        _exit(CRASHED);
}

static inline const sqlite3_io_methods *real_of(sqlite3_file *file)
{
    return real_methods[file->pMethods - crash_methods];
}

static inline void copy_file(const char *from, const char *to)
{
    struct stat st;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (in >= 0 && out >= 0 && fstat(in, &st) == 0)
        while (st.st_size > 0) {
            ssize_t n = sendfile(out, in, NULL, (size_t)st.st_size);
            if (n <= 0)
                break;
            st.st_size -= n;
        }
    close(in);
    close(out);
}

static inline void synced_name(const char *name, char *out)
{
    snprintf(out, 512, "%.480s.synced", name);
}

static int crash_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at)
{
    if (crash_left == 1) /* torn */
        real_of(file)->xWrite(file, data, size / 2, at);
    crash_step();
    return real_of(file)->xWrite(file, data, size, at);
}

static int crash_sync(sqlite3_file *file, int flags)
{
    char synced[512];
    crash_step();
    int code = real_of(file)->xSync(file, flags);
    for (int i = 0; i < OPEN_FILES && crash_keeps_synced; i++)
        if (crash_files[i].file == file && crash_files[i].name) {
            synced_name(crash_files[i].name, synced);
            copy_file(crash_files[i].name, synced);
        }
    crash_step();
    return code;
}

static int crash_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    char synced[512];
    (void)vfs;
    crash_step();
    synced_name(name, synced);
    unlink(synced);
    return real_vfs->xDelete(real_vfs, name, sync);
}

static void wrap_methods(sqlite3_file *file)
{
    int i = 0;
    while (real_methods[i] && real_methods[i] != file->pMethods)
        i++;
    real_methods[i] = file->pMethods;
    crash_methods[i] = *file->pMethods;
    crash_methods[i].xWrite = crash_write;
    crash_methods[i].xSync = crash_sync;
    file->pMethods = &crash_methods[i];
}

static int crash_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    int code = real_vfs->xOpen(real_vfs, name, file, flags, out);
    if (code != SQLITE_OK || !file->pMethods)
        return code;
    wrap_methods(file);
    int i = 0;
    while (i < OPEN_FILES - 1 && crash_files[i].file && crash_files[i].file != file)
        i++;
    crash_files[i].file = file;
    crash_files[i].name = name;
    return code;
}

static inline void crash_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    crash_vfs = *real_vfs;
    crash_vfs.zName = "crash";
    crash_vfs.xOpen = crash_open;
    crash_vfs.xDelete = crash_delete;
    sqlite3_vfs_register(&crash_vfs, 1);
}

/* The machine lost its power: what was not synced is gone. */
static inline void lose_power(const char *path)
{
    static const char *const suffixes[] = {"", "-wal"};
    char name[256], synced[512];
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        synced_name(name, synced);
        unlink(name);
        if (access(synced, R_OK) == 0)
            copy_file(synced, name);
    }
}

#endif
