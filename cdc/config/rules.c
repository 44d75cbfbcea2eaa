/* What no single link can know: names that are given once, tables that go one way once. */
#include "config/parts.h"
#include <string.h>

static enum status check_names(struct load *l, const struct node *at, const struct link_config *a,
                               const struct link_config *b)
{
    if (strcmp(a->name, b->name) == 0)
        return wrong(l, at,
                     "there are two links %s (the other in line %d): give one another `name`",
                     b->name, a->line);
    if ((a->was && strcmp(a->was, b->name) == 0) || (b->was && strcmp(b->was, a->name) == 0))
        return wrong(l, at, "was: %s, but that is the name of a link of today",
                     a->was && strcmp(a->was, b->name) == 0 ? a->was : b->was);
    if (a->was && b->was && strcmp(a->was, b->was) == 0)
        return wrong(l, at, "two links cannot both have been %s", b->was);
    return STATUS_OK;
}

static enum status check_source_use(struct load *l, const struct node *at,
                                    const struct link_config *a, const struct link_config *b)
{
    if (a->from != b->from)
        return STATUS_OK;
    if (a->slot && b->slot && strcmp(a->slot, b->slot) == 0)
        return wrong(l, at, "links %s and %s would share the slot %s: give one another `slot`",
                     a->name, b->name, b->slot);
    if (a->server_id && a->server_id == b->server_id)
        return wrong(l, at, "links %s and %s would share server_id %u: give one another", a->name,
                     b->name, b->server_id);
    return STATUS_OK;
}

/* ---- one table, one way ---- */

static bool is_excluded_pattern(const struct link_config *l, const struct flow *f)
{
    char name[NAME_BYTES_MAX * 2 + 2];
    strcpy(stpcpy(stpcpy(name, f->source_schema), "."), f->source_table);
    for (int i = 0; !l->exclude_targets && i < l->nexclude; i++) {
        if (pattern_covers(l->exclude[i], name))
            return true;
    }
    return false;
}

/* The flow of `a` that takes what `y` of `b` takes, or NULL. */
static const struct flow *other_way(const struct link_config *a, const struct link_config *b,
                                    const struct flow *y)
{
    if (!y->pattern)
        return link_flow(a, y->source_schema, y->source_table, NULL, NULL, NULL);
    for (int i = 0; i < a->nflows; i++) {
        const struct flow *x = &a->flows[i];
        bool meet = x->pattern
                        ? patterns_meet(x->source_schema, y->source_schema) &&
                              patterns_meet(x->source_table, y->source_table) &&
                              !is_excluded_pattern(a, y) && !is_excluded_pattern(b, x)
                        : link_flow(b, x->source_schema, x->source_table, NULL, NULL, NULL) == y;
        if (meet)
            return x;
    }
    return NULL;
}

static enum status check_tables(struct load *l, const struct node *at, const struct link_config *a,
                                const struct link_config *b)
{
    if (a->from != b->from || a->to != b->to)
        return STATUS_OK;
    for (int i = 0; i < b->nflows; i++) {
        const struct flow *y = &b->flows[i], *x = other_way(a, b, y);
        if (x)
            return wrong(l, at,
                         "%s.%s (line %d) would go from %s to %s twice: link %s takes it with "
                         "%s.%s (line %d); leave it out or `exclude` it",
                         y->source_schema, y->source_table, y->line, b->from->name, b->to->name,
                         a->name, x->source_schema, x->source_table, x->line);
    }
    return STATUS_OK;
}

enum status config_rules_check(struct load *l, const struct node *const *at)
{
    const struct config *c = l->config;
    for (int k = 1; k < c->nlinks; k++) {
        for (int i = 0; i < k; i++) {
            TRY(check_names(l, at[k], &c->links[i], &c->links[k]));
            TRY(check_source_use(l, at[k], &c->links[i], &c->links[k]));
            TRY(check_tables(l, at[k], &c->links[i], &c->links[k]));
        }
    }
    return STATUS_OK;
}
