/* Which link is meant: the one that is named, or the only one that reads the table. */
#include <string.h>
#include <strings.h>
#include "base/nearest.h"
#include "link/explain_parts.h"

static const char *without_schema(const char *table)
{
    const char *point = strchr(table, '.');
    return point ? point + 1 : table;
}

bool explain_names(const char *wanted, const struct table_name *table)
{
    const char *point = strchr(wanted, '.');
    if (!point)
        return strcmp(wanted, table->name) == 0;
    size_t n = (size_t)(point - wanted);
    return strlen(table->schema) == n && strncmp(wanted, table->schema, n) == 0 &&
           strcmp(point + 1, table->name) == 0;
}

static bool names(const struct event_config *e, const char *table)
{
    bool any = strcmp(e->of, table) == 0;
    for (int i = 0; i < e->ntouched_by && !any; i++)
        any = strcmp(e->touched_by[i].table, table) == 0;
    for (int i = 0; i < e->looks_up.n && !any; i++)
        any = strcmp(e->looks_up.name[i], table) == 0;
    return any;
}

static bool carries(const struct link_config *lc, const struct event_config *e)
{
    for (int i = 0; i < lc->nevent_flows; i++)
        if (event_flow_takes(&lc->event_flows[i], e->name, e->type))
            return e->from == lc->from;
    return false;
}

/* Of a link of tables: where the table is looked for when its schema is not said. */
static const char *schema_of(const struct link_config *lc)
{
    const struct endpoint *e = &lc->from->capture;
    return e->engine == ENGINE_POSTGRES ? "public" : e->database;
}

static bool maps(const struct link_config *lc, const char *table)
{
    struct arena a;
    arena_init(&a);
    const char *schema = schema_of(lc), *point = strchr(table, '.');
    if (point)
        schema = arena_copy(&a, table, (size_t)(point - table));
    bool any = schema && link_flow(lc, schema, without_schema(table), NULL, NULL, NULL) != NULL;
    arena_free(&a);
    return any;
}

static bool reads(const struct config *c, const struct link_config *lc, const char *table)
{
    for (int i = 0; i < c->nevents; i++)
        if (carries(lc, &c->events[i]) && names(&c->events[i], without_schema(table)))
            return true;
    return lc->nevent_flows == 0 && maps(lc, table);
}

static enum status named(const struct config *c, const char *name, const struct link_config **out,
                         struct failure *f)
{
    struct nearest near = nearest_within(name, 3, NEAREST_EXACT);
    *out = config_link(c, name);
    for (int i = 0; i < c->nlinks; i++)
        nearest_offer(&near, c->links[i].name);
    if (*out)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG, "there is no link %s%s%s%s", name,
                near.name ? "; did you mean " : "", near.name ? near.name : "",
                near.name ? "?" : "");
}

enum status explain_choose(const struct config *config, const struct explain_request *q,
                           const struct link_config **out, struct failure *f)
{
    *out = NULL;
    if (q->link)
        return named(config, q->link, out, f);
    for (int i = 0; i < config->nlinks; i++) {
        if (!reads(config, &config->links[i], q->table))
            continue;
        if (*out)
            return fail(f, ERROR_CONFIG, "links %s and %s both read table %s: say --link",
                        (*out)->name, config->links[i].name, q->table);
        *out = &config->links[i];
    }
    return *out ? STATUS_OK
                : fail(f, ERROR_CONFIG, "no link reads table %s: name one by --link, and it says "
                                        "what it reads", q->table);
}
