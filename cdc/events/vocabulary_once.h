/* Vocabulary, once a process: protoc runs for the first who asks; whoever asks for the same files
 * later, a link that begins again too, gets what it was then. Any thread.
 */
#ifndef MILLRACE_EVENTS_VOCABULARY_ONCE_H
#define MILLRACE_EVENTS_VOCABULARY_ONCE_H

#include "transforms/vocabulary/vocabulary.h"

/* As vocabulary_load. *out is the caller's own. */
enum status vocabulary_once(const struct vocabulary_files *files, struct vocabulary **out,
                            struct failure *f);

#endif
