/* `vocabulary:`, `dictionaries:` and `units:`. Files are named here, and read by those who use them. */
#include "config/parts.h"
#include <string.h>

/* Names of Millrace's own files lie in its own folder: whoever loads them looks there first. */
enum status config_vocabulary_read(struct load *l, const struct node *vocabulary)
{
    return names_read(l, vocabulary, "a file of the vocabulary", &l->config->vocabulary);
}

static enum status read_unknown_value(struct load *l, const struct node *n,
                                      struct dictionary_config *d)
{
    const struct node *value = n->first;
    if (n->n != 1 || strcmp(value->key->text, "value") != 0)
        return wrong(l, n, "unknown, allowed: fail, quarantine, pass, {value: TEXT}");
    if (value->kind != NODE_SCALAR)
        return wrong(l, value, "the value of an unknown code must be a single value");
    d->unknown = UNKNOWN_VALUE;
    d->unknown_value = value->text;
    return STATUS_OK;
}

static enum status read_unknown(struct load *l, const struct node *n, struct dictionary_config *d)
{
    static const char *const words[] = {
        [UNKNOWN_FAIL] = "fail", [UNKNOWN_QUARANTINE] = "quarantine", [UNKNOWN_PASS] = "pass"};
    if (!n)
        return STATUS_OK;
    if (n->kind == NODE_MAPPING)
        return read_unknown_value(l, n, d);
    TRY(expect(l, n, NODE_SCALAR, "unknown"));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(n->text, words[i]) == 0) {
            d->unknown = (enum unknown_code)i;
            return STATUS_OK;
        }
    }
    return wrong(l, n, "unknown: \"%.40s\", allowed: fail, quarantine, pass, {value: TEXT}",
                 n->text);
}

/* YAML's mapping takes a key twice: a code with two values is a mistake. */
static enum status add_code(struct load *l, const struct node *n, struct dictionary_config *d)
{
    if (n->kind != NODE_SCALAR)
        return wrong(l, n, "the value of code %.40s must be a single value", n->key->text);
    for (int i = 0; i < d->ncodes; i++) {
        if (strcmp(d->codes[i].code, n->key->text) == 0)
            return wrong(l, n->key, "code %.40s is there twice (first in line %d)", n->key->text,
                         d->codes[i].line);
    }
    d->codes[d->ncodes++] = (struct code){n->key->text, n->text, n->line};
    return STATUS_OK;
}

static enum status read_codes(struct load *l, const struct node *codes, struct dictionary_config *d)
{
    d->codes = arena_alloc(l->arena, (size_t)(codes->n + 1) * sizeof *d->codes);
    NODE_EACH(n, codes)
        TRY(add_code(l, n, d));
    return STATUS_OK;
}

static enum status read_dictionary(struct load *l, const struct node *n,
                                   struct dictionary_config *d)
{
    struct form f;
    TRY(form_read(l, SCOPE_DICTIONARY, n, &f));
    *d = (struct dictionary_config){.name = n->key->text, .line = n->key->line};
    const struct node *codes = f.given[DICTIONARY_CODES];
    if (!f.text[DICTIONARY_FILE] == !codes)
        return wrong(l, n, "dictionary %s needs `file` or `codes`, one of them", d->name);
    if (codes)
        TRY(read_codes(l, codes, d));
    else
        d->file = path_beside(l, f.text[DICTIONARY_FILE]);
    return read_unknown(l, f.given[DICTIONARY_UNKNOWN], d);
}

enum status config_dictionaries_read(struct load *l, const struct node *dictionaries)
{
    struct config *c = l->config;
    if (!dictionaries)
        return STATUS_OK;
    c->dictionaries = arena_alloc(l->arena, (size_t)(dictionaries->n + 1) * sizeof *c->dictionaries);
    NODE_EACH(n, dictionaries)
        TRY(read_dictionary(l, n, &c->dictionaries[c->ndictionaries++]));
    return STATUS_OK;
}

enum status config_units_read(struct load *l, const struct node *units)
{
    struct config *c = l->config;
    if (!units)
        return STATUS_OK;
    c->units = arena_alloc(l->arena, (size_t)(units->n + 1) * sizeof *c->units);
    NODE_EACH(n, units)
    {
        TRY(expect(l, n, NODE_SCALAR, "a unit"));
        if (!strchr(n->text, '='))
            return wrong(l, n, "a unit is an equation, like `1 kg = 1000 g`, not \"%.40s\"", n->text);
        c->units[c->nunits++] = (struct unit_config){n->text, n->line};
    }
    return STATUS_OK;
}
