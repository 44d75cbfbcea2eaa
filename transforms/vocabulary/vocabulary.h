/* Vocabulary: the message types of events, loaded at run time from .proto files or descriptor sets.
 *
 * A .proto file is compiled by protoc (a child process, once, at the start); a descriptor set (.pb,
 * .desc: `protoc --include_imports --descriptor_set_out=FILE`) is read as it is. Of the descriptors
 * ProtobufCMessageDescriptors are built, so that protobuf-c packs and unpacks types that were
 * unknown when Millrace was built: proto2 and proto3, all scalars, enums, nested and recursive
 * messages, lists, maps, oneofs, `optional`. Not: groups, extensions (their fields count as not
 * declared), proto2's defaults (a field that is not set reads as NULL).
 *
 * Owned by one `struct vocabulary`, immutable after loading: any thread may read it.
 * The descriptor format: google/protobuf/descriptor.proto.
 */
#ifndef MILLRACE_VOCABULARY_VOCABULARY_H
#define MILLRACE_VOCABULARY_VOCABULARY_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/fail.h"

struct vocabulary;

struct vocabulary_files {
    const char *const *names; /* "isa95/v1.proto", "/etc/millrace/plant.desc" */
    size_t n;
    const char *const *folders; /* where a relative name, and an import, is looked for, in order */
    size_t nfolders;
};

/* CONFIG where a file is not there, protoc is missing or refuses the file (with protoc's own line),
 * a descriptor set is no such thing or needs a file that it does not hold, or two types clash.
 * *out is the caller's, to be freed by vocabulary_free. */
enum status vocabulary_load(const struct vocabulary_files *files, struct vocabulary **out,
                            struct failure *f);
/* The same from one descriptor set in memory; `name` is for errors. */
enum status vocabulary_read(const char *name, const void *data, size_t size,
                            struct vocabulary **out, struct failure *f);
/* All files as one descriptor set, for vocabulary_read: what events were packed with can be kept,
 * and compared with what comes later (compatible.h). *data lies in the arena. */
enum status vocabulary_pack(const struct vocabulary *v, struct arena *a, const uint8_t **data,
                            size_t *size, struct failure *f);
void vocabulary_free(struct vocabulary *v); /* NULL is fine */

/* The message of that name: its full name ("isa95.v1.OperationsRequest"), or its own ("Operations-
 * Request") where no other message has it. CONFIG with the candidates, or with the nearest name. */
enum status vocabulary_message(const struct vocabulary *v, const char *name,
                               const ProtobufCMessageDescriptor **out, struct failure *f);
/* The shortest name by which vocabulary_message finds the type. */
const char *vocabulary_name_of(const struct vocabulary *v, const ProtobufCMessageDescriptor *type);

/* All message types, sorted by full name, without map entries' own. */
size_t vocabulary_count(const struct vocabulary *v);
const ProtobufCMessageDescriptor *vocabulary_at(const struct vocabulary *v, size_t i);

/* SHA-256 of all files' descriptors, in hex: another hash, another plan. */
const char *vocabulary_hash(const struct vocabulary *v);
/* The file that declares a type, and the SHA-256 of its descriptor: "isa95/v1.proto#9f86d0…". */
const char *vocabulary_schema(const ProtobufCMessageDescriptor *type);

#endif
