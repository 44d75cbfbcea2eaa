/* Drivers: which source and sink serve an engine: the one place that knows them all. */
#ifndef MILLRACE_LINK_DRIVERS_H
#define MILLRACE_LINK_DRIVERS_H

#include "model/sink.h"
#include "model/source.h"

const struct source_driver *source_driver_of(enum engine engine); /* NULL: cannot be a source */
const struct sink_driver *sink_driver_of(enum engine engine);
/* An ordinary connection to a system. */
enum status session_open(const struct endpoint *e, const char *application, struct wake *wake,
                         struct failure *f, struct session **out);

#endif
