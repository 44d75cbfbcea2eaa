/* What events and writes share: SQL texts and lists of names. */
#include "config/parts.h"
#include <string.h>

/* A literal block (`sql: |`) begins in the line below its key's. */
struct sql_text sql_read(const struct node *n)
{
    if (!n)
        return (struct sql_text){0};
    bool block = n->line > n->key->line || (!n->plain && strchr(n->text, '\n'));
    return (struct sql_text){n->text, block && n->line == n->key->line ? n->line + 1 : n->line};
}

static bool has_name(const struct name_list *names, const char *name)
{
    for (int i = 0; i < names->n; i++) {
        if (strcmp(names->name[i], name) == 0)
            return true;
    }
    return false;
}

static enum status add_name(struct load *l, const struct node *n, const char *what,
                            struct name_list *out)
{
    TRY(expect(l, n, NODE_SCALAR, what));
    if (!*n->text)
        return wrong(l, n, "%s is empty", what);
    if (has_name(out, n->text))
        return wrong(l, n, "%s: %s is there twice", what, n->text);
    out->name[out->n++] = n->text;
    return STATUS_OK;
}

enum status names_read(struct load *l, const struct node *n, const char *what, struct name_list *out)
{
    *out = (struct name_list){0};
    if (!n)
        return STATUS_OK;
    if (n->kind != NODE_LIST) {
        out->name = arena_alloc(l->arena, sizeof *out->name);
        return add_name(l, n, what, out);
    }
    if (n->n == 0)
        return wrong(l, n, "%s names nothing", what);
    out->name = arena_alloc(l->arena, (size_t)n->n * sizeof *out->name);
    NODE_EACH(child, n)
        TRY(add_name(l, child, what, out));
    return STATUS_OK;
}
