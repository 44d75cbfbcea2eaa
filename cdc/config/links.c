#include "config/parts.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { IDENTIFIER_MAX = 63 };

/* ---- systems of a link ---- */

static enum status find_system(struct load *l, const struct node *at, const struct system **out)
{
    TRY(expect(l, at, NODE_SCALAR, "a system's name"));
    *out = system_find(l->config, at->text);
    if (*out)
        return STATUS_OK;
    struct buffer b;
    buffer_init(&b, 1 << 16);
    for (int i = 0; i < l->config->nsystems; i++)
        buffer_add_format(&b, "%s%s", i ? ", " : "", l->config->systems[i].name);
    enum status status =
        wrong(l, at, "there is no system \"%.60s\", allowed: %s", at->text, buffer_text(&b));
    buffer_free(&b);
    return status;
}

static enum status check_ends(struct load *l, const struct node *at, const struct link_config *link)
{
    if (link->from == link->to)
        return wrong(l, at, "a link needs two systems, %s is one", link->from->name);
    if (link->from->engine == ENGINE_NULL)
        return wrong(l, at, "%s only counts: nothing can be read from it", link->from->name);
    if (!link->from->has_capture)
        return wrong(l, at,
                     "%s reads from %s, which has no role for it: give the system "
                     "`capture: {user: ..., password_file: ...}`",
                     link->name, link->from->name);
    if (!link->to->has_apply && link->to->engine != ENGINE_NULL)
        return wrong(l, at,
                     "%s writes to %s, which has no role for it: give the system "
                     "`apply: {user: ..., password_file: ...}`",
                     link->name, link->to->name);
    return STATUS_OK;
}

/* ---- names at the source ---- */

static bool is_identifier(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    }
    return true;
}

static const char *identifier_from(struct load *l, const char *name)
{
    char *text = arena_format(l->arena, "millrace_%.*s", IDENTIFIER_MAX - 9, name);
    for (char *c = text; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
    return text;
}

/* Upper half: below it people number their servers. FNV-1a. */
static uint32_t server_id_from(const char *link, const char *system)
{
    uint32_t h = 2166136261U;
    for (const char *c = link; *c; c++)
        h = (h ^ (unsigned char)*c) * 16777619U;
    h = (h ^ '/') * 16777619U;
    for (const char *c = system; *c; c++)
        h = (h ^ (unsigned char)*c) * 16777619U;
    return (h | 0x80000000U) == 0x80000000U ? 0x80000001U : h | 0x80000000U;
}

static bool is_postgres(const struct system *s)
{
    return s->engine == ENGINE_POSTGRES;
}

static bool is_mysql_family(const struct system *s)
{
    return s->engine == ENGINE_MYSQL || s->engine == ENGINE_MARIADB;
}

/* An option of the source's engine must have one source that it can mean. */
static enum status check_meant(struct load *l, const struct node *n, const char *engine, int meant)
{
    if (!n || meant == 1)
        return STATUS_OK;
    if (meant == 0)
        return wrong(l, n->key, "%s is for a %s source", n->key->text, engine);
    return wrong(l, n->key,
                 "%s: both systems of the pair are a %s source: write two links (name, "
                 "from, to) in place of `between`",
                 n->key->text, engine);
}

static enum status check_identifier(struct load *l, const struct node *n)
{
    if (!n || is_identifier(n->text))
        return STATUS_OK;
    return wrong(l, n, "%s: \"%s\", allowed: small letters, digits and _", n->key->text, n->text);
}

static enum status check_source_names(struct load *l, const struct form *f,
                                      const struct system *const *sources, int n)
{
    int postgres = 0, mysql = 0;
    for (int i = 0; i < n; i++) {
        postgres += is_postgres(sources[i]);
        mysql += is_mysql_family(sources[i]);
    }
    TRY(check_meant(l, f->given[LINK_SLOT], "PostgreSQL", postgres));
    TRY(check_meant(l, f->given[LINK_PUBLICATION], "PostgreSQL", postgres));
    TRY(check_meant(l, f->given[LINK_SERVER_ID], "MySQL or MariaDB", mysql));
    TRY(check_identifier(l, f->given[LINK_SLOT]));
    return check_identifier(l, f->given[LINK_PUBLICATION]);
}

/* A slot cannot be renamed, and its log knows its publication by name: after a renaming (`was`)
 * both keep theirs. `system`: what the source is called, or was. */
static void fill_source_names(struct load *l, const struct form *f, struct link_config *link,
                              const char *system)
{
    if (is_postgres(link->from)) {
        const char *slot = f->text[LINK_SLOT], *publication = f->text[LINK_PUBLICATION];
        link->slot = slot ? slot : identifier_from(l, link->was ? link->was : link->name);
        link->publication = publication ? publication : identifier_from(l, system);
    } else {
        uint32_t id = (uint32_t)f->number[LINK_SERVER_ID];
        link->server_id = id ? id : server_id_from(link->name, link->from->name);
    }
}

/* ---- keep_log, first_copy, was ---- */

static enum status read_keep_log_word(struct load *l, const struct node *n,
                                      struct link_config *link)
{
    int64_t amount;
    TRY(expect(l, n, NODE_SCALAR, "keep_log"));
    if (strcmp(n->text, "none") == 0)
        return STATUS_OK;
    if (time_read(n->text, &amount)) {
        link->keep_log_ms = amount;
        return form_limits(l, n, KEEP_LOG_TIME, amount);
    }
    if (size_read(n->text, &amount)) {
        link->keep_log_bytes = (uint64_t)amount;
        return form_limits(l, n, KEEP_LOG_BYTES, amount);
    }
    return wrong(l, n,
                 "keep_log: \"%.40s\", allowed: none, a time like 10 min, a size like 1 GiB, "
                 "or {time: ..., bytes: ...}",
                 n->text);
}

static enum status read_keep_log(struct load *l, const struct node *n, struct link_config *link)
{
    struct form f;
    if (!n)
        return STATUS_OK;
    if (n->kind != NODE_MAPPING)
        return read_keep_log_word(l, n, link);
    TRY(form_read(l, SCOPE_KEEP_LOG, n, &f));
    link->keep_log_ms = f.number[KEEP_LOG_TIME];
    link->keep_log_bytes = (uint64_t)f.number[KEEP_LOG_BYTES];
    return STATUS_OK;
}

struct copy {
    bool events; /* of a link with flows */
    enum first_copy_mode mode;
    const struct system *from; /* NULL: not given */
};

static enum status read_copy_mode(struct load *l, const struct form *f, struct copy *copy)
{
    const char *mode = f->text[COPY_MODE];
    const struct node *at = f->given[COPY_MODE];
    copy->mode = COPY_NONE;
    if (strcmp(mode, "none") == 0)
        return STATUS_OK;
    if (copy->events && strcmp(mode, "merge") != 0)
        return wrong(l, at,
                     "mode: %s is of a link with `tables`: what flows write lies in tables that hold "
                     "rows of others too, allowed: merge, none",
                     mode);
    if (!copy->events && strcmp(mode, "merge") == 0)
        return wrong(l, at, "mode: merge is of a link with `flows`, allowed: to_empty, none");
    copy->mode = copy->events ? COPY_MERGE : COPY_TO_EMPTY;
    return STATUS_OK;
}

/* `from` must be a system that the link, or one of the pair's links, reads from. */
static enum status read_copy(struct load *l, const struct node *n,
                             const struct system *const *sources, int nsources, struct copy *copy)
{
    struct form f;
    copy->mode = COPY_NONE;
    copy->from = NULL;
    if (n->kind == NODE_SCALAR && strcmp(n->text, "none") == 0)
        return STATUS_OK;
    if (n->kind != NODE_MAPPING)
        return wrong(l, n, "first_copy, allowed: none, or %s",
                     copy->events ? "{mode: merge}" : "{from: SYSTEM, mode: to_empty}");
    TRY(form_read(l, SCOPE_COPY, n, &f));
    TRY(read_copy_mode(l, &f, copy));
    const struct node *from = f.given[COPY_FROM];
    if (!from && nsources > 1 && copy->mode != COPY_NONE)
        return wrong(l, n, "first_copy of a pair goes one way: `from: %s` or `from: %s`",
                     sources[0]->name, sources[1]->name);
    if (!from) {
        copy->from = sources[0];
        return STATUS_OK;
    }
    TRY(find_system(l, from, &copy->from));
    for (int i = 0; i < nsources; i++) {
        if (copy->from == sources[i])
            return STATUS_OK;
    }
    return wrong(l, from, "first_copy: this link does not read from %s, allowed: %s%s%s",
                 copy->from->name, sources[0]->name, nsources > 1 ? ", " : "",
                 nsources > 1 ? sources[1]->name : "");
}

static void set_copy(struct link_config *link, const struct copy *copy)
{
    link->first_copy = copy->mode;
    link->copies = copy->mode != COPY_NONE && copy->from == link->from;
}

/* ---- one direction ---- */

static enum status add_link(struct load *l, const struct form *f, struct link_config **out)
{
    struct link_config *link = &l->config->links[l->config->nlinks++];
    *link = (struct link_config){
        .budget_bytes = (size_t)f->number[LINK_BUDGET],
        .apply_ms = (int)f->number[LINK_APPLY_MS],
        .copy_readers = (int)f->number[LINK_COPY_READERS],
        .copy_chunk_rows = f->number[LINK_COPY_CHUNK_ROWS],
        .idle_checkpoint_ms = f->number[LINK_IDLE_CHECKPOINT],
        .retry_every_ms = f->number[LINK_RETRY_EVERY],
        .quarantines = strcmp(f->text[LINK_ON_REFUSED], "quarantine") == 0,
        .quarantine_limit = f->number[LINK_QUARANTINE_LIMIT],
        .line = f->at->line,
    };
    *out = link;
    return read_keep_log(l, f->given[LINK_KEEP_LOG], link);
}

static const char *link_name(struct load *l, const char *from, const char *to)
{
    return arena_format(l->arena, "%s-%s", from, to);
}

/* An option that is of the other kind of link: `kind` has it. */
static enum status refuse_of_other(struct load *l, const struct node *n, const char *kind)
{
    return n ? wrong(l, n->key, "%s is of a link with `%s`", n->key->text, kind) : STATUS_OK;
}

/* What becomes of a row that the target refuses. */
static enum status check_refused(struct load *l, const struct form *f,
                                 const struct link_config *link)
{
    const struct node *limit = f->given[LINK_QUARANTINE_LIMIT];
    if (limit && !link->quarantines)
        return wrong(l, limit->key, "quarantine_limit goes with `on_refused: quarantine`");
    if (link->quarantines && link->to->engine == ENGINE_NULL)
        return wrong(l, f->given[LINK_ON_REFUSED]->key, "%s only counts: it keeps no rows",
                     link->to->name);
    return STATUS_OK;
}

static enum status read_tables(struct load *l, const struct form *f, bool pair,
                               struct link_config *link)
{
    TRY(refuse_of_other(l, f->given[LINK_RETRY_EVERY], "flows"));
    TRY(check_refused(l, f, link));
    TRY(flows_read(l, f->given[LINK_TABLES], pair, link));
    return f->given[LINK_EXCLUDE] ? exclude_read(l, f->given[LINK_EXCLUDE], link) : STATUS_OK;
}

static enum status read_flows(struct load *l, const struct form *f, struct link_config *link)
{
    TRY(refuse_of_other(l, f->given[LINK_EXCLUDE], "tables"));
    TRY(refuse_of_other(l, f->given[LINK_ON_REFUSED], "tables"));
    TRY(refuse_of_other(l, f->given[LINK_QUARANTINE_LIMIT], "tables"));
    if (link->to->engine == ENGINE_NULL)
        return wrong(l, f->given[LINK_FLOWS]->key,
                     "%s only counts rows: it has no SQL that flows could be written with",
                     link->to->name);
    return event_flows_read(l, f->given[LINK_FLOWS], link);
}

static enum status read_what(struct load *l, const struct form *f, struct link_config *link)
{
    const struct node *tables = f->given[LINK_TABLES], *flows = f->given[LINK_FLOWS];
    if (!tables && !flows)
        return wrong(l, f->at, "a link needs `tables: {...}` or `flows: [...]`");
    if (tables && flows)
        return wrong(l, flows->key,
                     "a link has `tables` or `flows`, not both. Write two links, one of them with a "
                     "`name`");
    return flows ? read_flows(l, f, link) : read_tables(l, f, false, link);
}

static enum status read_one_way(struct load *l, const struct form *f)
{
    struct link_config *link;
    struct copy copy = {.events = f->given[LINK_FLOWS] != NULL};
    const struct node *from = f->given[LINK_FROM], *to = f->given[LINK_TO];
    const struct node *was = f->given[LINK_WAS];
    if (!from || !to)
        return wrong(l, f->at, "a link needs `between: [A, B]` (both ways), or `from` and `to`");
    TRY(add_link(l, f, &link));
    TRY(find_system(l, from, &link->from));
    TRY(find_system(l, to, &link->to));
    link->name =
        f->text[LINK_NAME] ? f->text[LINK_NAME] : link_name(l, link->from->name, link->to->name);
    if (f->given[LINK_NAME])
        TRY(name_check(l, f->given[LINK_NAME], "a link", link->name));
    TRY(check_ends(l, from, link));
    if (was) {
        TRY(expect(l, was, NODE_SCALAR, "was"));
        link->was = was->text;
    }
    TRY(check_source_names(l, f, &link->from, 1));
    fill_source_names(l, f, link, link->from->name);
    TRY(read_what(l, f, link));
    TRY(read_copy(l, f->given[LINK_FIRST_COPY], &link->from, 1, &copy));
    set_copy(link, &copy);
    return STATUS_OK;
}

/* ---- a pair ---- */

static enum status refuse_beside_between(struct load *l, const struct form *f)
{
    static const enum option_id ids[] = {LINK_NAME, LINK_FROM, LINK_TO};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct node *n = f->given[ids[i]];
        if (n)
            return wrong(l, n->key,
                         "%s does not go with `between`: a pair's links are named A-B "
                         "and B-A",
                         n->key->text);
    }
    return STATUS_OK;
}

static enum status read_was_pair(struct load *l, const struct node *was, struct link_config *forth,
                                 struct link_config *back)
{
    if (!was)
        return STATUS_OK;
    if (was->kind != NODE_LIST || was->n != 2)
        return wrong(l, was, "was of a pair: the systems' former names, [A, B]");
    const struct node *a = was->first, *b = was->first->next;
    TRY(expect(l, a, NODE_SCALAR, "a system's former name"));
    TRY(expect(l, b, NODE_SCALAR, "a system's former name"));
    forth->was = link_name(l, a->text, b->text);
    back->was = link_name(l, b->text, a->text);
    return STATUS_OK;
}

static enum status read_pair_ends(struct load *l, const struct node *between,
                                  struct link_config *forth, struct link_config *back)
{
    if (between->n != 2)
        return wrong(l, between, "between takes two systems: [A, B]");
    const struct node *a = between->first, *b = between->first->next;
    TRY(find_system(l, a, &forth->from));
    TRY(find_system(l, b, &forth->to));
    back->from = forth->to;
    back->to = forth->from;
    forth->name = link_name(l, a->text, b->text);
    back->name = link_name(l, b->text, a->text);
    forth->pair = back->pair = true;
    TRY(check_ends(l, a, forth));
    return check_ends(l, b, back);
}

static enum status read_pair(struct load *l, const struct form *f)
{
    struct link_config *forth, *back;
    struct copy copy = {.events = false};
    TRY(refuse_beside_between(l, f));
    TRY(add_link(l, f, &forth));
    TRY(add_link(l, f, &back));
    TRY(read_pair_ends(l, f->given[LINK_BETWEEN], forth, back));
    TRY(read_was_pair(l, f->given[LINK_WAS], forth, back));
    const struct system *sources[] = {forth->from, back->from};
    TRY(check_source_names(l, f, sources, 2));
    const struct node *names = f->given[f->given[LINK_WAS] ? LINK_WAS : LINK_BETWEEN];
    fill_source_names(l, f, forth, names->first->text);
    fill_source_names(l, f, back, names->first->next->text);
    if (f->given[LINK_FLOWS])
        return wrong(l, f->given[LINK_FLOWS]->key,
                     "flows go one way: write two links (name, from, to) in place of `between`");
    if (!f->given[LINK_TABLES])
        return wrong(l, f->at, "a pair needs `tables: {...}`");
    TRY(read_tables(l, f, true, forth));
    TRY(flows_turn(l, f->given[LINK_TABLES], forth, back));
    back->exclude = forth->exclude;
    back->nexclude = forth->nexclude;
    TRY(read_copy(l, f->given[LINK_FIRST_COPY], sources, 2, &copy));
    set_copy(forth, &copy);
    set_copy(back, &copy);
    return STATUS_OK;
}

/* ---- all ---- */

enum status links_read(struct load *l, const struct node *links)
{
    struct config *c = l->config;
    if (links->n == 0)
        return wrong(l, links, "links is empty");
    c->links = arena_zalloc(l->arena, 2 * (size_t)links->n * sizeof *c->links);
    const struct node **at = arena_zalloc(l->arena, 2 * (size_t)links->n * sizeof *at);
    NODE_EACH(n, links)
    {
        struct form f;
        int first = c->nlinks;
        TRY(form_read(l, SCOPE_LINK, n, &f));
        TRY(f.given[LINK_BETWEEN] ? read_pair(l, &f) : read_one_way(l, &f));
        for (int i = first; i < c->nlinks; i++)
            at[i] = n;
    }
    return config_rules_check(l, at);
}
