/* `tables:` and `exclude:`: what a link maps, and the same seen from a pair's other side. */
#include "config/parts.h"
#include <string.h>

/* "schema.table" -> its parts, at the first point. */
static enum status split_name(struct load *l, const struct node *at, const char **schema,
                              const char **table)
{
    const char *point = strchr(at->text, '.');
    const char *end = at->text + strlen(at->text);
    if (!point || point == at->text || point + 1 == end || strchr(point + 1, '.'))
        return wrong(l, at,
                     "\"%.80s\" must be SCHEMA.TABLE (on MySQL and MariaDB: DATABASE.TABLE), with "
                     "one point",
                     at->text);
    if (point - at->text > NAME_BYTES_MAX || end - point - 1 > NAME_BYTES_MAX)
        return wrong(l, at, "a name in \"%.60s...\" is longer than %d bytes", at->text,
                     NAME_BYTES_MAX);
    *schema = arena_copy(l->arena, at->text, (size_t)(point - at->text));
    *table = point + 1;
    return STATUS_OK;
}

/* ---- patterns ---- */

/* What a `*` took at the source stands for the `*` at the target: each has one, or none. */
static enum status check_pattern_part(struct load *l, const struct node *at, const char *source,
                                      const char *target)
{
    const char *star = strchr(target, '*');
    if (strchr(target, '?') || (star && strchr(star + 1, '*')))
        return wrong(l, at, "\"%s\": a target has one * at most, and no ?", target);
    if (star && !strchr(source, '*'))
        return wrong(l, at, "\"%s\": there is no * in \"%s\" that it could take over", target,
                     source);
    if (!star && pattern_is(source))
        return wrong(l, at,
                     "\"%s\" is a pattern, so \"%s\" needs a *: the tables that it matches "
                     "would all become one",
                     source, target);
    return STATUS_OK;
}

/* Back from the target's name only the text of one `*` is known. */
static enum status check_pair_part(struct load *l, const struct node *at, const char *source)
{
    const char *star = strchr(source, '*');
    if (strchr(source, '?') || (star && strchr(star + 1, '*')))
        return wrong(l, at,
                     "\"%s\": in a pair a pattern has one * at most, and no ?: else the way "
                     "back is not clear",
                     source);
    return STATUS_OK;
}

static enum status check_pattern(struct load *l, const struct node *at, bool pair,
                                 const struct flow *f)
{
    TRY(check_pattern_part(l, at, f->source_schema, f->target_schema));
    TRY(check_pattern_part(l, at, f->source_table, f->target_table));
    if (!pair)
        return STATUS_OK;
    TRY(check_pair_part(l, at->key, f->source_schema));
    return check_pair_part(l, at->key, f->source_table);
}

static enum status refuse_own_schema(struct load *l, const struct node *at, const struct flow *f)
{
    if (strcmp(f->source_schema, "millrace") == 0 || strcmp(f->target_schema, "millrace") == 0)
        return wrong(l, at, "millrace is Millrace's own schema: its tables are not replicated");
    return STATUS_OK;
}

/* ---- the mapping form ---- */

static enum status read_column(struct load *l, const struct node *n, const char *what)
{
    TRY(expect(l, n, NODE_SCALAR, what));
    return *n->text ? STATUS_OK : wrong(l, n, "%s is empty", what);
}

static enum status read_renames(struct load *l, const struct node *columns, struct flow *f)
{
    f->renames = arena_zalloc(l->arena, (size_t)columns->n * sizeof *f->renames);
    NODE_EACH(n, columns)
    {
        TRY(read_column(l, n, "a column's name at the target"));
        for (int i = 0; i < f->nrenames; i++) {
            if (strcmp(f->renames[i].to, n->text) == 0)
                return wrong(l, n, "two columns cannot both become %s", n->text);
        }
        f->renames[f->nrenames++] = (struct rename){n->key->text, n->text};
    }
    return STATUS_OK;
}

static bool is_renamed(const struct flow *f, const char *column)
{
    for (int i = 0; i < f->nrenames; i++) {
        if (strcmp(f->renames[i].from, column) == 0)
            return true;
    }
    return false;
}

static enum status read_drop(struct load *l, const struct node *drop, struct flow *f)
{
    f->drop = arena_zalloc(l->arena, (size_t)drop->n * sizeof *f->drop);
    NODE_EACH(n, drop)
    {
        TRY(read_column(l, n, "a column to drop"));
        if (is_renamed(f, n->text))
            return wrong(l, n, "%s is in columns and in drop: one of them", n->text);
        for (int i = 0; i < f->ndrop; i++) {
            if (strcmp(f->drop[i], n->text) == 0)
                return wrong(l, n, "%s is dropped twice", n->text);
        }
        f->drop[f->ndrop++] = n->text;
    }
    return STATUS_OK;
}

static enum status read_constants(struct load *l, const struct node *constants, struct flow *f)
{
    f->constants = arena_zalloc(l->arena, (size_t)constants->n * sizeof *f->constants);
    NODE_EACH(n, constants)
    {
        if (n->kind != NODE_SCALAR)
            return wrong(l, n, "the constant for %s must be a single value", n->key->text);
        for (int i = 0; i < f->nrenames; i++) {
            if (strcmp(f->renames[i].to, n->key->text) == 0)
                return wrong(l, n->key, "%s gets a constant and the column %s: one of them",
                             n->key->text, f->renames[i].from);
        }
        f->constants[f->nconstants++] =
            (struct constant){n->key->text, node_is_null(n) ? NULL : n->text};
    }
    return STATUS_OK;
}

/* Dropped one way, a column's value would be missing on the way back. */
static enum status refuse_in_pair(struct load *l, const struct node *n)
{
    if (!n)
        return STATUS_OK;
    return wrong(l, n->key,
                 "%s has no way back: in a pair every column goes both ways; write two "
                 "links (name, from, to) in place of `between`",
                 n->key->text);
}

static enum status read_details(struct load *l, const struct form *form, bool pair, struct flow *f)
{
    const struct node *columns = form->given[TABLE_COLUMNS];
    const struct node *drop = form->given[TABLE_DROP];
    const struct node *constants = form->given[TABLE_CONSTANTS];
    if (pair) {
        TRY(refuse_in_pair(l, drop));
        TRY(refuse_in_pair(l, constants));
    }
    if (columns)
        TRY(read_renames(l, columns, f));
    if (drop)
        TRY(read_drop(l, drop, f));
    return constants ? read_constants(l, constants, f) : STATUS_OK;
}

/* ---- a line of `tables:` ---- */

static enum status read_flow(struct load *l, const struct node *n, bool pair, struct flow *f)
{
    struct form form = {0};
    struct node to = *n;
    f->line = n->key->line;
    TRY(split_name(l, n->key, &f->source_schema, &f->source_table));
    if (n->kind == NODE_MAPPING) {
        TRY(form_read(l, SCOPE_TABLE, n, &form));
        to = *form.given[TABLE_TO];
        to.key = n->key;
    }
    TRY(expect(l, &to, NODE_SCALAR, "the target table"));
    TRY(split_name(l, &to, &f->target_schema, &f->target_table));
    f->pattern = pattern_is(f->source_schema) || pattern_is(f->source_table);
    TRY(check_pattern(l, &to, pair, f));
    TRY(refuse_own_schema(l, n->key, f));
    return read_details(l, &form, pair, f);
}

enum status flows_read(struct load *l, const struct node *tables, bool pair,
                       struct link_config *link)
{
    if (tables->n == 0)
        return wrong(l, tables, "tables names no table");
    link->flows = arena_zalloc(l->arena, (size_t)tables->n * sizeof *link->flows);
    NODE_EACH(n, tables)
    {
        TRY(read_flow(l, n, pair, &link->flows[link->nflows]));
        link->nflows++;
    }
    return STATUS_OK;
}

enum status exclude_read(struct load *l, const struct node *exclude, struct link_config *link)
{
    const char *schema, *table;
    link->exclude = arena_zalloc(l->arena, (size_t)exclude->n * sizeof *link->exclude);
    NODE_EACH(n, exclude)
    {
        TRY(expect(l, n, NODE_SCALAR, "an excluded table"));
        TRY(split_name(l, n, &schema, &table));
        link->exclude[link->nexclude++] = n->text;
    }
    return STATUS_OK;
}

/* ---- the way back ---- */

static void turn_renames(struct load *l, const struct flow *forth, struct flow *back)
{
    back->renames = arena_alloc(l->arena, (size_t)forth->nrenames * sizeof *back->renames);
    back->nrenames = forth->nrenames;
    for (int i = 0; i < forth->nrenames; i++)
        back->renames[i] = (struct rename){forth->renames[i].to, forth->renames[i].from};
}

static enum status check_way_back(struct load *l, const struct node *n,
                                  const struct link_config *back)
{
    const struct flow *f = &back->flows[back->nflows];
    for (int i = 0; i < back->nflows; i++) {
        const struct flow *other = &back->flows[i];
        if (strcmp(f->source_schema, other->source_schema) == 0 &&
            strcmp(f->source_table, other->source_table) == 0)
            return wrong(l, n,
                         "%s.%s is the other side of two tables (the first in line %d): in a pair "
                         "it can be that of one",
                         f->source_schema, f->source_table, other->line);
    }
    return STATUS_OK;
}

enum status flows_turn(struct load *l, const struct node *tables, const struct link_config *forth,
                       struct link_config *back)
{
    back->flows = arena_zalloc(l->arena, (size_t)forth->nflows * sizeof *back->flows);
    back->nflows = 0;
    NODE_EACH(n, tables)
    {
        const struct flow *f = &forth->flows[back->nflows];
        struct flow *b = &back->flows[back->nflows];
        *b = (struct flow){.source_schema = f->target_schema,
                           .source_table = f->target_table,
                           .target_schema = f->source_schema,
                           .target_table = f->source_table,
                           .pattern = f->pattern,
                           .line = f->line};
        turn_renames(l, f, b);
        TRY(check_way_back(l, n, back));
        back->nflows++;
    }
    back->exclude_targets = true;
    return STATUS_OK;
}
