/* Field: a column of `event` or `line`, and how its values go into a statement.
 *
 *   type       MySQL, MariaDB                     PostgreSQL
 *   TEXT       'quoted'                           text
 *   INTEGER    12                                 int8
 *   BOOLEAN    TRUE                               bool
 *   DOUBLE     1.5e0                              float8
 *   DECIMAL    '12.50', quoted                    numeric
 *   TIME       '2026-11-22 16:00:00', in zone     timestamptz
 *   DATE       '2026-11-22'                       date
 *   BYTES      x'00ff'                            bytea
 */
#ifndef MILLRACE_SINKS_EVENTS_FIELD_H
#define MILLRACE_SINKS_EVENTS_FIELD_H

#include "base/arena.h"
#include "model/object.h"
#include "model/zone.h"
#include "sinks/events/dialect.h"

enum field_type {
    CTE_TEXT,
    CTE_INTEGER,
    CTE_BOOLEAN,
    CTE_DOUBLE,
    CTE_DECIMAL,
    CTE_TIME,
    CTE_DATE,
    CTE_BYTES,
};

struct field {
    const char *name; /* as the view has it, `__` paths as they are */
    enum field_type type;
};

struct field_list {
    const char *name; /* of the repeated field; NULL: the event's own */
    const struct field *fields;
    int nfields;
};

/* The value in this form: NULL, INT, DOUBLE, DECIMAL, TEXT, INSTANT, DATE, BYTES. False: it has
 * another type (a decimal that is no number, a time without zone). */
bool field_take(const struct field *f, const struct value *v, struct arena *a, struct value *out);
/* NULL where the object does not have it. `hint`: where it lies if the object was made by the view
 * that the fields come from. */
const struct value *field_find(const struct object *o, const char *name, uint32_t hint);

/* Of a value that field_take gave. */
void field_add_literal(struct buffer *b, const struct event_dialect *d, const struct zone *zone,
                       enum field_type type, const struct value *v);
void field_add_element(struct buffer *b, const struct value *v); /* of an array's text */
const char *field_array_type(enum field_type type);              /* "numeric[]" */

#endif
