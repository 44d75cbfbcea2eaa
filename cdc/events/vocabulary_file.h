/* The vocabulary that a link's events were packed with is kept beside its mirror, as a descriptor
 * set: what is held in millrace.held must stay readable. One thread.
 */
#ifndef MILLRACE_EVENTS_VOCABULARY_FILE_H
#define MILLRACE_EVENTS_VOCABULARY_FILE_H

#include "events/program.h"

/* Compares, and keeps the one in use. CONFIG where it would read wrongly what was packed before
 * (compatible.h). The folder is there. */
enum status vocabulary_file_keep(struct event_program *p, const char *folder, struct failure *f);

#endif
