#include "transforms/vocabulary/protoc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "transforms/vocabulary/vocabulary.h"
#include "transforms/vocabulary/wire.h"

extern char **environ;

enum { ERRORS_BYTES_MAX = 1200 };

bool protoc_is_for(const char *file)
{
    size_t size = strlen(file);
    return size > 6 && strcmp(file + size - 6, ".proto") == 0;
}

/* ---- the command line ---- */

/* protoc takes a name that begins so for an option, or for a file of options. */
static enum status check_name(const char *name, struct failure *f)
{
    if (name[0] != '-' && name[0] != '@')
        return STATUS_OK;
    return fail(f, ERROR_CONFIG, "vocabulary: a file's name may not begin with %c: %s", name[0],
                name);
}

/* protoc reads FROM=TO and a list in a folder's name. */
static enum status check_folder(const char *folder, struct failure *f)
{
    if (!strpbrk(folder, ":="))
        return STATUS_OK;
    return fail(f, ERROR_CONFIG, "vocabulary: protoc takes no folder with : or = in its name: %s",
                folder);
}

/* A file outside of all folders is looked for in its own. */
static const char *own_folder(const char *name, struct arena *a)
{
    const char *slash = strrchr(name, '/');
    return slash == name ? "/" : arena_copy(a, name, (size_t)(slash - name));
}

static enum status arguments(const struct vocabulary_files *files, struct arena *a, char ***out,
                             struct failure *f)
{
    size_t n = 0;
    char **args = arena_zalloc(a, (files->nfolders + 2 * files->n + 4) * sizeof *args);
    args[n++] = arena_strdup(a, "protoc");
    args[n++] = arena_strdup(a, "--include_imports");
    args[n++] = arena_strdup(a, "--descriptor_set_out=/proc/self/fd/1");
    for (size_t i = 0; i < files->nfolders; i++) {
        if (access(files->folders[i], F_OK) != 0) /* protoc would warn of each, before its error */
            continue;
        TRY(check_folder(files->folders[i], f));
        args[n++] = arena_format(a, "--proto_path=%s", files->folders[i]);
    }
    for (size_t i = 0; i < files->n; i++) {
        if (!protoc_is_for(files->names[i]) || files->names[i][0] != '/')
            continue;
        TRY(check_folder(files->names[i], f));
        args[n++] = arena_format(a, "--proto_path=%s", own_folder(files->names[i], a));
    }
    for (size_t i = 0; i < files->n; i++) {
        TRY(check_name(files->names[i], f));
        if (protoc_is_for(files->names[i]))
            args[n++] = arena_strdup(a, files->names[i]);
    }
    *out = args;
    return STATUS_OK;
}

/* ---- the child ---- */

/* Its three standard files, and signals as a program expects to find them. */
static int spawn(char **args, int out, int errors, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGCHLD);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, errors, 2);
    int error = posix_spawnp(pid, args[0], &actions, &attributes, args, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static enum status cannot_run(int error, struct failure *f)
{
    return fail(f, ERROR_CONFIG,
                "vocabulary: protoc cannot be run (%s): install it (Debian: protobuf-compiler), or "
                "give a descriptor set made elsewhere by protoc --include_imports "
                "--descriptor_set_out=FILE.pb",
                strerror(error));
}

static size_t read_all(int fd, char *data, size_t max)
{
    size_t size = 0;
    ssize_t n = 1;
    while (size < max && n > 0) {
        n = pread(fd, data + size, max - size, (off_t)size);
        size += n > 0 ? (size_t)n : 0;
    }
    return size;
}

static enum status refused(int errors, int status, struct failure *f)
{
    char text[ERRORS_BYTES_MAX + 1];
    size_t size = read_all(errors, text, ERRORS_BYTES_MAX);
    text[size] = 0;
    if (size == 0)
        return fail(f, ERROR_CONFIG, "vocabulary: protoc ended with status %d and said nothing",
                    status);
    return fail(f, ERROR_CONFIG, "vocabulary: protoc: %s", text);
}

static enum status collect(int out, struct arena *a, const void **data, size_t *size,
                           struct failure *f)
{
    struct stat st;
    if (fstat(out, &st) != 0 || st.st_size > WIRE_BYTES_MAX)
        return fail(f, ERROR_CONFIG,
                    "vocabulary: what protoc makes of the files is larger than %d "
                    "bytes",
                    (int)WIRE_BYTES_MAX);
    char *bytes = arena_alloc(a, (size_t)st.st_size);
    *size = read_all(out, bytes, (size_t)st.st_size);
    *data = bytes;
    return STATUS_OK;
}

static enum status run(char **args, int out, int errors, struct failure *f)
{
    pid_t pid;
    int status, error = spawn(args, out, errors, &pid);
    if (error)
        return cannot_run(error, f);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return cannot_run(errno, f);
    return status == 0 ? STATUS_OK : refused(errors, status, f);
}

enum status protoc_run(const struct vocabulary_files *files, struct arena *a, const void **data,
                       size_t *size, struct failure *f)
{
    char **args;
    TRY(arguments(files, a, &args, f));
    int out = memfd_create("descriptors", MFD_CLOEXEC),
        errors = memfd_create("errors", MFD_CLOEXEC);
    enum status status = out < 0 || errors < 0 ? cannot_run(errno, f) : run(args, out, errors, f);
    if (status == STATUS_OK)
        status = collect(out, a, data, size, f);
    if (out >= 0)
        close(out);
    if (errors >= 0)
        close(errors);
    return status;
}
