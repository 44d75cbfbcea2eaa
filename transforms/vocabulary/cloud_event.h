/* Cloud event: an event as one line of JSON, a CloudEvents 1.0 event in the JSON format
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
 *
 *   {"specversion":"1.0","id":…,"source":…,"type":…,"subject":…,"time":…,"dataschema":…,
 *    "datacontenttype":"application/json","op":"UPDATE","verb":"CHANGE","position":…,"mapping":…,
 *    "data":{…}}
 *
 * `data` is the object as it is, where it is gone as it was (message_json.h), null where it was refused. The keys come in this
 * order, so that an event always gives the same line. op, verb, position and mapping are extension
 * attributes, which have lower-case letters only. Threads: one an arena.
 */
#ifndef MILLRACE_VOCABULARY_CLOUD_EVENT_H
#define MILLRACE_VOCABULARY_CLOUD_EVENT_H

#include "transforms/vocabulary/envelope.h"

struct buffer;

/* An attribute of the caller's own, behind those. */
struct cloud_extension {
    const char *name; /* lower-case letters and digits */
    const char *text; /* NULL: the event has none */
};

/* Appends the line, with its newline. VALUE. */
enum status cloud_event_add(struct buffer *b, const struct envelope *e,
                            const struct field_context *c);
enum status cloud_event_add_with(struct buffer *b, const struct envelope *e,
                                 const struct cloud_extension *extensions, int n,
                                 const struct field_context *c);

#endif
