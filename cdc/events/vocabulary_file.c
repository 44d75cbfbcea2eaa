#include "events/vocabulary_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "transforms/vocabulary/compatible.h"

enum { FILE_BYTES_MAX = 64 << 20 };

struct bytes {
    const uint8_t *data;
    size_t size;
};

static enum status cannot(const char *what, const char *path, struct failure *f)
{
    return fail(f, ERROR_SETTING, "cannot %s %s: %s", what, path, strerror(errno));
}

/* ---- reading ---- */

static enum status read_all(FILE *in, const char *path, struct arena *a, struct bytes *out,
                            struct failure *f)
{
    struct stat st;
    if (fstat(fileno(in), &st) != 0)
        return cannot("read", path, f);
    if (st.st_size > FILE_BYTES_MAX)
        return fail(f, ERROR_SETTING, "%s is no vocabulary: %lld bytes", path,
                    (long long)st.st_size);
    uint8_t *data = arena_alloc(a, (size_t)st.st_size + 1);
    if (fread(data, 1, (size_t)st.st_size, in) != (size_t)st.st_size)
        return cannot("read", path, f);
    *out = (struct bytes){data, (size_t)st.st_size};
    return STATUS_OK;
}

static enum status read_file(const char *path, struct arena *a, struct bytes *out,
                             struct failure *f)
{
    *out = (struct bytes){0};
    FILE *in = fopen(path, "rb");
    if (!in)
        return errno == ENOENT ? STATUS_OK : cannot("read", path, f);
    enum status status = read_all(in, path, a, out, f);
    fclose(in);
    return status;
}

/* ---- writing ---- */

static enum status write_all(FILE *out, const char *path, const struct bytes *b, struct failure *f)
{
    bool good = fwrite(b->data, 1, b->size, out) == b->size && fflush(out) == 0 &&
                fsync(fileno(out)) == 0;
    return good ? STATUS_OK : cannot("write", path, f);
}

/* Whole or not at all. */
static enum status write_file(const char *path, const struct bytes *b, struct arena *a,
                              struct failure *f)
{
    const char *fresh = arena_format(a, "%s.new", path);
    FILE *out = fopen(fresh, "wb");
    if (!out)
        return cannot("write", fresh, f);
    enum status status = write_all(out, fresh, b, f);
    if (fclose(out) != 0 && status == STATUS_OK)
        status = cannot("write", fresh, f);
    if (status == STATUS_OK && rename(fresh, path) != 0)
        status = cannot("rename", fresh, f);
    return status;
}

/* ---- comparing ---- */

static enum status compare(struct event_program *p, const char *path, const struct bytes *was,
                           struct failure *f)
{
    struct vocabulary *older = NULL;
    enum status status = vocabulary_read(path, was->data, was->size, &older, f);
    if (status == STATUS_OK && compatible_check(older, p->vocabulary, f) != STATUS_OK)
        status = fail_in(f, "the vocabulary has changed since link %s last ran, and would read "
                            "wrongly what was packed before (with nothing in millrace.held, remove "
                            "%s and start again)", p->lc->name, path);
    vocabulary_free(older);
    return status;
}

enum status vocabulary_file_keep(struct event_program *p, const char *folder, struct failure *f)
{
    struct bytes was, is;
    const char *path = arena_format(&p->arena, "%s/%s.vocabulary", folder, p->lc->name);
    TRY(read_file(path, &p->arena, &was, f));
    TRY(vocabulary_pack(p->vocabulary, &p->arena, &is.data, &is.size, f));
    if (was.size == is.size && memcmp(was.data, is.data, is.size) == 0)
        return STATUS_OK;
    if (was.data)
        TRY(compare(p, path, &was, f));
    return write_file(path, &is, &p->arena, f);
}
