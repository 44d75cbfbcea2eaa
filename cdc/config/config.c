#include "config/config.h"
#include "config/parts.h"
#include <stdlib.h>
#include <string.h>

/* Beside the file, where nothing else is said. */
static const char *read_path(struct load *l, const char *path, const char *suffix)
{
    return path ? path_beside(l, path) : arena_format(l->arena, "%s%s", l->config->path, suffix);
}

static enum status read_version(struct load *l, const struct node *root)
{
    NODE_EACH(n, root)
    {
        if (strcmp(n->key->text, "millrace") == 0 && n->kind == NODE_SCALAR && !node_is_null(n) &&
            strcmp(n->text, "1") != 0)
            return wrong(l, n, "millrace: %.20s: this version reads files of version 1", n->text);
    }
    return STATUS_OK;
}

static enum status read_root(struct load *l, const struct node *root)
{
    struct form f;
    TRY(expect(l, root, NODE_MAPPING, "the file"));
    TRY(read_version(l, root));
    TRY(form_read(l, SCOPE_FILE, root, &f));
    l->config->socket = read_path(l, f.text[FILE_SOCKET], ".sock");
    l->config->state_dir = read_path(l, f.text[FILE_STATE_DIR], ".state");
    TRY(systems_read(l, f.given[FILE_SYSTEMS]));
    TRY(config_vocabulary_read(l, f.given[FILE_VOCABULARY]));
    TRY(config_codes_read(l, &f));
    TRY(events_read(l, f.given[FILE_EVENTS]));
    return links_read(l, f.given[FILE_LINKS]);
}

enum status config_load(const char *path, struct config **out, struct failure *f)
{
    struct config *c = calloc(1, sizeof *c);
    must(c);
    arena_init(&c->arena);
    c->path = arena_strdup(&c->arena, path);
    struct load l = {.config = c, .arena = &c->arena, .failure = f};
    struct node *root;
    enum status status = node_load(path, &c->arena, &root, f);
    if (status == STATUS_OK)
        status = read_root(&l, root);
    if (status != STATUS_OK) {
        config_free(c);
        c = NULL;
    }
    *out = c;
    return status;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    arena_free(&c->arena);
    free(c);
}

const struct link_config *config_link(const struct config *c, const char *name)
{
    for (int i = 0; i < c->nlinks; i++) {
        if (strcmp(c->links[i].name, name) == 0)
            return &c->links[i];
    }
    return NULL;
}
