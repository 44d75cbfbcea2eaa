/* What the views of a link say, by the vocabulary and by SQLite: each flow by itself, so that one
 * fault hides no other; then all together, as the link runs them. */
#include "check/events.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "transforms/vocabulary/compatible.h"
#include "transforms/vocabulary/path.h"

enum { TEXT_MAX = 16 << 20, VOCABULARY_BYTES_MAX = 16 << 20 };

/* ---- one flow ---- */

static enum status compile_flow(struct check *k, struct check_link *l, struct check_flow *f)
{
    struct link_config *alone = arena_alloc(&k->arena, sizeof *alone);
    struct event_flow *flow = arena_alloc(&k->arena, sizeof *flow);
    *alone = *l->lc;
    *flow = *f->flow;
    alone->event_flows = flow;
    alone->nevent_flows = 1;
    failure_clear(&k->failure);
    TRY(event_program_load(k->config, alone, &f->program, &k->failure));
    return event_program_compile(f->program, l->events->relations, l->events->nrelations,
                                 &k->failure);
}

static int count_fields(const struct event_line *line)
{
    int n = line->event.nfields;
    for (int i = 0; i < line->nlists; i++)
        n += line->lists[i].nfields;
    return n;
}

/* May a value of such a column be one of such a field? As transforms/vocabulary/field.h says;
 * whether each one is, only the values tell. */
static bool may_be(enum value_kind column, enum field_kind field)
{
    bool text = column == VALUE_TEXT || column == VALUE_JSON || column == VALUE_UUID;
    bool time = column == VALUE_DATE || column == VALUE_TIME || column == VALUE_DATETIME ||
                column == VALUE_INSTANT;
    switch (field) {
    case FIELD_TIMESTAMP:
        return column == VALUE_TEXT || (time && column != VALUE_TIME);
    case FIELD_STRING:
        return column != VALUE_BYTES;
    case FIELD_BYTES:
        return column == VALUE_BYTES || text;
    case FIELD_ENUM:
        return column == VALUE_TEXT || column == VALUE_INT || column == VALUE_UINT;
    default:
        return column == VALUE_TEXT || (!text && !time && column != VALUE_BYTES);
    }
}

/* The message whose fields the columns are; NULL: single values. */
static const ProtobufCMessageDescriptor *message_of(const struct event_type *t, const char *list)
{
    struct field_path path;
    if (!list)
        return t->message;
    bool found = path_find(t->message, list, &path);
    return found && path_field(&path)->type == PROTOBUF_C_TYPE_MESSAGE
               ? path_field(&path)->descriptor
               : NULL;
}

static void check_kinds(struct check *k, struct check_flow *f, int event, int list)
{
    const struct views *v = f->program->views;
    const char *name = list < 0 ? NULL : views_list_name(v, event, list);
    const ProtobufCMessageDescriptor *in = message_of(f->program->lines[0].type, name);
    for (int i = 0; in && i < views_nfields(v, event, list); i++) {
        struct field_path path;
        const char *field = views_field(v, event, list, i);
        const struct column *c = views_shown(v, event, list, i);
        if (!c || !path_find(in, field, &path) || may_be(c->kind, path.kind))
            continue;
        f->compiled = false;
        report_add(k->report, VERDICT_MISSING, NULL,
                   "event %s (line %d): %s%s%s is %s, and the column %s that it shows is %s: "
                   "convert it in the view",
                   views_event_name(v, event), f->flow->event->line, name ? name : "",
                   name ? "." : "", field, field_kind_name(path.kind), c->name, c->type);
    }
}

static void check_all_kinds(struct check *k, struct check_flow *f)
{
    const struct views *v = f->program->views;
    f->compiled = true;
    for (int e = 0; e < views_nevents(v); e++)
        for (int list = -1; list < views_nlists(v, e); list++)
            check_kinds(k, f, e, list);
}

static void check_flow(struct check *k, struct check_link *l, struct check_flow *f)
{
    const struct event_config *e = f->flow->event;
    if (compile_flow(k, l, f) == STATUS_OK) {
        check_all_kinds(k, f);
        if (!f->compiled)
            return;
        report_add(k->report, VERDICT_OK, NULL,
                   "event %s (line %d): %d fields of %s have their types", e->name, e->line,
                   count_fields(&f->program->lines[0]), e->type);
        return;
    }
    /* SQLite and the vocabulary count no lines of the file. */
    report_add(k->report, VERDICT_MISSING, NULL, "event %s (line %d, its SQL from line %d): %s",
               e->name, e->line, e->sql.line, k->failure.text);
}

/* ---- all of them ---- */

/* Lines of explanation, below the line that they belong to. */
static void say_detail(struct check *k, const char *text)
{
    for (const char *line = text; *line;) {
        size_t size = strcspn(line, "\n");
        fprintf(k->report->out, "             %.*s\n", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

static void check_together(struct check *k, struct check_link *l)
{
    struct check_events *ev = l->events;
    struct buffer b;
    failure_clear(&k->failure);
    if (event_program_compile(ev->program, ev->relations, ev->nrelations, &k->failure) !=
        STATUS_OK) {
        report_add(k->report, VERDICT_MISSING, NULL, "%s", k->failure.text);
        return;
    }
    report_add(k->report, VERDICT_OK, NULL, "its views, all together, are evaluated so:");
    buffer_init(&b, TEXT_MAX);
    views_explain(ev->program->views, &b);
    say_detail(k, buffer_text(&b));
    buffer_free(&b);
}

/* ---- the vocabulary that was used last ---- */

/* NULL: there is none yet. */
static const void *read_file(struct check *k, const char *path, size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *data = NULL;
    ssize_t n = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= VOCABULARY_BYTES_MAX) {
        data = arena_alloc(&k->arena, (size_t)st.st_size + 1);
        for (*size = 0; *size < (size_t)st.st_size; *size += (size_t)n)
            if ((n = read(fd, data + *size, (size_t)st.st_size - *size)) <= 0)
                break;
    }
    close(fd);
    return data;
}

static void check_vocabulary(struct check *k, struct check_link *l)
{
    size_t size = 0;
    const char *path =
        arena_format(&k->arena, "%s/%s.vocabulary", k->config->state_dir, l->lc->name);
    const void *data = read_file(k, path, &size);
    struct vocabulary *last = NULL;
    if (!data)
        return;
    failure_clear(&k->failure);
    enum status status = vocabulary_read(path, data, size, &last, &k->failure);
    if (status == STATUS_OK)
        status = compatible_check(last, l->events->program->vocabulary, &k->failure);
    if (status == STATUS_OK)
        report_add(k->report, VERDICT_OK, NULL,
                   "the vocabulary reads what was packed by the last one");
    else
        report_add(k->report, VERDICT_MISSING, NULL,
                   "the vocabulary differs from the one last used in a way that misreads what is "
                   "held: %s",
                   k->failure.text);
    vocabulary_free(last);
}

enum status check_event_views(struct check *k, struct check_link *l)
{
    struct check_events *ev = l->events;
    bool all = !k->owners_only;
    if (all)
        check_vocabulary(k, l);
    ev->flows = arena_zalloc(&k->arena, sizeof *ev->flows * (size_t)(l->lc->nevent_flows + 1));
    for (int i = 0; i < l->lc->nevent_flows; i++) {
        struct check_flow *f = &ev->flows[ev->nflows++];
        f->flow = &l->lc->event_flows[i];
        check_flow(k, l, f);
        all = all && f->compiled;
    }
    if (all)
        check_together(k, l);
    return STATUS_OK;
}
