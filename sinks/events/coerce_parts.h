/* Coerce inside: what coerce.c and coerce_time.c share. */
#ifndef MILLRACE_SINKS_EVENTS_COERCE_PARTS_H
#define MILLRACE_SINKS_EVENTS_COERCE_PARTS_H

#include "sinks/events/coerce.h"

struct coercion {
    const struct column *column;
    const struct value *from;
    const char *round;
    const struct zone *zone;
    struct arena *arena;
};

const char *coerce_time(const struct coercion *k, struct value *out);
/* The reason's text: type, value, `what`. */
const char *coerce_refuse(const struct coercion *k, const char *what);

#endif
