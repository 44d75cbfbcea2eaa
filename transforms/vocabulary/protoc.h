/* Protoc: compiles .proto files to a descriptor set, by running protoc as a child process, without
 * a shell. Blocks until it ends; what it writes lies in memory, not on disk. Main thread, at the
 * start.
 */
#ifndef MILLRACE_VOCABULARY_PROTOC_H
#define MILLRACE_VOCABULARY_PROTOC_H

#include "base/arena.h"
#include "base/fail.h"

struct vocabulary_files;

/* Of the .proto files among `files`, all at once. *data lies in the arena. CONFIG where protoc is
 * missing, or with what protoc says of a file. */
enum status protoc_run(const struct vocabulary_files *files, struct arena *a, const void **data,
                       size_t *size, struct failure *f);
bool protoc_is_for(const char *file); /* it ends in .proto */

#endif
