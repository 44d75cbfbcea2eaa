#include "events/kept.h"

#include <string.h>
#include "model/value_code.h"

enum { ROWS = 'r', TOLD = 't', STATED = 's', FIRST_NAMES = 64 };

/* ---- out ---- */

/* The kinds that SQLite has. */
static bool is_of_object(enum value_kind kind)
{
    return kind == VALUE_NULL || kind == VALUE_INT || kind == VALUE_DOUBLE || kind == VALUE_TEXT ||
           kind == VALUE_BYTES;
}

static void write_value(struct buffer *out, const struct value *v)
{
    must(is_of_object((enum value_kind)v->kind));
    value_code_add(out, v);
}

static void write_fields(struct buffer *out, const struct object *o)
{
    value_code_number(out, o->nfields, 4);
    for (uint32_t i = 0; i < o->nfields; i++) {
        value_code_text(out, o->fields[i].name, strlen(o->fields[i].name));
        write_value(out, &o->fields[i].value);
    }
}

static void write_object(struct buffer *out, const struct object *o)
{
    value_code_number(out, o != NULL, 1);
    if (!o)
        return;
    write_fields(out, o);
    value_code_number(out, o->nlists, 4);
    for (uint32_t i = 0; i < o->nlists; i++) {
        value_code_text(out, o->lists[i].name, strlen(o->lists[i].name));
        value_code_number(out, o->lists[i].nelements, 4);
        for (uint32_t k = 0; k < o->lists[i].nelements; k++)
            write_fields(out, &o->lists[i].elements[k]);
    }
}

static void write_head(char what, const char *name, struct buffer *out)
{
    value_code_number(out, 0, 1);
    buffer_add_char(out, what);
    value_code_text(out, name, strlen(name));
}

void kept_write_rows(const char *name, const struct value *rows, struct buffer *out)
{
    write_head(ROWS, name, out);
    buffer_add(out, rows->text, rows->size);
}

void kept_write_told(const char *name, const struct object *told, struct buffer *out)
{
    write_head(TOLD, name, out);
    write_object(out, told);
}

void kept_write_stated(const struct event *stated, struct buffer *out)
{
    write_head(STATED, stated->name, out);
    value_code_number(out, stated->op, 1);
    write_object(out, stated->before);
    write_object(out, stated->after);
}

/* ---- names ---- */

static void make_room(struct kept_names *all)
{
    if (all->n < all->capacity)
        return;
    all->capacity = all->capacity ? 2 * all->capacity : FIRST_NAMES;
    const char **at = arena_alloc(all->arena, all->capacity * sizeof *at);
    if (all->n)
        memcpy(at, all->at, all->n * sizeof *at);
    all->at = at;
}

static const char *intern(struct kept_names *all, const char *name, size_t size)
{
    for (uint32_t i = 0; i < all->n; i++)
        if (strlen(all->at[i]) == size && memcmp(all->at[i], name, size) == 0)
            return all->at[i];
    make_room(all);
    return all->at[all->n++] = arena_copy(all->arena, name, size);
}

/* ---- in ---- */

struct source {
    struct reader in;
    struct kept_names *names;
    struct arena *a;
};

static const char *read_name(struct source *s)
{
    uint32_t size;
    const char *at = value_code_read_text(&s->in, &size);
    return s->in.overrun ? "" : intern(s->names, at, size);
}

static struct value read_value(struct reader *r)
{
    struct value v;
    if (value_code_read(r, &v) && is_of_object((enum value_kind)v.kind))
        return v;
    r->overrun = true;
    return value_null();
}

/* Each thing that is counted has a byte at least. */
static uint32_t read_count(struct reader *r)
{
    uint32_t n = (uint32_t)read_le(r, 4);
    if (n <= reader_left(r))
        return n;
    r->overrun = true;
    return 0;
}

static struct object read_fields(struct source *s)
{
    uint32_t n = read_count(&s->in);
    struct object_field *fields = arena_zalloc(s->a, ((size_t)n + 1) * sizeof *fields);
    for (uint32_t i = 0; i < n && !s->in.overrun; i++) {
        fields[i].name = read_name(s);
        fields[i].value = read_value(&s->in);
    }
    return (struct object){.fields = fields, .nfields = n};
}

static struct object_list read_list(struct source *s)
{
    const char *name = read_name(s);
    uint32_t n = read_count(&s->in);
    struct object *elements = arena_zalloc(s->a, ((size_t)n + 1) * sizeof *elements);
    for (uint32_t i = 0; i < n && !s->in.overrun; i++)
        elements[i] = read_fields(s);
    return (struct object_list){name, elements, n};
}

static const struct object *read_object(struct source *s)
{
    if (!read_u8(&s->in))
        return NULL;
    struct object *o = arena_alloc(s->a, sizeof *o);
    *o = read_fields(s);
    o->nlists = read_count(&s->in);
    struct object_list *lists = arena_zalloc(s->a, ((size_t)o->nlists + 1) * sizeof *lists);
    for (uint32_t i = 0; i < o->nlists && !s->in.overrun; i++)
        lists[i] = read_list(s);
    o->lists = lists;
    return o;
}

static bool has_its_objects(const struct event *e)
{
    return (e->op == EVENT_CREATED || e->before) && (e->op == EVENT_GONE || e->after);
}

static void read_stated(struct source *s, struct kept *out)
{
    out->stated.name = out->name;
    out->stated.op = (enum event_op)read_u8(&s->in);
    out->stated.before = read_object(s);
    out->stated.after = read_object(s);
    if (out->stated.op > EVENT_GONE || !has_its_objects(&out->stated))
        s->in.overrun = true;
}

bool kept_is(const void *bytes, size_t size)
{
    return size > 0 && *(const uint8_t *)bytes == 0;
}

static void read_one(struct source *s, uint8_t what, struct kept *out)
{
    if (what == ROWS) {
        out->kind = KEPT_ROWS;
        out->rows = value_text(VALUE_BYTES, (const char *)s->in.at, reader_left(&s->in));
        return;
    }
    out->kind = what == TOLD ? KEPT_TOLD : KEPT_STATED;
    if (what == TOLD)
        out->told = read_object(s);
    else
        read_stated(s, out);
    if (reader_left(&s->in) > 0 || (what != TOLD && what != STATED))
        s->in.overrun = true;
}

enum status kept_read(const void *bytes, size_t size, struct kept_names *names, struct arena *a,
                      struct kept *out, struct failure *f)
{
    struct source s = {reader_of(bytes, size), names, a};
    *out = (struct kept){0};
    uint8_t zero = read_u8(&s.in), what = read_u8(&s.in);
    out->name = read_name(&s);
    read_one(&s, what, out);
    if (!s.in.overrun && zero == 0)
        return STATUS_OK;
    return fail(f, ERROR_VALUE, "what was kept of it cannot be read: it was written by another "
                                "build, or changed by hand");
}
