/* The tables of examples/factory/events/schema, as the source would describe them: enough of CREATE
 * TABLE to know their columns, kinds and keys. */
#ifndef MILLRACE_TESTS_FACTORY_SCHEMA_H
#define MILLRACE_TESTS_FACTORY_SCHEMA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "model/relation.h"

enum { SCHEMA_BYTES_MAX = 64 * 1024, SCHEMA_TABLES_MAX = 40, SCHEMA_COLUMNS_MAX = 40 };

struct schema {
    struct arena arena;
    const struct relation *tables[SCHEMA_TABLES_MAX];
    int ntables;
};

static inline enum value_kind schema_kind(const char *type)
{
    static const struct {
        const char *begins;
        enum value_kind kind;
    } kinds[] = {
        {"serial", VALUE_INT},     {"int", VALUE_INT},       {"bigint", VALUE_INT},
        {"numeric", VALUE_DECIMAL}, {"float8", VALUE_DOUBLE}, {"double", VALUE_DOUBLE},
        {"bool", VALUE_BOOL},      {"json", VALUE_JSON},     {"timestamp", VALUE_DATETIME},
        {"datetime", VALUE_DATETIME},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(type, kinds[i].begins, strlen(kinds[i].begins)) == 0)
            return kinds[i].kind;
    return VALUE_TEXT;
}

/* "id serial PRIMARY KEY", "PRIMARY KEY (id)", "CONSTRAINT ..." */
static inline void schema_add_part(struct schema *s, struct relation *r, const char *part)
{
    char name[64], type[64];
    if (sscanf(part, "PRIMARY KEY (%63[a-z_]", name) == 1) {
        *r->key = relation_column_index(r, name);
        r->nkey = 1;
        return;
    }
    if (sscanf(part, "%63[a-z0-9_] %63[a-z0-9_]", name, type) != 2)
        return;
    r->columns[r->ncolumns++] = (struct column){
        .name = arena_strdup(&s->arena, name),
        .type = arena_strdup(&s->arena, type),
        .kind = schema_kind(type),
    };
    if (strstr(part, "PRIMARY KEY")) {
        *r->key = r->ncolumns - 1;
        r->nkey = 1;
    }
}

/* Up to the comma, or the end, that no bracket holds; NUL is put there. */
static inline char *schema_take_part(char **at, bool *last)
{
    char *part = *at + strspn(*at, " \n"), *c = part;
    for (int depth = 0; depth > 0 || (*c != ',' && *c != ')'); c++)
        depth += (*c == '(') - (*c == ')');
    *last = *c == ')';
    *c = 0;
    *at = c + 1;
    return part;
}

static inline void schema_add_table(struct schema *s, char **at)
{
    char name[64];
    bool last = false;
    struct relation *r = arena_zalloc(&s->arena, sizeof *r);
    r->columns = arena_zalloc(&s->arena, SCHEMA_COLUMNS_MAX * sizeof *r->columns);
    r->key = arena_zalloc(&s->arena, sizeof *r->key);
    sscanf(*at, "CREATE TABLE %63[a-z_]", name);
    r->schema = "s";
    r->name = arena_strdup(&s->arena, name);
    *at = strchr(*at, '(') + 1;
    while (!last)
        schema_add_part(s, r, schema_take_part(at, &last));
    s->tables[s->ntables++] = r;
}

/* `s` is zeroed, and its arena freed by the caller. */
static inline void schema_read(struct schema *s, const char *file)
{
    FILE *in = fopen(file, "r");
    if (!in)
        abort();
    char *text = arena_zalloc(&s->arena, SCHEMA_BYTES_MAX + 1);
    size_t size = fread(text, 1, SCHEMA_BYTES_MAX, in);
    fclose(in);
    if (size == SCHEMA_BYTES_MAX)
        abort();
    for (char *at = text; (at = strstr(at, "CREATE TABLE "));)
        schema_add_table(s, &at);
}

#endif
