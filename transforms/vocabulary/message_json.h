/* Message as JSON: proto3's mapping (https://protobuf.dev/programming-guides/json/): lowerCamelCase
 * names in the order of the fields' numbers, 64-bit integers as strings, bytes in base64, enums by
 * name, maps as objects with their keys sorted; what is not set is left out, and so is a field
 * without presence that holds its default.
 *
 * A Timestamp, ours too, is RFC 3339 text. protobuf's other well-known types have no special form:
 * they are written as the messages they are. Doubles have 17 digits at most, floats as few as they
 * need. Threads: one an arena.
 */
#ifndef MILLRACE_VOCABULARY_MESSAGE_JSON_H
#define MILLRACE_VOCABULARY_MESSAGE_JSON_H

#include <jansson.h>
#include "transforms/vocabulary/field.h"

/* *out is the caller's, to be released by json_decref. VALUE. */
enum status message_json(const ProtobufCMessage *m, json_t **out, const struct field_context *c);

#endif
