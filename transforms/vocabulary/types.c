#include "transforms/vocabulary/types.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

bool type_name_is_sound(const char *name)
{
    if (!name || !(isalpha((unsigned char)*name) || *name == '_'))
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return true;
}

const ProtobufCIntRange *type_ranges(struct arena *a, const int32_t *numbers, size_t n,
                                     unsigned *nranges)
{
    ProtobufCIntRange *ranges = arena_alloc(a, (n + 1) * sizeof *ranges);
    *nranges = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || (int64_t)numbers[i] != (int64_t)numbers[i - 1] + 1)
            ranges[(*nranges)++] = (ProtobufCIntRange){numbers[i], (unsigned)i};
    ranges[*nranges] = (ProtobufCIntRange){0, (unsigned)n};
    return ranges;
}

const char *type_hash(struct arena *a, const void *data, size_t size)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char *hex = arena_alloc(a, 2 * SHA256_DIGEST_LENGTH + 1);
    SHA256(data, size, hash);
    for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    return hex;
}

struct message_type *types_message(const struct types *types, const char *full_name)
{
    size_t low = 0, high = types->nmessages;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(types->messages[middle]->c.name, full_name);
        if (order == 0)
            return types->messages[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct enum_type *types_enum(const struct types *types, const char *full_name)
{
    size_t low = 0, high = types->nenums;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(types->enums[middle]->c.name, full_name);
        if (order == 0)
            return types->enums[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const ProtobufCEnumValue *enum_value_of(const ProtobufCEnumDescriptor *e, int number)
{
    size_t low = 0, high = e->n_values;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (e->values[middle].value == number)
            return &e->values[middle];
        if (e->values[middle].value < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum status types_build(struct types *types, const struct descriptor_set *set, struct arena *a,
                        struct failure *f)
{
    *types = (struct types){.arena = a};
    TRY(types_declare(types, set, f));
    for (size_t i = 0; i < types->nenums; i++)
        TRY(types_values(types, types->enums[i], f));
    for (size_t i = 0; i < types->nmessages; i++) {
        TRY(types_fields(types, types->messages[i], f));
        types_layout(types->messages[i]);
    }
    for (size_t i = 0; i < types->nmessages; i++)
        types_shape(types->messages[i]);
    return STATUS_OK;
}
