/* Descriptor set: the files of a vocabulary as protoc describes them (FileDescriptorSet), from any
 * number of sets. A file that several sets hold must be the same in all of them.
 *
 * Bytes are not trusted. All lies in the arena that is given. One thread.
 */
#ifndef MILLRACE_VOCABULARY_DESCRIPTOR_SET_H
#define MILLRACE_VOCABULARY_DESCRIPTOR_SET_H

#include <google/protobuf/descriptor.pb-c.h>
#include "base/arena.h"
#include "base/fail.h"

enum { DESCRIPTOR_FILES_MAX = 1000 };

struct descriptor_set {
    const Google__Protobuf__FileDescriptorProto *files[DESCRIPTOR_FILES_MAX]; /* sorted by name */
    size_t nfiles;
};

/* `name` says in errors where the bytes are from. */
enum status descriptor_set_add(struct descriptor_set *set, const char *name, const void *data,
                               size_t size, struct arena *a, struct failure *f);
/* Every import is there, and none leads back to the file itself. */
enum status descriptor_set_check(const struct descriptor_set *set, struct failure *f);

#endif
