#include "transforms/functions/config_parts.h"

#include <stdio.h>
#include <string.h>
#include "base/buffer.h"

enum status part_wrong(const struct part *p, const struct node *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    failv(p->failure, ERROR_CONFIG, format, args);
    va_end(args);
    return fail_in(p->failure, "%s:%d:%d", p->path, at->line, at->column);
}

static const char *kind_called(const struct node *n)
{
    if (n->kind == NODE_SCALAR)
        return node_is_null(n) ? "nothing" : "a single value";
    return n->kind == NODE_LIST ? "a list" : "a mapping";
}

enum status part_expect(const struct part *p, const struct node *n, enum node_kind kind,
                        const char *what)
{
    static const char *const wanted[] = {
        [NODE_SCALAR] = "a single value", [NODE_LIST] = "a list", [NODE_MAPPING] = "a mapping"};
    if (n->kind == kind && !node_is_null(n))
        return STATUS_OK;
    return part_wrong(p, n, "%s must be %s, not %s", what, wanted[kind], kind_called(n));
}

enum status part_text(const struct part *p, const struct node *n, const char *what,
                      const char **out)
{
    TRY(part_expect(p, n, NODE_SCALAR, what));
    *out = n->text;
    return STATUS_OK;
}

static enum status unknown_key(const struct part *p, const struct node *key, const char *what,
                               const char *const *keys)
{
    char list[256] = "";
    size_t at = 0;
    for (int i = 0; keys[i] && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", keys[i]);
    return part_wrong(p, key, "%s has no key \"%.80s\"; allowed: %s", what, key->text, list);
}

static int find_key(const char *const *keys, const char *name)
{
    for (int i = 0; keys[i]; i++) {
        if (strcmp(keys[i], name) == 0)
            return i;
    }
    return -1;
}

enum status part_keys(const struct part *p, const struct node *mapping, const char *what,
                      const char *const *keys, const struct node **given)
{
    TRY(part_expect(p, mapping, NODE_MAPPING, what));
    for (int i = 0; keys[i]; i++)
        given[i] = NULL;
    NODE_EACH(child, mapping)
    {
        int i = find_key(keys, child->key->text);
        if (i < 0)
            return unknown_key(p, child->key, what, keys);
        given[i] = child;
    }
    return STATUS_OK;
}

const char *part_path(const struct part *p, const char *path)
{
    const char *slash = strrchr(p->path, '/');
    if (*path == '/' || !slash)
        return path;
    return arena_format(p->arena, "%.*s/%s", (int)(slash - p->path), p->path, path);
}
