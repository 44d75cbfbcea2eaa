#include "config/node.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, FILE_BYTES_MAX = 4 * 1024 * 1024 };

struct loader {
    const char *path;
    struct arena *arena;
    struct failure *failure;
    const char *text; /* the file */
    size_t size;
    yaml_parser_t parser;
    int depth;
};

static enum status wrong_at(struct loader *l, const yaml_mark_t *mark, const char *text)
{
    return fail(l->failure, ERROR_CONFIG, "%s:%zu:%zu: %s", l->path, mark->line + 1,
                mark->column + 1, text);
}

/* Is there a tab before the first word of that line? */
static bool indented_by_tab(const struct loader *l, size_t line)
{
    const char *at = l->text, *end = l->text + l->size;
    for (; line > 0 && at; line--) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    while (at && at < end && *at == ' ')
        at++;
    return at && at < end && *at == '\t';
}

/* libyaml says where and what; a tab is by far the most common of its problems, and it says that in
 * words of its own. */
static enum status not_yaml(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;
    yaml_mark_t mark = p->problem_mark;
    char text[512];
    if (p->error != YAML_READER_ERROR && indented_by_tab(l, mark.line))
        return wrong_at(l, &mark, "a tab: YAML is indented by blanks alone");
    if (p->error == YAML_READER_ERROR)
        return fail(l->failure, ERROR_CONFIG, "%s: byte %zu: %s (the file must be UTF-8)", l->path,
                    p->problem_offset, p->problem ? p->problem : "not readable");
    snprintf(text, sizeof text, "not valid YAML: %s%s%s%s", p->problem ? p->problem : "?",
             p->context ? " (" : "", p->context ? p->context : "", p->context ? ")" : "");
    return wrong_at(l, &mark, text);
}

static enum status next_event(struct loader *l, yaml_event_t *event)
{
    return yaml_parser_parse(&l->parser, event) ? STATUS_OK : not_yaml(l);
}

static struct node *new_node(struct loader *l, enum node_kind kind, const yaml_event_t *event)
{
    struct node *n = arena_zalloc(l->arena, sizeof *n);
    n->kind = kind;
    n->line = (int)event->start_mark.line + 1;
    n->column = (int)event->start_mark.column + 1;
    return n;
}

static enum status refuse_extras(struct loader *l, const yaml_event_t *event, const void *anchor,
                                 const void *tag)
{
    if (anchor)
        return wrong_at(l, &event->start_mark, "anchors (&name) are not supported");
    if (tag)
        return wrong_at(l, &event->start_mark, "tags (!name) are not supported");
    return STATUS_OK;
}

static enum status read_scalar(struct loader *l, const yaml_event_t *event, struct node **out)
{
    TRY(refuse_extras(l, event, event->data.scalar.anchor, event->data.scalar.tag));
    const char *text = (const char *)event->data.scalar.value;
    if (memchr(text, 0, event->data.scalar.length))
        return wrong_at(l, &event->start_mark, "a text with a NUL byte");
    struct node *n = new_node(l, NODE_SCALAR, event);
    n->text = arena_copy(l->arena, text, event->data.scalar.length);
    n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    *out = n;
    return STATUS_OK;
}

static enum status read_node(struct loader *l, yaml_event_t *event, struct node **out);

static enum status read_next(struct loader *l, yaml_event_type_t end, struct node **out)
{
    yaml_event_t event;
    TRY(next_event(l, &event));
    *out = NULL;
    enum status status = event.type == end ? STATUS_OK : read_node(l, &event, out);
    yaml_event_delete(&event);
    return status;
}

static enum status read_list(struct loader *l, struct node *list)
{
    struct node **tail = &list->first;
    for (;;) {
        TRY(read_next(l, YAML_SEQUENCE_END_EVENT, tail));
        if (!*tail)
            return STATUS_OK;
        tail = &(*tail)->next;
        list->n++;
    }
}

static enum status check_key(struct loader *l, const struct node *mapping, const struct node *key)
{
    if (key->kind != NODE_SCALAR)
        return fail(l->failure, ERROR_CONFIG, "%s:%d:%d: a key must be a single word", l->path,
                    key->line, key->column);
    NODE_EACH(child, mapping)
    {
        if (strcmp(child->key->text, key->text) == 0)
            return fail(l->failure, ERROR_CONFIG,
                        "%s:%d:%d: \"%.80s\" is given twice (first in line %d)", l->path, key->line,
                        key->column, key->text, child->key->line);
    }
    return STATUS_OK;
}

static enum status read_mapping(struct loader *l, struct node *mapping)
{
    struct node **tail = &mapping->first;
    for (;;) {
        struct node *key, *value;
        TRY(read_next(l, YAML_MAPPING_END_EVENT, &key));
        if (!key)
            return STATUS_OK;
        TRY(check_key(l, mapping, key));
        TRY(read_next(l, YAML_NO_EVENT, &value));
        value->key = key;
        *tail = value;
        tail = &value->next;
        mapping->n++;
    }
}

static enum status read_children(struct loader *l, const yaml_event_t *event, struct node *n)
{
    if (++l->depth > DEPTH_MAX)
        return wrong_at(l, &event->start_mark, "too many levels");
    TRY(n->kind == NODE_LIST ? read_list(l, n) : read_mapping(l, n));
    l->depth--;
    return STATUS_OK;
}

static enum status read_node(struct loader *l, yaml_event_t *event, struct node **out)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(l, event, out);
    case YAML_SEQUENCE_START_EVENT:
        TRY(refuse_extras(l, event, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag));
        *out = new_node(l, NODE_LIST, event);
        return read_children(l, event, *out);
    case YAML_MAPPING_START_EVENT:
        TRY(refuse_extras(l, event, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag));
        *out = new_node(l, NODE_MAPPING, event);
        return read_children(l, event, *out);
    case YAML_ALIAS_EVENT:
        return wrong_at(l, &event->start_mark,
                        "aliases (*name) are not supported: write the text "
                        "in quotes, or the part again");
    default:
        return wrong_at(l, &event->start_mark, "something is missing here");
    }
}

/* Passes events that open the stream and the document. */
static enum status skip_to_root(struct loader *l, yaml_event_t *event)
{
    for (;;) {
        TRY(next_event(l, event));
        if (event->type == YAML_STREAM_END_EVENT)
            return fail(l->failure, ERROR_CONFIG, "%s:1:1: the file is empty", l->path);
        if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT)
            return STATUS_OK;
        yaml_event_delete(event);
    }
}

static enum status expect_end(struct loader *l)
{
    yaml_event_t event;
    do {
        TRY(next_event(l, &event));
        yaml_event_type_t type = event.type;
        yaml_mark_t mark = event.start_mark;
        yaml_event_delete(&event);
        if (type == YAML_DOCUMENT_START_EVENT)
            return wrong_at(l, &mark, "a second document: one file holds one");
        if (type == YAML_STREAM_END_EVENT)
            return STATUS_OK;
    } while (true);
}

static enum status read_document(struct loader *l, struct node **out)
{
    yaml_event_t event;
    TRY(skip_to_root(l, &event));
    enum status status = read_node(l, &event, out);
    yaml_event_delete(&event);
    TRY(status);
    return expect_end(l);
}

static enum status read_file(const char *path, struct arena *a, char **text, size_t *size,
                             struct failure *f)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(f, ERROR_CONFIG, "%s: cannot be opened: %s", path, strerror(errno));
    *text = arena_alloc(a, FILE_BYTES_MAX + 1);
    *size = fread(*text, 1, FILE_BYTES_MAX + 1, file);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error)
        return fail(f, ERROR_CONFIG, "%s: cannot be read: %s", path, strerror(error));
    if (*size > FILE_BYTES_MAX)
        return fail(f, ERROR_CONFIG, "%s: larger than %d bytes", path, FILE_BYTES_MAX);
    return STATUS_OK;
}

enum status node_load(const char *path, struct arena *a, struct node **out, struct failure *f)
{
    struct arena scratch = {0};
    struct loader l = {.path = path, .arena = a, .failure = f};
    char *text = NULL;
    size_t size = 0;
    enum status status = read_file(path, &scratch, &text, &size, f);
    if (status == STATUS_OK) {
        l.text = text;
        l.size = size;
        must(yaml_parser_initialize(&l.parser));
        yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, size);
        status = read_document(&l, out);
        yaml_parser_delete(&l.parser);
    }
    arena_free(&scratch);
    return status;
}

bool node_is_null(const struct node *n)
{
    if (n->kind != NODE_SCALAR || !n->plain)
        return false;
    return !*n->text || strcmp(n->text, "null") == 0 || strcmp(n->text, "~") == 0;
}
