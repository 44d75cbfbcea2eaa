#include "config/options.h"
#include "base/fail.h"
#include "base/nearest.h"
#include "config/config.h"
#include <string.h>

const struct option options[OPTIONS_COUNT] = {
#define X(id, scope, name, kind, fallback, min, max, form, text)                                   \
    [id] = {scope, name, kind, fallback, min, max, form, text},
    OPTIONS(X)
#undef X
};

static const struct {
    const char *called, *title;
} scopes[SCOPES_COUNT] = {
#define X(scope, called, title) [scope] = {called, title},
    SCOPES(X)
#undef X
};

const char *scope_called(enum scope scope)
{
    return scopes[scope].called;
}

int option_find(enum scope scope, const char *name)
{
    for (int i = 0; i < OPTIONS_COUNT; i++) {
        if (options[i].scope == scope && strcmp(options[i].name, name) == 0)
            return i;
    }
    return -1;
}

bool option_required(const struct option *o)
{
    return o->fallback && strcmp(o->fallback, REQUIRED) == 0;
}

/* What differs in three letters, or in all that it has, was not meant. */
enum { FAR = 3 };

const char *option_nearest(enum scope scope, const char *name)
{
    struct nearest best = nearest_within(name, FAR, NEAREST_EXACT);
    for (int i = 0; i < OPTIONS_COUNT; i++) {
        const char *option = options[i].name;
        size_t size = strlen(option);
        if (options[i].scope != scope)
            continue;
        struct nearest n = nearest_within(name, size < best.distance ? size : best.distance,
                                          NEAREST_EXACT);
        nearest_offer(&n, option);
        if (n.name)
            best = n;
    }
    return best.name;
}

void options_list(enum scope scope, struct buffer *out)
{
    const char *comma = "";
    for (int i = 0; i < OPTIONS_COUNT; i++) {
        const struct option *o = &options[i];
        if (o->scope != scope || (o->kind == OPTION_LATER && !o->form))
            continue;
        buffer_add_text(out, comma);
        buffer_add_text(out, o->name);
        comma = ", ";
    }
}

/* ---- help and docs ---- */

static const char *form_of(const struct option *o)
{
    return o->form ? o->form : "not there yet";
}

static void add_fallback(struct buffer *out, const struct option *o)
{
    if (!o->fallback)
        return;
    size_t size = strlen(o->fallback);
    if (*o->fallback == '<' && o->fallback[size - 1] == '>')
        buffer_add(out, o->fallback + 1, size - 2);
    else
        buffer_add_text(out, o->fallback);
}

static void help_option(struct buffer *out, const struct option *o)
{
    buffer_add_format(out, "  %-16s %s\n", o->name, form_of(o));
    buffer_add_format(out, "  %-16s   %s", "", o->text);
    if (o->fallback) {
        buffer_add_text(out, option_required(o) ? " (" : " (default: ");
        add_fallback(out, o);
        buffer_add_text(out, ")");
    }
    buffer_add_text(out, "\n");
}

void config_help(struct buffer *out)
{
    for (int scope = 0; scope < SCOPES_COUNT; scope++) {
        buffer_add_format(out, "%s%s\n", scope ? "\n" : "", scopes[scope].title);
        for (int i = 0; i < OPTIONS_COUNT; i++) {
            if (options[i].scope == (enum scope)scope)
                help_option(out, &options[i]);
        }
    }
}

/* `|` would end the cell. */
static void add_cell(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buffer_add_char(out, '\\');
        buffer_add_char(out, *text);
    }
}

static void markdown_option(struct buffer *out, const struct option *o)
{
    buffer_add_format(out, "| `%s` | ", o->name);
    if (o->form)
        buffer_add_char(out, '`');
    add_cell(out, form_of(o));
    buffer_add_text(out, o->form ? "` | " : " | ");
    add_fallback(out, o);
    buffer_add_text(out, " | ");
    add_cell(out, o->text);
    buffer_add_text(out, " |\n");
}

void options_markdown(struct buffer *out)
{
    for (int scope = 0; scope < SCOPES_COUNT; scope++) {
        buffer_add_format(out, "### %s\n\n", scopes[scope].title);
        buffer_add_text(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
        for (int i = 0; i < OPTIONS_COUNT; i++) {
            if (options[i].scope == (enum scope)scope)
                markdown_option(out, &options[i]);
        }
        buffer_add_text(out, "\n");
    }
}
