#include "config/options.h"
#include "base/fail.h"
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

/* ---- misspelled names ---- */

enum { NAME_MAX = 32, FAR = 3 };

static int least(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance; names longer than ours are far. */
static int distance(const char *a, const char *b)
{
    int row[NAME_MAX + 1];
    int na = (int)strlen(a), nb = (int)strlen(b);
    if (na > NAME_MAX || nb > NAME_MAX)
        return FAR;
    for (int j = 0; j <= nb; j++)
        row[j] = j;
    for (int i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= nb; j++) {
            int above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[nb];
}

const char *option_nearest(enum scope scope, const char *name)
{
    const char *nearest = NULL;
    int best = FAR;
    for (int i = 0; i < OPTIONS_COUNT; i++) {
        if (options[i].scope != scope)
            continue;
        int d = distance(name, options[i].name);
        if (d < best && d < (int)strlen(options[i].name)) {
            best = d;
            nearest = options[i].name;
        }
    }
    return nearest;
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
