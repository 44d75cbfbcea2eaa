#include "mysql/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#define XXH_INLINE_ALL
#include <xxhash.h>
/* The key is all of a TABLE_MAP, some hundred bytes at each statement. */
#define HASH_FUNCTION(key, size, hash) (hash) = (unsigned)XXH3_64bits(key, size)
#include <uthash.h>

enum { UNWANTED_MAX = 4096 };

struct layout {
    UT_hash_handle hh;
    enum layout_role role;
    struct table_map map; /* of wanted tables, the checkpoint and requests; else empty */
    struct marker_columns marker;
    struct request_columns request;
    unsigned number; /* of a wanted one: as many had been met when it was */
    size_t size;
    uint8_t *bytes; /* the TABLE_MAP after id and flags: the hash's key */
};

enum layout_role layout_role(const struct layout *l)
{
    return l->role;
}

const struct table_map *layout_map(const struct layout *l)
{
    return &l->map;
}

const struct marker_columns *layout_marker(const struct layout *l)
{
    return &l->marker;
}

const struct request_columns *layout_request(const struct layout *l)
{
    return &l->request;
}

static void forget_unwanted(struct layouts *l)
{
    struct layout *layout, *next;
    HASH_ITER(hh, l->all, layout, next)
    {
        if (layout->role != LAYOUT_UNWANTED)
            continue;
        HASH_DEL(l->all, layout);
        free(layout->bytes);
        free(layout);
    }
    l->nunwanted = 0;
}

void layouts_free(struct layouts *l)
{
    forget_unwanted(l);
    HASH_CLEAR(hh, l->all);
    free(l->active);
    arena_free(&l->arena);
    *l = (struct layouts){0};
    arena_init(&l->arena);
}

struct layout *layouts_find(const struct layouts *l, uint64_t id)
{
    for (int i = l->nactive - 1; i >= 0; i--)
        if (l->active[i].id == id)
            return l->active[i].layout;
    return NULL;
}

void layouts_end_statement(struct layouts *l)
{
    l->nactive = 0;
    if (l->nunwanted > UNWANTED_MAX) /* tables with ever new names */
        forget_unwanted(l);
}

static void activate(struct layouts *l, uint64_t id, struct layout *layout)
{
    if (l->nactive == l->active_capacity) {
        l->active_capacity = l->active_capacity ? l->active_capacity * 2 : 16;
        l->active = realloc(l->active, sizeof *l->active * (size_t)l->active_capacity);
        must(l->active);
    }
    l->active[l->nactive].id = id;
    l->active[l->nactive++].layout = layout;
}

/* ---- relations ---- */

static enum status catalog_of(struct tail *t, const char *schema, const char *name,
                              struct relation **out)
{
    if (!t->catalog)
        TRY(my_open(t->options->endpoint, t->options->wake, &t->failure, &t->catalog));
    return my_describe(t->catalog, schema, name, &t->layouts.arena, out);
}

/* Ties the map's columns to the catalog's, by name, where both mean the same kind of value: the
 * table may have been altered since. True: the catalog's layout is the map's. */
static bool tie(struct table_map *map, const struct relation *catalog)
{
    bool same = catalog && catalog->ncolumns == map->ncolumns;
    for (int i = 0; i < map->ncolumns; i++) {
        struct binlog_column *c = &map->columns[i];
        c->column = catalog ? relation_column(catalog, c->name) : NULL;
        if (c->column && binlog_kind(c) != c->column->kind)
            c->column = NULL;
        column_settle(c);
        same = same && c->column == &catalog->columns[i];
    }
    return same;
}

static void column_from_map(const struct binlog_column *from, struct column *to)
{
    if (from->column) {
        *to = *from->column;
    } else {
        enum value_kind kind = binlog_kind(from);
        *to = (struct column){.type = value_kind_name(kind),
                              .kind = kind,
                              .length = -1,
                              .precision = from->precision ? from->precision : -1,
                              .scale = from->scale};
    }
    to->name = from->name;
    to->nullable = from->nullable;
    to->key = false;
}

/* What the log says, for a layout that the catalog has no more. */
static struct relation *relation_from_map(const struct table_map *map, uint64_t version,
                                          struct arena *a)
{
    struct relation *r = arena_zalloc(a, sizeof *r);
    *r = (struct relation){.schema = map->schema,
                           .name = map->table,
                           .ncolumns = map->ncolumns,
                           .nkey = map->nkey,
                           .key = map->key,
                           .full_before = true,
                           .version = version};
    r->columns = arena_zalloc(a, sizeof *r->columns * (size_t)map->ncolumns);
    for (int i = 0; i < map->ncolumns; i++)
        column_from_map(&map->columns[i], &r->columns[i]);
    for (int i = 0; i < map->nkey; i++)
        r->columns[map->key[i]].key = true;
    return r;
}

static uint64_t own_version(void)
{
    static atomic_uint_fast64_t last;
    return (atomic_fetch_add(&last, 1) + 1) | 1ULL << 63; /* beyond my_describe's */
}

static enum status complete(struct tail *t, struct layout *l)
{
    struct table_map *map = &l->map;
    struct relation *catalog = NULL;
    enum status status = catalog_of(t, map->schema, map->table, &catalog);
    if (status != STATUS_OK && t->failure.code != ERROR_NO_TABLE)
        return status;
    failure_clear(&t->failure);
    if (tie(map, catalog))
        map->relation = catalog;
    else
        map->relation = relation_from_map(map, own_version(), &t->layouts.arena);
    return STATUS_OK;
}

static const struct layout *latest_of(const struct layouts *ls, const char *schema,
                                      const char *name)
{
    const struct layout *latest = NULL;
    for (const struct layout *l = ls->all; l; l = l->hh.next)
        if (l->role == LAYOUT_WANTED && strcmp(l->map.schema, schema) == 0 &&
            strcmp(l->map.table, name) == 0 && (!latest || l->number > latest->number))
            latest = l;
    return latest;
}

enum status layouts_relation(struct tail *t, const char *schema, const char *name,
                             const struct relation **out)
{
    struct relation *r;
    const struct layout *l = latest_of(&t->layouts, schema, name);
    if (l) {
        *out = l->map.relation;
        return STATUS_OK;
    }
    TRY(catalog_of(t, schema, name, &r));
    *out = r;
    return STATUS_OK;
}

/* ---- the first sight of a layout ---- */

static enum layout_role role_of(const struct tail *t, const char *schema, const char *table)
{
    bool ours = strcmp(schema, "millrace") == 0;
    if (ours && strcmp(table, "checkpoint") == 0)
        return LAYOUT_CHECKPOINT;
    if (ours && t->options->requests && strcmp(table, "request") == 0)
        return LAYOUT_REQUEST;
    if (ours)
        return LAYOUT_OURS;
    bool wanted = t->options->wanted(t->options->wanted_owner, schema, table);
    return wanted ? LAYOUT_WANTED : LAYOUT_UNWANTED;
}

static enum status check_names(struct tail *t, const struct table_map *map)
{
    if (map->has_names)
        return STATUS_OK;
    return fail(&t->failure, ERROR_SETTING,
                "table %s.%s: the log does not name its columns: SET GLOBAL "
                "binlog_row_metadata=FULL on the source (and binlog_row_metadata=FULL in its "
                "configuration file); what was logged before cannot be read: copy the tables again",
                map->schema, map->table);
}

static int column_index(const struct table_map *map, const char *name)
{
    for (int i = 0; i < map->ncolumns; i++)
        if (map->columns[i].name && strcmp(map->columns[i].name, name) == 0)
            return i;
    return -1;
}

static enum status fail_columns(struct tail *t, const struct table_map *map)
{
    return fail(&t->failure, ERROR_PROTOCOL,
                "%s.%s has other columns in the log than this version of Millrace makes",
                map->schema, map->table);
}

static enum status find_marker(struct tail *t, struct layout *l)
{
    const struct table_map *map = &l->map;
    l->marker = (struct marker_columns){.link = column_index(map, "link"),
                                        .lane = column_index(map, "lane"),
                                        .seq = column_index(map, "seq"),
                                        .root = column_index(map, "root"),
                                        .path = column_index(map, "path")};
    const struct marker_columns *m = &l->marker;
    if (m->link < 0 || m->lane < 0 || m->seq < 0 || m->root < 0 || m->path < 0)
        return fail_columns(t, map);
    return STATUS_OK;
}

static enum status find_request(struct tail *t, struct layout *l)
{
    const struct table_map *map = &l->map;
    l->request = (struct request_columns){.link = column_index(map, "link"),
                                          .event = column_index(map, "event"),
                                          .key = column_index(map, "object_key")};
    if (l->request.link < 0 || l->request.event < 0 || l->request.key < 0)
        return fail_columns(t, map);
    return STATUS_OK;
}

/* ---- a wanted table that was altered ---- */

struct altered {
    const char *schema, *name;
    struct altered *next;
};

static bool is_altered(const struct layouts *ls, const char *schema, const char *name)
{
    for (const struct altered *a = ls->altered; a; a = a->next)
        if (strcmp(a->schema, schema) == 0 && strcmp(a->name, name) == 0)
            return true;
    return false;
}

void layouts_note_alter(struct layouts *ls, const char *schema, const char *name)
{
    if (is_altered(ls, schema, name))
        return;
    struct altered *a = arena_alloc(&ls->arena, sizeof *a);
    *a = (struct altered){.schema = arena_strdup(&ls->arena, schema),
                          .name = arena_strdup(&ls->arena, name),
                          .next = ls->altered};
    ls->altered = a;
}

void layouts_pass_ddl(struct layouts *ls)
{
    ls->passed = ls->nwanted;
    ls->altered = NULL;
}

static enum status fail_altered(struct tail *t, const struct table_map *map, const char *what)
{
    return fail(&t->failure, ERROR_DDL,
                "table %s.%s was altered (%s), met in transaction %s: see that the events of this "
                "link that read it still hold (`millrace check`), then start millrace again",
                map->schema, map->table, what, emit_group_name(t));
}

/* A layout that is met first is taken as it is, since the log may be behind what the link knows:
 * unless the log has altered the table before. */
static enum status check_first(struct tail *t, const struct table_map *map)
{
    const struct relation *known = source_described(t->described, map->schema, map->table);
    if (!known || !is_altered(&t->layouts, map->schema, map->table) ||
        relation_begins_with(map->relation, known) || relation_begins_with(known, map->relation))
        return STATUS_OK;
    return fail_altered(t, map, "not only by columns at its end");
}

/* By what the log itself says of both, so the catalog may be ahead of it. */
static enum status check_appended(struct tail *t, const struct layout *l, const struct layout *old)
{
    const char *what = table_map_difference(&l->map, &old->map, &t->scratch);
    if (what)
        return fail_altered(t, &l->map, what);
    if (l->map.ncolumns > old->map.ncolumns)
        log_info("link=%s msg=\"columns were appended to a table, the link goes on\" table=%s.%s "
                 "columns=%d",
                 t->options->link, l->map.schema, l->map.table,
                 l->map.ncolumns - old->map.ncolumns);
    return STATUS_OK;
}

static enum status fill_wanted(struct tail *t, struct layout *l)
{
    struct layouts *ls = &t->layouts;
    const struct layout *old = latest_of(ls, l->map.schema, l->map.table);
    l->number = ++ls->nwanted;
    TRY(complete(t, l));
    if (!t->options->appended_passes)
        return STATUS_OK;
    return old && old->number > ls->passed ? check_appended(t, l, old) : check_first(t, &l->map);
}

static enum status fill(struct tail *t, struct layout *l, struct reader body)
{
    if (l->role == LAYOUT_UNWANTED || l->role == LAYOUT_OURS)
        return STATUS_OK;
    TRY(table_map_read(body, &t->layouts.arena, &l->map, &t->failure));
    TRY(check_names(t, &l->map));
    if (l->role == LAYOUT_WANTED)
        return fill_wanted(t, l);
    return l->role == LAYOUT_REQUEST ? find_request(t, l) : find_marker(t, l);
}

static struct layout *new_layout(struct layouts *ls, enum layout_role role, const void *bytes,
                                 size_t size)
{
    bool kept = role != LAYOUT_UNWANTED;
    struct layout *l = kept ? arena_zalloc(&ls->arena, sizeof *l) : calloc(1, sizeof *l);
    must(l);
    l->role = role;
    l->size = size;
    l->bytes = kept ? arena_alloc(&ls->arena, size) : malloc(size);
    must(l->bytes);
    memcpy(l->bytes, bytes, size);
    ls->nunwanted += !kept;
    return l;
}

enum { ID_AND_FLAGS_BYTES = 8 };

enum status layouts_met(struct tail *t, struct reader body)
{
    struct layouts *ls = &t->layouts;
    struct layout *l = NULL;
    const char *schema, *table;
    uint64_t id;
    TRY(table_map_peek(body, &id, &schema, &table, &t->failure));
    const uint8_t *bytes = body.at + ID_AND_FLAGS_BYTES;
    size_t size = reader_left(&body) - ID_AND_FLAGS_BYTES;
    HASH_FIND(hh, ls->all, bytes, size, l);
    if (!l) {
        l = new_layout(ls, role_of(t, schema, table), bytes, size);
        TRY(fill(t, l, body));
        HASH_ADD_KEYPTR(hh, ls->all, l->bytes, l->size, l);
    }
    activate(ls, id, l);
    return STATUS_OK;
}
