/* Envelope: an event as others see it: isa95.v1.EventEnvelope of the vocabulary, which must hold
 * that message, and what of it is derived from the event:
 *
 *   id              the first 16 bytes of SHA-256 over source, position, index and mapping, in
 *                   hex: reading the log again gives the same
 *   type            the message's full name and what happened: the state that it entered, where it
 *                   has one and that is new ("isa95.v1.OperationsRequest.released"), else created,
 *                   changed, gone
 *   subject         the message's name and the key: "OperationsRequest/WH/MO/00012"
 *   data_schema     "millrace:isa95/v1.proto#<sha256>"
 *   verb            who owns the object decides: an OperationsRequest asks (PROCESS, CHANGE,
 *                   CANCEL), an OperationsEvent tells (NOTIFY), all else is published (SYNC_…)
 *   changed_fields  numbers of the object's own fields that differ, where before and after are set
 *   state_change    where the state is new
 *
 * Packed: before and after are packed messages of their own inside (DomainObject), so that any type
 * of the vocabulary travels. All lies in the context's arena. Threads: one an arena.
 */
#ifndef MILLRACE_VOCABULARY_ENVELOPE_H
#define MILLRACE_VOCABULARY_ENVELOPE_H

#include "model/object.h"
#include "transforms/vocabulary/field.h"
#include "transforms/vocabulary/vocabulary.h"

/* Where an event is from. NULL where not known, but source, position and mapping. */
struct event_origin {
    const char *source;      /* "/plant-sz/erp/odoo" */
    const char *position;    /* of its transaction, as the source's engine writes it */
    uint64_t index;          /* of the event within the transaction */
    int64_t commit_us;       /* since 1970-01-01 UTC; of the COMMIT at the source */
    const char *mapping;     /* the flow and its version */
    const char *key_name;    /* the path of the key field: "id" */
    const char *const *path; /* systems that the change has passed through */
    uint32_t npath;
    const char *equipment_id, *equipment_level; /* where in the enterprise */
};

struct envelope {
    struct event_origin origin;
    const char *id, *type, *subject, *schema, *verb;
    enum event_op op;
    const char *key;
    const char *from_state, *to_state; /* to_state NULL: no new state */
    const uint32_t *changed;
    uint32_t nchanged;
    const ProtobufCMessage *before, *after; /* NULL as the event's */
};

/* VALUE, or CONFIG for a name that the vocabulary does not have. The event's objects are read in
 * the context's zone. `origin` is kept by pointer. */
enum status envelope_of(const struct vocabulary *v, const struct event *event,
                        const struct event_origin *origin, struct envelope *out,
                        const struct field_context *c);
/* Of what could not be stated as a message of its type: no objects, its type ends in ".refused". Not
 * to be packed. CONFIG. */
enum status envelope_refused(const struct vocabulary *v, const struct event *event,
                             const struct event_origin *origin, struct envelope *out,
                             const struct field_context *c);
enum status envelope_pack(const struct vocabulary *v, const struct envelope *e,
                          const uint8_t **data, size_t *size, const struct field_context *c);
/* Bytes are not trusted. */
enum status envelope_unpack(const struct vocabulary *v, const void *data, size_t size,
                            struct envelope *out, const struct field_context *c);
/* The event again, times in the context's zone. */
enum status envelope_event(const struct vocabulary *v, const struct envelope *e, struct event *out,
                           const struct field_context *c);

/* The object that the event is about: after, or before where it is gone. */
static inline const ProtobufCMessage *envelope_object(const struct envelope *e)
{
    return e->after ? e->after : e->before;
}

#endif
