/* ward_keys.c: keys as text, and which of them are held. */
#include "sinks/ward_parts.h"

#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "model/number_text.h"

enum { KEY_COLUMNS_MAX = 64 };

/* ---- as text ---- */

/* A comma ends a value, an equals sign a name; what is no text for every database is spelled. */
static void add_escaped(struct buffer *b, const char *text, size_t size)
{
    for (size_t i = 0, n; i < size; i += n ? n : 1) {
        unsigned char c = (unsigned char)text[i];
        n = utf8_character(text + i, size - i);
        if (n == 0 || c < 0x20 || c == 0x7f)
            buffer_add_format(b, "\\x%02x", c);
        else if (c == '\\' || c == ',' || c == '=')
            buffer_add_format(b, "\\%c", c);
        else
            buffer_add(b, text + i, n);
    }
}

/* 1.00 and 1 are one key, and so are 0.0 and -0.0. */
static void add_value(struct buffer *b, const struct value *v)
{
    struct value plain = *v;
    if ((v->kind == VALUE_FLOAT || v->kind == VALUE_DOUBLE) && v->d == 0)
        plain.d = 0;
    if (value_add_plain(b, &plain))
        return;
    switch ((enum value_kind)v->kind) {
    case VALUE_DECIMAL:
        if (!number_text_canonical(v->text, v->size, b)) /* kept, and changed by hand */
            add_escaped(b, v->text, v->size);
        break;
    case VALUE_TEXT:
    case VALUE_JSON:
    case VALUE_ODD:
        add_escaped(b, v->text, v->size);
        break;
    case VALUE_BYTES:
        buffer_add_text(b, "0x");
        value_add_hex(b, v->text, v->size);
        break;
    case VALUE_UUID:
        value_add_uuid(b, v->text);
        break;
    case VALUE_INSTANT:
        value_add_datetime(b, v->i);
        break;
    default: /* NULL, or not there */
        buffer_add_text(b, "\\N");
        break;
    }
}

/* The key's columns in the order of their names: the catalog and the log may list them otherwise. */
static int sort_key(const struct relation *r, int sorted[KEY_COLUMNS_MAX])
{
    int n = r->nkey < KEY_COLUMNS_MAX ? r->nkey : KEY_COLUMNS_MAX;
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0 && strcmp(r->columns[sorted[at - 1]].name, r->columns[r->key[i]].name) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = r->key[i];
    }
    return n;
}

const char *ward_key(const struct relation *r, const struct value *row,
                     const struct value *otherwise, struct buffer *scratch, struct arena *a)
{
    int sorted[KEY_COLUMNS_MAX], n = sort_key(r, sorted);
    buffer_clear(scratch);
    for (int i = 0; i < n; i++) {
        const char *name = r->columns[sorted[i]].name;
        const struct value *v = &row[sorted[i]];
        if (v->kind == VALUE_ABSENT && otherwise)
            v = &otherwise[sorted[i]];
        if (i > 0)
            buffer_add_char(scratch, ',');
        add_escaped(scratch, name, strlen(name));
        buffer_add_char(scratch, '=');
        add_value(scratch, v);
    }
    return arena_copy(a, scratch->data, scratch->size);
}

/* The byte after the part that `end` ends, or the text's end. */
static const char *skip_part(const char *at, char end)
{
    for (; *at && *at != end; at++)
        if (*at == '\\' && at[1])
            at++;
    return at;
}

bool ward_key_is_of(const char *key, const struct relation *r)
{
    int sorted[KEY_COLUMNS_MAX], n = sort_key(r, sorted), i = 0;
    struct buffer name;
    bool same = true;
    buffer_init(&name, 4096);
    for (const char *at = key; *at && same; i++) {
        const char *end = skip_part(at, '=');
        buffer_clear(&name);
        if (i < n)
            add_escaped(&name, r->columns[sorted[i]].name, strlen(r->columns[sorted[i]].name));
        same = i < n && name.size == (size_t)(end - at) && memcmp(name.data, at, name.size) == 0;
        at = skip_part(end, ',');
        at += *at == ',';
    }
    buffer_free(&name);
    return same && i == n;
}

/* ---- tables ---- */

static bool names(const char *flow, const struct relation *r)
{
    size_t size = strlen(r->schema);
    return strncmp(flow, r->schema, size) == 0 && flow[size] == '.' &&
           strcmp(flow + size + 1, r->name) == 0;
}

struct ward_table *ward_table_of(struct ward *w, const struct relation *r)
{
    if (w->met == r)
        return w->met_table;
    struct ward_table *t = w->tables;
    while (t && !names(t->flow, r))
        t = t->next;
    w->met = r;
    w->met_table = t;
    return t;
}

struct ward_table *ward_table_named(struct ward *w, const char *flow)
{
    for (struct ward_table *t = w->tables; t; t = t->next)
        if (strcmp(t->flow, flow) == 0)
            return t;
    struct ward_table *t = calloc(1, sizeof *t);
    must(t);
    t->flow = strdup(flow);
    must(t->flow);
    t->keys = held_keys_new();
    t->number = w->ntables++;
    t->next = w->tables;
    w->tables = t;
    w->met = NULL;
    return t;
}

void ward_tables_free(struct ward *w)
{
    struct ward_table *t;
    while ((t = w->tables)) {
        w->tables = t->next;
        held_keys_free(t->keys);
        free(t->flow);
        free(t->sample);
        free(t);
    }
    w->ntables = 0;
    w->references = 0;
    w->met = NULL;
}

/* ---- keys ---- */

static void count(struct ward *w, struct ward_table *t, int64_t by)
{
    t->references += by;
    w->references += by;
    if (t->references > 0)
        return;
    free(t->sample);
    t->sample = NULL;
    t->same_key = NULL;
}

void ward_keys_add(struct ward *w, struct ward_table *t, const char *key, const char *old_key)
{
    if (!t->sample) {
        t->sample = strdup(key);
        must(t->sample);
    }
    held_keys_add(t->keys, 0, key);
    if (old_key)
        held_keys_add(t->keys, 0, old_key);
    count(w, t, old_key ? 2 : 1);
}

void ward_keys_remove(struct ward *w, struct ward_table *t, const char *key, const char *old_key)
{
    held_keys_remove(t->keys, 0, key);
    if (old_key)
        held_keys_remove(t->keys, 0, old_key);
    count(w, t, old_key ? -2 : -1);
}

void ward_keys_clear(struct ward *w, struct ward_table *t)
{
    held_keys_clear(t->keys);
    count(w, t, -t->references);
}
