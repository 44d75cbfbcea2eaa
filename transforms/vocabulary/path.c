#include "transforms/vocabulary/path.h"

#include <stdio.h>
#include <string.h>
#include "transforms/vocabulary/nearest_name.h"
#include "transforms/vocabulary/types.h"

enum { CANDIDATE_DEPTH_MAX = 3, CANDIDATES_MAX = 5000 };

static const char *const kind_names[] = {
#define X(kind, name) [kind] = name,
    FIELD_KINDS(X)
#undef X
};

static const enum field_kind scalar_kinds[] = {
    [PROTOBUF_C_TYPE_INT32] = FIELD_INT32,     [PROTOBUF_C_TYPE_SINT32] = FIELD_INT32,
    [PROTOBUF_C_TYPE_SFIXED32] = FIELD_INT32,  [PROTOBUF_C_TYPE_INT64] = FIELD_INT64,
    [PROTOBUF_C_TYPE_SINT64] = FIELD_INT64,    [PROTOBUF_C_TYPE_SFIXED64] = FIELD_INT64,
    [PROTOBUF_C_TYPE_UINT32] = FIELD_UINT32,   [PROTOBUF_C_TYPE_FIXED32] = FIELD_UINT32,
    [PROTOBUF_C_TYPE_UINT64] = FIELD_UINT64,   [PROTOBUF_C_TYPE_FIXED64] = FIELD_UINT64,
    [PROTOBUF_C_TYPE_FLOAT] = FIELD_FLOAT,     [PROTOBUF_C_TYPE_DOUBLE] = FIELD_DOUBLE,
    [PROTOBUF_C_TYPE_BOOL] = FIELD_BOOL,       [PROTOBUF_C_TYPE_ENUM] = FIELD_ENUM,
    [PROTOBUF_C_TYPE_STRING] = FIELD_STRING,   [PROTOBUF_C_TYPE_BYTES] = FIELD_BYTES,
    [PROTOBUF_C_TYPE_MESSAGE] = FIELD_MESSAGE,
};

const char *field_kind_name(enum field_kind kind)
{
    return kind_names[kind];
}

/* ---- kinds ---- */

enum field_kind field_element_kind(const ProtobufCMessageDescriptor *in,
                                   const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
        message_type_of(field->descriptor)->shape == SHAPE_TIMESTAMP)
        return FIELD_TIMESTAMP;
    if (message_type_of(in)->fields[field - in->fields].decimal)
        return FIELD_DECIMAL;
    return scalar_kinds[field->type];
}

enum field_kind field_kind_of(const ProtobufCMessageDescriptor *in,
                              const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return field_element_kind(in, field);
    bool map =
        field->type == PROTOBUF_C_TYPE_MESSAGE && message_type_of(field->descriptor)->map_entry;
    return map ? FIELD_MAP : FIELD_LIST;
}

/* ---- looking a name up ---- */

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *type,
                                                   const char *name, size_t size)
{
    char text[PATH_BYTES_MAX];
    if (size >= sizeof text)
        return NULL;
    memcpy(text, name, size);
    text[size] = 0;
    return protobuf_c_message_descriptor_get_field_by_name(type, text);
}

static bool add_step(struct field_path *p, const ProtobufCMessageDescriptor *in,
                     const ProtobufCFieldDescriptor *field)
{
    if (!field || p->nsteps == PATH_STEPS_MAX)
        return false;
    p->steps[p->nsteps++] = field;
    p->kind = field_kind_of(in, field);
    return true;
}

/* A message that has short forms: its text, or its unit. */
static bool add_measure(struct field_path *p, const ProtobufCFieldDescriptor *field, bool unit)
{
    const struct message_type *m = message_type_of(field->descriptor);
    return m->shape == SHAPE_MEASURE && field->label != PROTOBUF_C_LABEL_REPEATED &&
           add_step(p, &m->c, &m->c.fields[unit ? m->unit : m->text]);
}

static bool find_unit(const ProtobufCMessageDescriptor *type, const char *name,
                      struct field_path *p)
{
    static const char suffix[] = "_unit";
    size_t size = strlen(name), cut = sizeof suffix - 1;
    if (size <= cut || strcmp(name + size - cut, suffix) != 0)
        return false;
    const ProtobufCFieldDescriptor *field = field_named(type, name, size - cut);
    return field && field->type == PROTOBUF_C_TYPE_MESSAGE && add_step(p, type, field) &&
           add_measure(p, field, true);
}

static bool find_here(const ProtobufCMessageDescriptor *type, const char *name,
                      struct field_path *p)
{
    const ProtobufCFieldDescriptor *field = field_named(type, name, strlen(name));
    if (!field)
        return find_unit(type, name, p);
    if (!add_step(p, type, field))
        return false;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        add_measure(p, field, false);
    return true;
}

/* A field's own name may hold `__`: the whole is tried first, then every place to part it. */
static bool find(const ProtobufCMessageDescriptor *type, const char *name, struct field_path *p)
{
    struct field_path start = *p;
    if (find_here(type, name, p))
        return true;
    for (const char *at = strstr(name, "__"); at; at = strstr(at + 1, "__")) {
        *p = start;
        const ProtobufCFieldDescriptor *field = field_named(type, name, (size_t)(at - name));
        if (add_step(p, type, field) && p->kind == FIELD_MESSAGE &&
            find(field->descriptor, at + 2, p))
            return true;
    }
    *p = start;
    return false;
}

bool path_find(const ProtobufCMessageDescriptor *type, const char *name, struct field_path *out)
{
    *out = (struct field_path){.nsteps = 0};
    return strlen(name) < PATH_BYTES_MAX && find(type, name, out);
}

/* ---- errors ---- */

/* The paths near the wanted one, which begin with `prefix`; the best is kept in `best`. */
struct search {
    struct nearest nearest;
    char best[PATH_BYTES_MAX];
    bool lists;    /* only lists and maps, or only columns */
    unsigned left; /* candidates that are still looked at */
};

static void offer(struct search *s, const char *prefix, const char *name, const char *suffix)
{
    char path[PATH_BYTES_MAX];
    size_t before = s->nearest.distance;
    if ((size_t)snprintf(path, sizeof path, "%s%s%s", prefix, name, suffix) >= sizeof path)
        return;
    nearest_offer(&s->nearest, path);
    if (s->nearest.distance < before)
        memcpy(s->best, path, sizeof path);
}

static void offer_all(struct search *s, const ProtobufCMessageDescriptor *type, const char *prefix,
                      unsigned depth)
{
    char nested[PATH_BYTES_MAX];
    for (unsigned i = 0; i < type->n_fields && s->left > 0; i++, s->left--) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        enum field_kind kind = field_kind_of(type, field);
        bool is_list = kind == FIELD_LIST || kind == FIELD_MAP;
        bool measure =
            kind == FIELD_MESSAGE && message_type_of(field->descriptor)->shape == SHAPE_MEASURE;
        if (is_list == s->lists && (kind != FIELD_MESSAGE || measure))
            offer(s, prefix, field->name, "");
        if (measure && !s->lists)
            offer(s, prefix, field->name, "_unit");
        if (kind == FIELD_MESSAGE && depth < CANDIDATE_DEPTH_MAX &&
            (size_t)snprintf(nested, sizeof nested, "%s%s__", prefix, field->name) < sizeof nested)
            offer_all(s, field->descriptor, nested, depth + 1);
    }
}

static enum status no_such(const ProtobufCMessageDescriptor *type, const char *name, bool lists,
                           struct failure *f)
{
    struct search s = {.nearest = nearest_name(name), .lists = lists, .left = CANDIDATES_MAX};
    offer_all(&s, type, "", 1);
    return fail(f, ERROR_CONFIG, "%s has no %s \"%s\"%s%s", type->short_name,
                lists ? "list" : "field", name, s.best[0] ? "; the nearest is " : "", s.best);
}

enum status path_column(const ProtobufCMessageDescriptor *type, const char *name,
                        struct field_path *out, struct failure *f)
{
    if (!path_find(type, name, out))
        return no_such(type, name, false, f);
    if (out->kind == FIELD_LIST || out->kind == FIELD_MAP)
        return fail(f, ERROR_CONFIG,
                    "%s.%s is %s: it takes no column, but a query of its own under lists:",
                    type->short_name, name, field_kind_name(out->kind));
    if (out->kind != FIELD_MESSAGE)
        return STATUS_OK;
    const ProtobufCMessageDescriptor *inner = path_field(out)->descriptor;
    return fail(f, ERROR_CONFIG, "%s.%s is a message: name a field of it, as %s__%s",
                type->short_name, name, name, inner->n_fields ? inner->fields[0].name : "…");
}

static bool same_path(const struct field_path *a, const struct field_path *b)
{
    return a->nsteps == b->nsteps && memcmp(a->steps, b->steps, a->nsteps * sizeof *a->steps) == 0;
}

enum status path_columns(const ProtobufCMessageDescriptor *type, const char *const *names,
                         uint32_t n, struct field_path *out, struct failure *f)
{
    for (uint32_t i = 0; i < n; i++) {
        TRY(path_column(type, names[i], &out[i], f));
        for (uint32_t j = 0; j < i; j++)
            if (same_path(&out[i], &out[j]))
                return fail(f, ERROR_CONFIG, "%s: %s and %s are one field: give it once",
                            type->short_name, names[j], names[i]);
    }
    return STATUS_OK;
}

enum status path_list(const ProtobufCMessageDescriptor *type, const char *name,
                      struct field_path *out, struct failure *f)
{
    if (!path_find(type, name, out))
        return no_such(type, name, true, f);
    if (out->kind != FIELD_LIST && out->kind != FIELD_MAP)
        return fail(f, ERROR_CONFIG, "%s.%s is %s, no list: give it as a column", type->short_name,
                    name, field_kind_name(out->kind));
    return STATUS_OK;
}
