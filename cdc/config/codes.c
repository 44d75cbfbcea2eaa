/* `vocabulary:`, `dictionaries:`, `units:`, `mask_keys:`. Only the shape is judged here, against the
 * option table; what they say is read by those who use it, from the nodes that the config keeps. */
#include "config/parts.h"

/* Names of Millrace's own files lie in its own folder: whoever loads them looks there first. */
enum status config_vocabulary_read(struct load *l, const struct node *vocabulary)
{
    return names_read(l, vocabulary, "a file of the vocabulary", &l->config->vocabulary);
}

/* One that is no mapping is left to its reader, which knows what to say: of a key that stands in
 * the file by mistake, not the key. */
static enum status check_each(struct load *l, enum scope scope, const struct node *all)
{
    struct form f;
    if (!all)
        return STATUS_OK;
    NODE_EACH(n, all)
    {
        if (n->kind == NODE_MAPPING)
            TRY(form_read(l, scope, n, &f));
    }
    return STATUS_OK;
}

static enum status check_units(struct load *l, const struct node *units)
{
    struct form f;
    if (!units || units->kind == NODE_LIST)
        return STATUS_OK;
    if (units->kind != NODE_MAPPING)
        return wrong(l, units, "units must be a list of ratios, like [1 kg = 1000 g], or a mapping");
    return form_read(l, SCOPE_UNITS, units, &f);
}

enum status config_codes_read(struct load *l, const struct form *file)
{
    struct config *c = l->config;
    c->dictionaries = file->given[FILE_DICTIONARIES];
    c->units = file->given[FILE_UNITS];
    c->mask_keys = file->given[FILE_MASK_KEYS];
    TRY(check_each(l, SCOPE_DICTIONARY, c->dictionaries));
    TRY(check_units(l, c->units));
    return check_each(l, SCOPE_MASK_KEY, c->mask_keys);
}
