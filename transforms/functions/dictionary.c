#include "transforms/functions/dictionary.h"

#include <string.h>
#include <uthash.h>
#include "transforms/functions/csv_rows.h"

struct entry {
    const char *code, *value;
    UT_hash_handle by_code, by_value;
};

struct dictionary {
    const char *name;
    struct entry *codes, *values; /* hash tables of the same entries */
    struct unknown_policy unknown, reverse;
    bool has_reverse;
    UT_hash_handle hh;
};

struct dictionaries {
    struct dictionary *all;
};

/* ---- lookup ---- */

const struct dictionary *dictionary_find(const struct dictionaries *d, const char *name,
                                         size_t size)
{
    struct dictionary *found = NULL;
    if (d)
        HASH_FIND(hh, d->all, name, size, found);
    return found;
}

const char *dictionary_name(const struct dictionary *d)
{
    return d->name;
}

const char *dictionary_value(const struct dictionary *d, const char *code, size_t size)
{
    struct entry *e;
    HASH_FIND(by_code, d->codes, code, size, e);
    return e ? e->value : NULL;
}

const char *dictionary_code(const struct dictionary *d, const char *value, size_t size)
{
    struct entry *e;
    HASH_FIND(by_value, d->values, value, size, e);
    return e ? e->code : NULL;
}

struct unknown_policy dictionary_unknown(const struct dictionary *d)
{
    return d->unknown;
}

bool dictionary_reverse(const struct dictionary *d, struct unknown_policy *out)
{
    *out = d->reverse;
    return d->has_reverse;
}

/* ---- reading ---- */

struct filling {
    const struct part *part;
    struct dictionary *dictionary;
};

static enum status index_value(const struct filling *at, struct entry *e, struct failure *f)
{
    struct dictionary *d = at->dictionary;
    const char *other = dictionary_code(d, e->value, strlen(e->value));
    if (!d->has_reverse)
        return STATUS_OK;
    if (other)
        return fail(f, ERROR_CONFIG,
                    "dictionary %s: the codes \"%.80s\" and \"%.80s\" both mean \"%.80s\": it "
                    "cannot be read backwards (leave `reverse` out)",
                    d->name, other, e->code, e->value);
    HASH_ADD_KEYPTR(by_value, d->values, e->value, strlen(e->value), e);
    return STATUS_OK;
}

static enum status add_code(const struct filling *at, const char *code, const char *value,
                            struct failure *f)
{
    struct dictionary *d = at->dictionary;
    if (dictionary_value(d, code, strlen(code)))
        return fail(f, ERROR_CONFIG, "dictionary %s: the code \"%.80s\" stands twice", d->name,
                    code);
    struct entry *e = arena_zalloc(at->part->arena, sizeof *e);
    e->code = arena_strdup(at->part->arena, code);
    e->value = arena_strdup(at->part->arena, value);
    HASH_ADD_KEYPTR(by_code, d->codes, e->code, strlen(e->code), e);
    return index_value(at, e, f);
}

static enum status add_row(void *filling, const struct csv_cell *cells, int line, struct failure *f)
{
    (void)line;
    return add_code(filling, cells[0].text, cells[1].text, f);
}

static enum status read_file(const struct filling *at, const struct node *file)
{
    static const char *const columns[] = {"code", "value", NULL};
    const char *path;
    TRY(part_text(at->part, file, "file", &path));
    return csv_rows_read(part_path(at->part, path), columns, add_row, (void *)at,
                         at->part->failure);
}

static enum status read_codes(const struct filling *at, const struct node *codes)
{
    const struct part *p = at->part;
    TRY(part_expect(p, codes, NODE_MAPPING, "codes"));
    NODE_EACH(child, codes)
    {
        if (child->kind != NODE_SCALAR || (child->plain && !*child->text))
            return part_wrong(p, child, "the value of a code must be one text (\"\" for an empty "
                                        "one)");
        if (add_code(at, child->key->text, child->text, p->failure) != STATUS_OK)
            return fail_in(p->failure, "%s:%d:%d", p->path, child->key->line, child->key->column);
    }
    return STATUS_OK;
}

static enum status read_policy(const struct part *p, const struct node *n, const char *what,
                               struct unknown_policy *out)
{
    static const char *const keys[] = {"value", NULL};
    static const char *const words[] = {
        [POLICY_FAIL] = "fail", [POLICY_QUARANTINE] = "quarantine", [POLICY_PASS] = "pass"};
    const struct node *value = NULL;
    if (n->kind == NODE_MAPPING) {
        TRY(part_keys(p, n, what, keys, &value));
        out->policy = POLICY_VALUE;
        if (!value || value->kind != NODE_SCALAR || (value->plain && !*value->text))
            return part_wrong(p, n, "%s: { value: ... } must be one text", what);
        out->value = arena_strdup(p->arena, value->text);
        return STATUS_OK;
    }
    for (int i = 0; n->kind == NODE_SCALAR && i <= POLICY_PASS; i++) {
        if (strcmp(n->text, words[i]) == 0) {
            out->policy = (enum policy)i;
            return STATUS_OK;
        }
    }
    return part_wrong(p, n, "%s must be fail, quarantine, pass or { value: ... }", what);
}

enum { KEY_FILE, KEY_CODES, KEY_UNKNOWN, KEY_REVERSE, NKEYS };

static enum status read_policies(const struct part *p, const struct node *const *given,
                                 struct dictionary *d)
{
    if (given[KEY_UNKNOWN])
        TRY(read_policy(p, given[KEY_UNKNOWN], "unknown", &d->unknown));
    if (given[KEY_REVERSE])
        TRY(read_policy(p, given[KEY_REVERSE], "reverse", &d->reverse));
    d->has_reverse = given[KEY_REVERSE];
    return STATUS_OK;
}

static enum status read_dictionary(const struct part *p, const struct node *n,
                                   struct dictionary *d)
{
    static const char *const keys[] = {"file", "codes", "unknown", "reverse", NULL};
    const struct node *given[NKEYS];
    struct filling at = {p, d};
    TRY(part_keys(p, n, "a dictionary", keys, given));
    if (!given[KEY_FILE] == !given[KEY_CODES])
        return part_wrong(p, n, "dictionary %s needs `file` or `codes`%s", d->name,
                          given[KEY_FILE] ? ", not both" : "");
    TRY(read_policies(p, given, d));
    TRY(given[KEY_FILE] ? read_file(&at, given[KEY_FILE]) : read_codes(&at, given[KEY_CODES]));
    if (!d->codes)
        return part_wrong(p, n, "dictionary %s has no codes", d->name);
    return STATUS_OK;
}

enum status dictionaries_read(const struct part *p, const struct node *n, struct dictionaries **out)
{
    *out = arena_zalloc(p->arena, sizeof **out);
    if (!n)
        return STATUS_OK;
    TRY(part_expect(p, n, NODE_MAPPING, "dictionaries"));
    NODE_EACH(child, n)
    {
        struct dictionary *d = arena_zalloc(p->arena, sizeof *d);
        d->name = arena_strdup(p->arena, child->key->text);
        HASH_ADD_KEYPTR(hh, (*out)->all, d->name, strlen(d->name), d);
        TRY(read_dictionary(p, child, d));
    }
    return STATUS_OK;
}

void dictionaries_free(struct dictionaries *d)
{
    struct dictionary *at, *next;
    if (!d)
        return;
    HASH_ITER(hh, d->all, at, next)
    {
        HASH_CLEAR(by_code, at->codes);
        HASH_CLEAR(by_value, at->values);
    }
    HASH_CLEAR(hh, d->all);
}

/* ---- digest ---- */

static int by_code(const struct entry *a, const struct entry *b)
{
    return strcmp(a->code, b->code);
}

static int by_name(const struct dictionary *a, const struct dictionary *b)
{
    return strcmp(a->name, b->name);
}

static void add_policy(const struct unknown_policy *p, struct digest *out)
{
    digest_number(out, p->policy);
    digest_text(out, p->value);
}

static void add_dictionary(struct dictionary *d, struct digest *out)
{
    digest_text(out, d->name);
    add_policy(&d->unknown, out);
    digest_number(out, d->has_reverse);
    add_policy(&d->reverse, out);
    HASH_SRT(by_code, d->codes, by_code);
    digest_number(out, HASH_CNT(by_code, d->codes));
    for (const struct entry *e = d->codes; e; e = e->by_code.next) {
        digest_text(out, e->code);
        digest_text(out, e->value);
    }
}

void dictionaries_digest(struct dictionaries *d, struct digest *out)
{
    HASH_SORT(d->all, by_name);
    digest_number(out, HASH_COUNT(d->all));
    for (struct dictionary *at = d->all; at; at = at->hh.next)
        add_dictionary(at, out);
}
