/* What an envelope derives from its event. Inside the room; envelope.h says what. */
#ifndef MILLRACE_VOCABULARY_ENVELOPE_PARTS_H
#define MILLRACE_VOCABULARY_ENVELOPE_PARTS_H

#include "transforms/vocabulary/envelope.h"

#define ENVELOPE_TYPE "isa95.v1.EventEnvelope"

/* By enum event_op. */
extern const char *const envelope_op_words[]; /* created, changed, gone */
extern const char *const envelope_row_ops[];  /* CREATE, UPDATE, DELETE */

const char *envelope_id(const struct event_origin *origin, struct arena *a);
const char *envelope_verb(const ProtobufCMessageDescriptor *type, enum event_op op);
/* from_state, to_state and type; the messages are set. */
enum status envelope_set_state(struct envelope *e, const struct field_context *c);
enum status envelope_set_changed(struct envelope *e, const struct field_context *c);

#endif
