#include "events/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/log.h"
#include "transforms/mirror/db.h"

enum { SQL_BYTES_MAX = 1 << 20 };

static const char prefix[] = "drift:";
static const char key_field[] = "millrace_row";

int watch_of(const char *event)
{
    size_t n = sizeof prefix - 1;
    return strncmp(event, prefix, n) == 0 ? atoi(event + n) : -1;
}

/* ---- a row as an object ---- */

static void add_condition(struct buffer *b, const struct relation *r)
{
    buffer_add_text(b, " where ");
    for (int i = 0; i < r->nkey; i++) {
        const char *column = r->columns[r->key[i]].name;
        buffer_add_text(b, i ? " and " : "");
        db_add_name(b, column);
        buffer_add_text(b, " = :object");
        if (r->nkey > 1)
            buffer_add_format(b, "_%s", column);
    }
}

/* select "workorder_code" as "millrace_row", "quantity" as "c0" from "pro_workorder" where ..: a
 * column may have a name that no field could have. */
static const char *write_sql(struct event_program *p, const struct owned *o,
                             const struct relation *r)
{
    struct buffer b;
    buffer_init(&b, SQL_BYTES_MAX);
    buffer_add_text(&b, "select ");
    for (int i = 0; i < o->nkey; i++) {
        buffer_add_text(&b, i ? " || ',' || " : "");
        db_add_name(&b, o->key[i]);
    }
    buffer_add_text(&b, " as ");
    db_add_name(&b, key_field);
    for (int i = 0; i < o->ncolumns; i++) {
        buffer_add_text(&b, ", ");
        db_add_name(&b, o->columns[i]);
        buffer_add_format(&b, " as c%d", i);
    }
    buffer_add_text(&b, " from ");
    db_add_name(&b, r->name);
    add_condition(&b, r);
    const char *sql = arena_strdup(&p->arena, buffer_text(&b));
    buffer_free(&b);
    return sql;
}

static bool has_columns(const struct owned *o, const struct relation *r)
{
    for (int i = 0; i < o->ncolumns; i++)
        if (!relation_column(r, o->columns[i]))
            return false;
    for (int i = 0; i < o->nkey; i++)
        if (!relation_column(r, o->key[i]))
            return false;
    return r->nkey > 0 && o->nkey > 0;
}

static const struct relation *find(const struct owned *o, const struct relation *const *relations,
                                   int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(relations[i]->name, o->table) == 0 &&
            strcmp(relations[i]->schema, o->schema) == 0)
            return relations[i];
    return NULL;
}

void watch_define(struct event_program *p, const struct relation *const *relations,
                  int nrelations)
{
    for (int i = 0; i < p->nowned; i++) {
        const struct owned *o = &p->owned[i];
        const struct relation *r = find(o, relations, nrelations);
        if (!r || !has_columns(o, r)) {
            log_warn("link=%s msg=\"changes of %s.%s by others are not seen: the table has no primary "
                     "key, or the capture role does not see it\"",
                     p->lc->name, o->schema, o->table);
            continue;
        }
        p->definitions[p->ndefinitions++] = (struct event_definition){
            .name = arena_format(&p->arena, "%s%d", prefix, i),
            .of = r->name,
            .key = key_field,
            .sql = write_sql(p, o, r),
        };
    }
}
