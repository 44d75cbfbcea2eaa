#include "transforms/functions/load.h"

#include <stdlib.h>

struct functions {
    struct arena arena;
    struct dictionaries *dictionaries;
    struct units *units;
    struct mask_keys *mask_keys;
    char hash[DIGEST_TEXT_BYTES];
};

static enum status read_parts(const struct functions_config *c, struct functions *fs,
                              struct failure *f)
{
    struct part p = {.path = c->path, .arena = &fs->arena, .failure = f};
    TRY(dictionaries_read(&p, c->dictionaries, &fs->dictionaries));
    TRY(units_read(&p, c->units, &fs->units));
    return mask_keys_read(&p, c->mask_keys, &fs->mask_keys);
}

static void make_hash(struct functions *fs)
{
    struct digest d;
    digest_begin(&d);
    digest_text(&d, "millrace functions 1");
    dictionaries_digest(fs->dictionaries, &d);
    units_digest(fs->units, &d);
    mask_keys_digest(fs->mask_keys, &d);
    digest_end(&d, fs->hash);
}

enum status functions_load(const struct functions_config *config, struct functions **out,
                           struct failure *f)
{
    struct functions *fs = calloc(1, sizeof *fs);
    must(fs);
    arena_init(&fs->arena);
    enum status status = read_parts(config, fs, f);
    if (status == STATUS_OK)
        make_hash(fs);
    if (status != STATUS_OK) {
        functions_free(fs);
        fs = NULL;
    }
    *out = fs;
    return status;
}

void functions_free(struct functions *fs)
{
    if (!fs)
        return;
    dictionaries_free(fs->dictionaries);
    units_free(fs->units);
    mask_keys_free(fs->mask_keys);
    arena_free(&fs->arena);
    free(fs);
}

const char *functions_hash(const struct functions *fs)
{
    return fs->hash;
}

const struct dictionaries *functions_dictionaries(const struct functions *fs)
{
    return fs ? fs->dictionaries : NULL;
}

const struct units *functions_units(const struct functions *fs)
{
    return fs ? fs->units : NULL;
}

const struct mask_keys *functions_mask_keys(const struct functions *fs)
{
    return fs ? fs->mask_keys : NULL;
}
