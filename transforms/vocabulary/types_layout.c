/* Where a message's fields are held, as protoc-c lays its structs out, but each at a multiple of 8:
 *
 *   ProtobufCMessage base
 *   one     value, and before it `has` where the field has presence and is no pointer
 *   list    size_t n, then a pointer to the elements
 *   oneof   uint32_t case, then one place that all its members share
 */
#include "transforms/vocabulary/types.h"

#include <string.h>
#include "transforms/vocabulary/message.h"

enum { SLOT = 8, ONEOF_BYTES = 16 };

_Static_assert(sizeof(ProtobufCBinaryData) <= ONEOF_BYTES, "a oneof's place holds any member");
_Static_assert(sizeof(ProtobufCMessage) % SLOT == 0, "fields begin after the base");

static unsigned slots(size_t bytes)
{
    return (unsigned)((bytes + SLOT - 1) / SLOT * SLOT);
}

static unsigned lay_field(ProtobufCFieldDescriptor *field, unsigned at)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        field->quantifier_offset = at;
        field->offset = at + SLOT;
        return at + 2 * SLOT;
    }
    bool pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !pointer) {
        field->quantifier_offset = at;
        at += SLOT;
    }
    field->offset = at;
    return at + slots(message_element_bytes(field->type));
}

/* The first member of a oneof makes its place, the others share it. */
static unsigned lay_oneof(struct message_type *m, ProtobufCFieldDescriptor *fields, unsigned i,
                          unsigned at)
{
    for (unsigned j = 0; j < i; j++)
        if (m->fields[j].oneof && strcmp(m->fields[j].oneof, m->fields[i].oneof) == 0) {
            fields[i].quantifier_offset = fields[j].quantifier_offset;
            fields[i].offset = fields[j].offset;
            return at;
        }
    fields[i].quantifier_offset = at;
    fields[i].offset = at + SLOT;
    return at + SLOT + ONEOF_BYTES;
}

void types_layout(struct message_type *m)
{
    ProtobufCFieldDescriptor *fields = (ProtobufCFieldDescriptor *)m->c.fields;
    unsigned at = sizeof(ProtobufCMessage);
    for (unsigned i = 0; i < m->c.n_fields; i++)
        at = m->fields[i].oneof ? lay_oneof(m, fields, i, at) : lay_field(&fields[i], at);
    m->c.sizeof_message = at;
}

/* ---- shapes ---- */

static bool is_timestamp(const struct message_type *m)
{
    const ProtobufCFieldDescriptor *fields = m->c.fields;
    return strcmp(m->c.short_name, "Timestamp") == 0 && m->c.n_fields == 2 && fields[0].id == 1 &&
           fields[1].id == 2 && strcmp(fields[0].name, "seconds") == 0 &&
           strcmp(fields[1].name, "nanos") == 0 && fields[0].type == PROTOBUF_C_TYPE_INT64 &&
           fields[1].type == PROTOBUF_C_TYPE_INT32 &&
           fields[0].label != PROTOBUF_C_LABEL_REPEATED &&
           fields[1].label != PROTOBUF_C_LABEL_REPEATED;
}

/* Messages that hold a text and its unit. */
static const struct {
    const char *message, *text, *unit;
    bool decimal;
} measures[] = {
    {"QuantityValue", "quantity_string", "unit_of_measure", true},
    {"Value", "value_string", "unit_of_measure", false},
};

static bool find_text(const struct message_type *m, const char *name, unsigned *out)
{
    for (unsigned i = 0; i < m->c.n_fields; i++)
        if (strcmp(m->c.fields[i].name, name) == 0) {
            *out = i;
            return m->c.fields[i].type == PROTOBUF_C_TYPE_STRING &&
                   m->c.fields[i].label != PROTOBUF_C_LABEL_REPEATED;
        }
    return false;
}

void types_shape(struct message_type *m)
{
    if (is_timestamp(m))
        m->shape = SHAPE_TIMESTAMP;
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (strcmp(m->c.short_name, measures[i].message) == 0 &&
            find_text(m, measures[i].text, &m->text) && find_text(m, measures[i].unit, &m->unit)) {
            m->shape = SHAPE_MEASURE;
            m->fields[m->text].decimal = measures[i].decimal;
        }
}
