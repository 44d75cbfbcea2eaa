#include "transforms/vocabulary/envelope_parts.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/wire.h"

enum { ID_BYTES = 16, STATE_BYTES_MAX = 64 };

const char *const envelope_op_words[] = {
    [EVENT_CREATED] = "created", [EVENT_CHANGED] = "changed", [EVENT_GONE] = "gone"};
const char *const envelope_row_ops[] = {
    [EVENT_CREATED] = "CREATE", [EVENT_CHANGED] = "UPDATE", [EVENT_GONE] = "DELETE"};

/* ---- id ---- */

static void add_part(struct buffer *b, const char *text)
{
    size_t size = text ? strlen(text) : 0;
    buffer_add_u32be(b, (uint32_t)size);
    buffer_add(b, text, size);
}

const char *envelope_id(const struct event_origin *origin, struct arena *a)
{
    struct buffer b;
    unsigned char hash[SHA256_DIGEST_LENGTH];
    buffer_init(&b, WIRE_BYTES_MAX);
    add_part(&b, origin->source);
    add_part(&b, origin->position);
    buffer_add_u64be(&b, origin->index);
    add_part(&b, origin->mapping);
    SHA256((const unsigned char *)b.data, b.size, hash);
    buffer_clear(&b);
    value_add_hex(&b, (const char *)hash, ID_BYTES);
    const char *id = arena_copy(a, b.data, b.size);
    buffer_free(&b);
    return id;
}

/* ---- verb ---- */

enum { VERB_SETS = 3 };

const char *envelope_verb(const ProtobufCMessageDescriptor *type, enum event_op op)
{
    static const struct {
        const char *type; /* NULL: all others */
        const char *verbs[3];
    } sets[VERB_SETS] = {
        {"isa95.v1.OperationsRequest", {"PROCESS", "CHANGE", "CANCEL"}},
        {"isa95.v1.OperationsEvent", {"NOTIFY", "NOTIFY", "NOTIFY"}},
        {NULL, {"SYNC_ADD", "SYNC_CHANGE", "SYNC_DELETE"}},
    };
    int i = 0;
    while (sets[i].type && strcmp(sets[i].type, type->name) != 0)
        i++;
    return sets[i].verbs[op];
}

/* ---- state ---- */

static bool find_state(const ProtobufCMessageDescriptor *type, struct field_path *out)
{
    static const char *const names[] = {"request_state", "dispatch_status", "job_state",
                                        "response_state"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (path_find(type, names[i], out) && out->kind == FIELD_STRING)
            return true;
    return false;
}

static enum status read_state(const ProtobufCMessage *m, const char **out,
                              const struct field_context *c)
{
    struct field_path path;
    struct value v = value_null();
    if (m && find_state(m->descriptor, &path))
        TRY(field_get(m, &path, &v, c));
    *out = v.kind == VALUE_TEXT ? arena_copy(c->arena, v.text, v.size) : NULL;
    return STATUS_OK;
}

/* "In-Process" -> "in_process"; NULL where it is no code of plain letters. */
static const char *state_word(const char *state, struct arena *a)
{
    char *word = arena_strdup(a, state);
    for (char *p = word; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        if (!isalnum(ch) && !strchr(" -_", ch))
            return NULL;
        *p = (char)(isalnum(ch) ? tolower(ch) : '_');
    }
    return *word && strlen(word) <= STATE_BYTES_MAX ? word : NULL;
}

enum status envelope_set_state(struct envelope *e, const struct field_context *c)
{
    const char *word = NULL;
    TRY(read_state(e->before, &e->from_state, c));
    TRY(read_state(e->after, &e->to_state, c));
    if (e->to_state && e->from_state && strcmp(e->to_state, e->from_state) == 0)
        e->to_state = NULL;
    if (e->to_state)
        word = state_word(e->to_state, c->arena);
    else
        e->from_state = NULL;
    e->type = arena_format(c->arena, "%s.%s", envelope_object(e)->descriptor->name,
                           word ? word : envelope_op_words[e->op]);
    return STATUS_OK;
}

/* ---- changed fields ---- */

/* All that a packed message holds of one field: fields lie by number, so it is in one piece. */
struct piece {
    uint32_t number; /* UINT32_MAX: at the end */
    const uint8_t *at;
    size_t size;
};

static struct piece next_piece(struct reader *r)
{
    struct wire_field w;
    struct piece p = {UINT32_MAX, r->at, 0};
    struct reader ahead = *r;
    while (wire_next(&ahead, &w) && (p.number == UINT32_MAX || p.number == w.number)) {
        p.number = w.number;
        p.size += w.size;
        *r = ahead;
    }
    return p;
}

static void compare(struct envelope *e, struct reader before, struct reader after, uint32_t *out)
{
    struct piece a = next_piece(&before), b = next_piece(&after);
    e->changed = out;
    while (a.number != UINT32_MAX || b.number != UINT32_MAX) {
        uint32_t number = a.number < b.number ? a.number : b.number;
        bool same = a.number == b.number && a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
        if (!same)
            out[e->nchanged++] = number;
        if (a.number == number)
            a = next_piece(&before);
        if (b.number == number)
            b = next_piece(&after);
    }
}

enum status envelope_set_changed(struct envelope *e, const struct field_context *c)
{
    const uint8_t *before, *after;
    size_t nbefore, nafter;
    if (!e->before || !e->after)
        return STATUS_OK;
    TRY(message_pack(e->before, c->arena, &before, &nbefore, c->failure));
    TRY(message_pack(e->after, c->arena, &after, &nafter, c->failure));
    size_t room =
        e->before->descriptor->n_fields + e->before->n_unknown_fields + e->after->n_unknown_fields;
    compare(e, reader_of(before, nbefore), reader_of(after, nafter),
            arena_alloc(c->arena, room * sizeof *e->changed));
    return STATUS_OK;
}
