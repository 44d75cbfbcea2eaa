/* Fields with their types, labels and numbers, sorted as protobuf-c looks for them. */
#include "transforms/vocabulary/types.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "transforms/vocabulary/wire.h"

typedef Google__Protobuf__FieldDescriptorProto FieldProto;

enum { NUMBER_MAX = (1 << 29) - 1, RESERVED_FROM = 19000, RESERVED_TO = 19999, TYPE_GROUP = 10 };

/* By FieldDescriptorProto.Type; the gap is TYPE_GROUP. */
static const struct {
    bool known;
    ProtobufCType type;
} field_types[] = {
    [1] = {true, PROTOBUF_C_TYPE_DOUBLE},    [2] = {true, PROTOBUF_C_TYPE_FLOAT},
    [3] = {true, PROTOBUF_C_TYPE_INT64},     [4] = {true, PROTOBUF_C_TYPE_UINT64},
    [5] = {true, PROTOBUF_C_TYPE_INT32},     [6] = {true, PROTOBUF_C_TYPE_FIXED64},
    [7] = {true, PROTOBUF_C_TYPE_FIXED32},   [8] = {true, PROTOBUF_C_TYPE_BOOL},
    [9] = {true, PROTOBUF_C_TYPE_STRING},    [11] = {true, PROTOBUF_C_TYPE_MESSAGE},
    [12] = {true, PROTOBUF_C_TYPE_BYTES},    [13] = {true, PROTOBUF_C_TYPE_UINT32},
    [14] = {true, PROTOBUF_C_TYPE_ENUM},     [15] = {true, PROTOBUF_C_TYPE_SFIXED32},
    [16] = {true, PROTOBUF_C_TYPE_SFIXED64}, [17] = {true, PROTOBUF_C_TYPE_SINT32},
    [18] = {true, PROTOBUF_C_TYPE_SINT64},
};
enum { NFIELD_TYPES = sizeof field_types / sizeof *field_types };

static enum status bad(const struct message_type *m, const FieldProto *p, struct failure *f,
                       const char *why)
{
    return fail(f, ERROR_CONFIG, "vocabulary: %s: %s.%s (number %d): %s", m->file->name, m->c.name,
                p->name ? p->name : "", p->number, why);
}

/* ---- one field ---- */

static enum status check_field(const struct message_type *m, const FieldProto *p, struct failure *f)
{
    if (!type_name_is_sound(p->name))
        return bad(m, p, f, "its name is no name of a field");
    if (p->number < 1 || p->number > NUMBER_MAX)
        return bad(m, p, f, "a field's number is 1 to 536870911");
    if (p->number >= RESERVED_FROM && p->number <= RESERVED_TO)
        return bad(m, p, f, "19000 to 19999 are protobuf's own");
    if (p->has_type && (int)p->type == TYPE_GROUP)
        return bad(m, p, f, "groups are not supported: use a message");
    if (!p->has_type || (int)p->type < 0 || (int)p->type >= NFIELD_TYPES ||
        !field_types[p->type].known)
        return bad(m, p, f, "its type is not known");
    if (!p->has_label || (int)p->label < 1 || (int)p->label > 3)
        return bad(m, p, f, "its label is not known");
    return STATUS_OK;
}

/* protoc writes full names with a dot before them. */
static enum status resolve(const struct types *types, const struct message_type *m,
                           const FieldProto *p, ProtobufCFieldDescriptor *out, struct failure *f)
{
    const char *name = p->type_name && p->type_name[0] == '.' ? p->type_name + 1 : "";
    if (out->type == PROTOBUF_C_TYPE_MESSAGE)
        out->descriptor = types_message(types, name);
    else if (out->type == PROTOBUF_C_TYPE_ENUM)
        out->descriptor = types_enum(types, name);
    else
        return STATUS_OK;
    if (!out->descriptor)
        return bad(m, p, f, "no file declares its type");
    return STATUS_OK;
}

static bool is_packable(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_STRING && type != PROTOBUF_C_TYPE_BYTES &&
           type != PROTOBUF_C_TYPE_MESSAGE;
}

static bool is_packed(const struct message_type *m, const FieldProto *p, ProtobufCType type)
{
    bool said = p->options && p->options->has_packed;
    return is_packable(type) && (said ? p->options->packed : m->file->proto3);
}

static bool in_oneof(const FieldProto *p)
{
    return p->has_oneof_index && !(p->has_proto3_optional && p->proto3_optional);
}

static ProtobufCLabel label_of(const struct message_type *m, const FieldProto *p,
                               ProtobufCType type)
{
    if (p->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
        return PROTOBUF_C_LABEL_REPEATED;
    if (p->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED)
        return PROTOBUF_C_LABEL_REQUIRED;
    bool presence = !m->file->proto3 || (p->has_proto3_optional && p->proto3_optional) ||
                    type == PROTOBUF_C_TYPE_MESSAGE;
    return presence ? PROTOBUF_C_LABEL_OPTIONAL : PROTOBUF_C_LABEL_NONE;
}

static enum status read_oneof(const struct message_type *m, const FieldProto *p,
                              ProtobufCFieldDescriptor *out, struct field_type *own,
                              struct failure *f)
{
    if (!in_oneof(p))
        return STATUS_OK;
    if (p->oneof_index < 0 || (size_t)p->oneof_index >= m->proto->n_oneof_decl)
        return bad(m, p, f, "its oneof is not declared");
    own->oneof = m->proto->oneof_decl[p->oneof_index]->name;
    if (!type_name_is_sound(own->oneof))
        return bad(m, p, f, "its oneof has no name");
    if (out->label == PROTOBUF_C_LABEL_REPEATED || out->label == PROTOBUF_C_LABEL_REQUIRED)
        return bad(m, p, f, "a field of a oneof has no label");
    out->flags |= PROTOBUF_C_FIELD_FLAG_ONEOF;
    return STATUS_OK;
}

/* protoc's rule, where the descriptor does not say: request_state -> requestState. */
static const char *json_name(struct arena *a, const FieldProto *p)
{
    if (p->json_name && p->json_name[0])
        return p->json_name;
    char *name = arena_strdup(a, p->name), *to = name;
    bool up = false;
    for (const char *from = p->name; *from; from++) {
        if (*from != '_')
            *to++ = (char)(up ? toupper((unsigned char)*from) : *from);
        up = *from == '_';
    }
    *to = 0;
    return name;
}

static enum status read_field(const struct types *types, const struct message_type *m,
                              const FieldProto *p, ProtobufCFieldDescriptor *out,
                              struct field_type *own, struct failure *f)
{
    TRY(check_field(m, p, f));
    ProtobufCType type = field_types[p->type].type;
    *out = (ProtobufCFieldDescriptor){.name = p->name, .id = (uint32_t)p->number, .type = type};
    out->label = label_of(m, p, type);
    if (out->label == PROTOBUF_C_LABEL_REPEATED && is_packed(m, p, type))
        out->flags |= PROTOBUF_C_FIELD_FLAG_PACKED;
    own->json_name = json_name(types->arena, p);
    TRY(read_oneof(m, p, out, own, f));
    return resolve(types, m, p, out, f);
}

/* ---- all of a message ---- */

static int by_number(const void *a, const void *b)
{
    const FieldProto *const *x = a, *const *y = b;
    return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

static int by_field_name(const void *a, const void *b, void *context)
{
    const ProtobufCFieldDescriptor *fields = context;
    return strcmp(fields[*(const unsigned *)a].name, fields[*(const unsigned *)b].name);
}

static enum status sort_by_name(struct types *types, struct message_type *m, struct failure *f)
{
    unsigned *order = arena_alloc(types->arena, m->c.n_fields * sizeof *order);
    for (unsigned i = 0; i < m->c.n_fields; i++)
        order[i] = i;
    const ProtobufCFieldDescriptor *fields = m->c.fields;
    qsort_r(order, m->c.n_fields, sizeof *order, by_field_name, (void *)fields);
    for (unsigned i = 1; i < m->c.n_fields; i++)
        if (strcmp(fields[order[i - 1]].name, fields[order[i]].name) == 0)
            return fail(f, ERROR_CONFIG, "vocabulary: %s: %s has two fields named %s",
                        m->file->name, m->c.name, fields[order[i]].name);
    m->c.fields_sorted_by_name = order;
    return STATUS_OK;
}

static enum status sort_by_number(struct types *types, struct message_type *m,
                                  const FieldProto **protos, struct failure *f)
{
    size_t n = m->proto->n_field;
    int32_t *numbers = arena_alloc(types->arena, n * sizeof *numbers);
    qsort(protos, n, sizeof *protos, by_number);
    for (size_t i = 0; i < n; i++) {
        numbers[i] = protos[i]->number;
        if (i > 0 && numbers[i] == numbers[i - 1])
            return fail(f, ERROR_CONFIG, "vocabulary: %s: %s has two fields with number %d: %s, %s",
                        m->file->name, m->c.name, numbers[i], protos[i - 1]->name, protos[i]->name);
    }
    m->c.field_ranges = type_ranges(types->arena, numbers, n, &m->c.n_field_ranges);
    return STATUS_OK;
}

static bool entry_is_sound(const struct message_type *m)
{
    return m->c.n_fields == 2 && m->c.fields[0].id == 1 && m->c.fields[1].id == 2 &&
           m->c.fields[0].label != PROTOBUF_C_LABEL_REPEATED &&
           m->c.fields[1].label != PROTOBUF_C_LABEL_REPEATED &&
           m->c.fields[0].type != PROTOBUF_C_TYPE_MESSAGE &&
           m->c.fields[0].type != PROTOBUF_C_TYPE_BYTES;
}

enum status types_fields(struct types *types, struct message_type *m, struct failure *f)
{
    size_t n = m->proto->n_field;
    if (n > WIRE_FIELDS_MAX)
        return fail(f, ERROR_CONFIG, "vocabulary: %s: %s has %zu fields: at most %d are taken",
                    m->file->name, m->c.name, n, (int)WIRE_FIELDS_MAX);
    const FieldProto **protos = arena_alloc(types->arena, n * sizeof *protos);
    for (size_t i = 0; i < n; i++)
        protos[i] = m->proto->field[i];
    ProtobufCFieldDescriptor *fields = arena_zalloc(types->arena, n * sizeof *fields);
    m->fields = arena_zalloc(types->arena, n * sizeof *m->fields);
    m->c.fields = fields;
    m->c.n_fields = (unsigned)n;
    for (size_t i = 0; i < n; i++) /* before sorting: it says which name is at fault */
        TRY(check_field(m, protos[i], f));
    TRY(sort_by_number(types, m, protos, f));
    for (size_t i = 0; i < n; i++)
        TRY(read_field(types, m, protos[i], &fields[i], &m->fields[i], f));
    if (m->map_entry && !entry_is_sound(m))
        return fail(f, ERROR_CONFIG, "vocabulary: %s: %s is no entry of a map", m->file->name,
                    m->c.name);
    return sort_by_name(types, m, f);
}
