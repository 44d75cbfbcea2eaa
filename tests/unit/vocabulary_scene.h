/* What the tests of the vocabulary share: a vocabulary of a text, an arena, protoc's own answers.
 * Included after cmocka.h. */
#ifndef TESTS_VOCABULARY_SCENE_H
#define TESTS_VOCABULARY_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/vocabulary.h"

#define OK(call)                                                                                   \
    do {                                                                                           \
        failure_clear(&failure);                                                                   \
        if ((call) != STATUS_OK)                                                                   \
            print_error("%s\n", failure.text);                                                     \
        assert_int_equal(failure.code, ERROR_NONE);                                                \
    } while (0)
/* Refused with that class, and a text that holds `part`. */
#define REFUSED(call, error, part)                                                                 \
    do {                                                                                           \
        failure_clear(&failure);                                                                   \
        assert_int_equal((call), error_status(error));                                             \
        assert_int_equal(failure.code, error);                                                     \
        if (!strstr(failure.text, part))                                                           \
            print_error("wanted: %s\nis: %s\n", part, failure.text);                               \
        assert_non_null(strstr(failure.text, part));                                               \
        failure_clear(&failure);                                                                   \
    } while (0)

static struct failure failure;
static struct arena arena;
static char folder[] = "/tmp/millrace_vocabulary_XXXXXX";

static inline int scene_open(void **state)
{
    (void)state;
    arena_init(&arena);
    return mkdtemp(folder) ? 0 : -1;
}

static inline int scene_close(void **state)
{
    (void)state;
    arena_free(&arena);
    char command[256];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static inline void write_file(const char *name, const void *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static inline size_t read_file(const char *name, char *data, size_t max)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(data, 1, max - 1, file);
    fclose(file);
    data[size] = 0;
    return size;
}

static const char *const folders[] = {folder, SOURCE_DIR "/vocabulary"};

static inline enum status load_files(const char *const *names, size_t n, struct vocabulary **v)
{
    const struct vocabulary_files files = {names, n, folders, 2};
    failure_clear(&failure);
    return vocabulary_load(&files, v, &failure);
}

/* A vocabulary of one file, own.proto. */
static inline enum status load_text(const char *proto, struct vocabulary **v)
{
    write_file("own.proto", proto, strlen(proto));
    return load_files((const char *const[]){"own.proto"}, 1, v);
}

static inline struct vocabulary *isa95(void)
{
    struct vocabulary *v;
    OK(load_files((const char *const[]){"isa95/v1.proto"}, 1, &v));
    return v;
}

static inline const ProtobufCMessageDescriptor *type_named(const struct vocabulary *v,
                                                           const char *name)
{
    const ProtobufCMessageDescriptor *type;
    OK(vocabulary_message(v, name, &type, &failure));
    return type;
}

/* What protoc makes of a file in the folder: `mode` is --encode or --decode. */
static inline size_t protoc(const char *mode, const char *type, const char *proto, const char *in,
                            char *out, size_t max)
{
    char command[1024];
    snprintf(command, sizeof command,
             "protoc -I'%s' -I" SOURCE_DIR "/vocabulary %s=%s %s <%s/%s >%s/protoc.out", folder,
             mode, type, proto, folder, in, folder);
    assert_int_equal(system(command), 0);
    return read_file("protoc.out", out, max);
}

#endif
