#include "config/form.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum status wrong(struct load *l, const struct node *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failv(l->failure, ERROR_CONFIG, format, args);
    va_end(args);
    return fail_in(l->failure, "%s:%d:%d", l->config->path, at->line, at->column);
}

static const char *kind_called(enum node_kind kind)
{
    return kind == NODE_SCALAR ? "a single value" : kind == NODE_LIST ? "a list" : "a mapping";
}

enum status expect(struct load *l, const struct node *n, enum node_kind kind, const char *what)
{
    if (n->kind == kind && !(kind == NODE_SCALAR && node_is_null(n)))
        return STATUS_OK;
    bool nothing = n->kind == NODE_SCALAR && node_is_null(n);
    return wrong(l, n, "%s must be %s, not %s", what, kind_called(kind),
                 nothing ? "nothing" : kind_called(n->kind));
}

/* ---- numbers with units ---- */

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit size_units[] = {
    {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}, {"B", 1}, {"", 1}, {NULL, 0},
};
static const struct unit time_units[] = {
    {"ms", 1}, {"s", SECONDS}, {"min", 60 * SECONDS}, {"h", HOURS}, {"d", 24 * HOURS}, {NULL, 0},
};

static bool unit_read(const char *text, const struct unit *units, int64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0)
        return false;
    while (*end == ' ')
        end++;
    for (const struct unit *u = units; u->name; u++) {
        if (strcmp(u->name, end) == 0)
            return !__builtin_mul_overflow((int64_t)n, u->factor, out);
    }
    return false;
}

bool size_read(const char *text, int64_t *bytes)
{
    return unit_read(text, size_units, bytes);
}

bool time_read(const char *text, int64_t *ms)
{
    return unit_read(text, time_units, ms);
}

static bool integer_read(const char *text, int64_t *out)
{
    static const struct unit none[] = {{"", 1}, {NULL, 0}};
    return unit_read(text, none, out);
}

/* A limit as the user would write it. */
static void add_amount(struct buffer *b, enum option_kind kind, int64_t v)
{
    const struct unit *units = kind == OPTION_SIZE ? size_units : time_units;
    const struct unit *best = NULL;
    for (const struct unit *u = units; kind != OPTION_INTEGER && u->name; u++) {
        if (v % u->factor == 0 && v >= u->factor && (!best || u->factor > best->factor))
            best = u;
    }
    buffer_add_int(b, best ? v / best->factor : v);
    if (best && *best->name)
        buffer_add_format(b, " %s", best->name);
}

enum status form_limits(struct load *l, const struct node *at, enum option_id id, int64_t value)
{
    const struct option *o = &options[id];
    if (value >= o->min && value <= o->max)
        return STATUS_OK;
    struct buffer b;
    buffer_init(&b, 256);
    add_amount(&b, o->kind, o->min);
    if (o->max != o->min) {
        buffer_add_text(&b, " to ");
        add_amount(&b, o->kind, o->max);
    }
    enum status status = wrong(l, at, "%s: %s is out of its limits, allowed: %s", o->name, at->text,
                               buffer_text(&b));
    buffer_free(&b);
    return status;
}

/* ---- one value ---- */

static bool choice_has(const char *form, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = form; at; at = strstr(at, " | ")) {
        at += at == form ? 0 : 3;
        if (size > 0 && strncmp(at, word, size) == 0 && (at[size] == 0 || at[size] == ' '))
            return true;
    }
    return false;
}

static enum status check_text(struct load *l, const struct node *n, const struct option *o)
{
    TRY(expect(l, n, NODE_SCALAR, o->name));
    size_t size = strlen(n->text);
    if ((int64_t)size < o->min)
        return wrong(l, n, "%s is empty", o->name);
    if ((int64_t)size > o->max)
        return wrong(l, n, "%s is longer than %lld bytes", o->name, (long long)o->max);
    return STATUS_OK;
}

static enum status check_number(struct load *l, const struct node *n, enum option_id id,
                                int64_t *out)
{
    const struct option *o = &options[id];
    TRY(expect(l, n, NODE_SCALAR, o->name));
    if (o->kind == OPTION_SIZE && !size_read(n->text, out))
        return wrong(l, n, "%s: \"%.40s\" is no size, allowed: a whole number with KiB, MiB or GiB",
                     o->name, n->text);
    if (o->kind == OPTION_TIME && !time_read(n->text, out))
        return wrong(l, n,
                     "%s: \"%.40s\" is no time, allowed: a whole number with ms, s, min, h or d",
                     o->name, n->text);
    if (o->kind == OPTION_INTEGER && !integer_read(n->text, out))
        return wrong(l, n, "%s: \"%.40s\" is no whole number", o->name, n->text);
    return form_limits(l, n, id, *out);
}

static enum status check_later(struct load *l, const struct node *n, const struct option *o)
{
    if (o->form && n->kind == NODE_SCALAR && strcmp(n->text, o->form) == 0)
        return STATUS_OK;
    if (o->form && n->kind == NODE_SCALAR)
        return wrong(l, n, "%s: %.40s is not there yet in this version, allowed: %s", o->name,
                     n->text, o->form);
    return wrong(l, n->key, "%s is not there yet in this version", o->name);
}

static enum status check_value(struct load *l, const struct node *n, enum option_id id,
                               struct form *f)
{
    const struct option *o = &options[id];
    switch (o->kind) {
    case OPTION_TEXT:
        f->text[id] = n->text;
        return check_text(l, n, o);
    case OPTION_CHOICE:
        f->text[id] = n->text;
        TRY(expect(l, n, NODE_SCALAR, o->name));
        if (!choice_has(o->form, n->text))
            return wrong(l, n, "%s: \"%.40s\" is none of the allowed: %s", o->name, n->text,
                         o->form);
        return STATUS_OK;
    case OPTION_INTEGER:
    case OPTION_SIZE:
    case OPTION_TIME:
        return check_number(l, n, id, &f->number[id]);
    case OPTION_MAPPING:
        return expect(l, n, NODE_MAPPING, o->name);
    case OPTION_LIST:
        return expect(l, n, NODE_LIST, o->name);
    case OPTION_LATER:
        return check_later(l, n, o);
    case OPTION_ANY:
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* ---- the mapping ---- */

static enum status unknown_key(struct load *l, enum scope scope, const struct node *key)
{
    const char *near = option_nearest(scope, key->text);
    struct buffer list;
    buffer_init(&list, 4096);
    options_list(scope, &list);
    enum status status =
        scope == SCOPE_ROLE && strstr(key->text, "pass") && !near
            ? wrong(l, key, "\"%.80s\": a password never stands in this file; allowed: %s",
                    key->text, buffer_text(&list))
            : wrong(l, key, "%s has no key \"%.80s\"%s%s%s; allowed: %s", scope_called(scope),
                    key->text, near ? " (did you mean \"" : "", near ? near : "",
                    near ? "\"?)" : "", buffer_text(&list));
    buffer_free(&list);
    return status;
}

static enum status read_keys(struct load *l, enum scope scope, const struct node *n, struct form *f)
{
    NODE_EACH(child, n)
    {
        int id = option_find(scope, child->key->text);
        if (id < 0)
            return unknown_key(l, scope, child->key);
        f->given[id] = child;
        TRY(check_value(l, child, (enum option_id)id, f));
    }
    return STATUS_OK;
}

static void fill_default(struct form *f, enum option_id id)
{
    const struct option *o = &options[id];
    if (!o->fallback || *o->fallback == '<')
        return;
    if (o->kind == OPTION_TEXT || o->kind == OPTION_CHOICE)
        f->text[id] = o->fallback;
    else if (o->kind == OPTION_SIZE)
        must(size_read(o->fallback, &f->number[id]));
    else if (o->kind == OPTION_TIME)
        must(time_read(o->fallback, &f->number[id]));
    else if (o->kind == OPTION_INTEGER)
        must(integer_read(o->fallback, &f->number[id]));
}

enum status form_read(struct load *l, enum scope scope, const struct node *n, struct form *out)
{
    memset(out, 0, sizeof *out);
    out->at = n;
    TRY(expect(l, n, NODE_MAPPING, scope_called(scope)));
    TRY(read_keys(l, scope, n, out));
    for (int id = 0; id < OPTIONS_COUNT; id++) {
        const struct option *o = &options[id];
        if (o->scope != scope || out->given[id])
            continue;
        if (option_required(o))
            return wrong(l, n, "%s needs `%s: %s` (%s)", scope_called(scope), o->name, o->form,
                         o->text);
        fill_default(out, (enum option_id)id);
    }
    return STATUS_OK;
}
