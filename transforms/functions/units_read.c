/* `units` of the configuration, and the file of the materials' ratios. */
#include "transforms/functions/units_parts.h"

#include <stdlib.h>
#include <string.h>
#include "transforms/functions/csv_rows.h"

static enum status read_ratios(const struct part *p, struct units *u, const char *material,
                               const struct node *list)
{
    const char *text;
    TRY(part_expect(p, list, NODE_LIST, "ratios"));
    NODE_EACH(n, list)
    {
        TRY(part_text(p, n, "a ratio", &text));
        if (units_add(u, material, text, p->failure) != STATUS_OK)
            return fail_in(p->failure, "%s:%d:%d", p->path, n->line, n->column);
    }
    return STATUS_OK;
}

static enum status read_materials(const struct part *p, struct units *u, const struct node *n)
{
    TRY(part_expect(p, n, NODE_MAPPING, "materials"));
    NODE_EACH(child, n)
        TRY(read_ratios(p, u, child->key->text, child));
    return STATUS_OK;
}

static enum status add_row(void *units, const struct csv_cell *cells, int line, struct failure *f)
{
    (void)line;
    return units_add(units, cells[0].text, cells[1].text, f);
}

static enum status read_file(const struct part *p, struct units *u, const struct node *n)
{
    static const char *const columns[] = {"material", "ratio", NULL};
    const char *path;
    TRY(part_text(p, n, "materials_file", &path));
    return csv_rows_read(part_path(p, path), columns, add_row, u, p->failure);
}

static enum status read_unknown(const struct part *p, struct units *u, const struct node *n)
{
    const char *text;
    TRY(part_text(p, n, "unknown", &text));
    u->fail_unknown = strcmp(text, "fail") == 0;
    if (!u->fail_unknown && strcmp(text, "quarantine") != 0)
        return part_wrong(p, n, "unknown must be quarantine or fail");
    return STATUS_OK;
}

enum { KEY_RATIOS, KEY_MATERIALS, KEY_FILE, KEY_UNKNOWN, NKEYS };

static enum status read_mapping(const struct part *p, struct units *u, const struct node *n)
{
    static const char *const keys[] = {"ratios", "materials", "materials_file", "unknown", NULL};
    const struct node *given[NKEYS];
    TRY(part_keys(p, n, "units", keys, given));
    if (given[KEY_RATIOS])
        TRY(read_ratios(p, u, NULL, given[KEY_RATIOS]));
    if (given[KEY_MATERIALS])
        TRY(read_materials(p, u, given[KEY_MATERIALS]));
    if (given[KEY_FILE])
        TRY(read_file(p, u, given[KEY_FILE]));
    return given[KEY_UNKNOWN] ? read_unknown(p, u, given[KEY_UNKNOWN]) : STATUS_OK;
}

enum status units_read(const struct part *p, const struct node *n, struct units **out)
{
    struct units *u = calloc(1, sizeof *u);
    must(u);
    *out = u;
    if (!n)
        return STATUS_OK;
    enum status status =
        n->kind == NODE_LIST ? read_ratios(p, u, NULL, n) : read_mapping(p, u, n);
    if (status != STATUS_OK) {
        units_free(u);
        *out = NULL;
    }
    return status;
}
