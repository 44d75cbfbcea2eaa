/* quarantine_request.c: which held events: from arguments, over the socket, to the link. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "command/quarantine.h"

/* ---- from arguments ---- */

static enum status read_reason(const char *name, struct held_filter *filter, struct failure *f)
{
    enum held_reason r;
    if (!name)
        return STATUS_OK;
    if (!held_reason_read(name, &r))
        return fail(f, ERROR_CONFIG,
                    "--reason %s is none: wait, quarantine, behind, together or skipped", name);
    filter->reasons = 1u << r;
    return STATUS_OK;
}

static enum status read_number(const char *word, int64_t *n, struct failure *f)
{
    char *end = NULL;
    errno = 0;
    *n = strtoll(word, &end, 10);
    if (errno || end == word || *end || *n <= 0)
        return fail(f, ERROR_CONFIG, "%s is no number of a held event: `millrace quarantine list` "
                                     "shows them in its first column",
                    word);
    return STATUS_OK;
}

static enum status read_numbers(const struct arguments *args, struct arena *a,
                                struct held_filter *filter, struct failure *f)
{
    int count = args->nwords - 1; /* after list, show, retry or skip */
    if (count > QUARANTINE_NUMBERS_MAX)
        return fail(f, ERROR_CONFIG, "at most %d numbers at once", (int)QUARANTINE_NUMBERS_MAX);
    int64_t *n = arena_alloc(a, (size_t)(count + 1) * sizeof *n);
    for (int i = 0; i < count; i++)
        TRY(read_number(args->words[i + 1], &n[i], f));
    filter->n = count > 0 ? n : NULL;
    filter->count = (uint32_t)(count > 0 ? count : 0);
    return STATUS_OK;
}

enum status quarantine_filter(const struct arguments *args, struct arena *a,
                              struct held_filter *filter, struct failure *f)
{
    *filter = (struct held_filter){.flow = args->flow,
                                   .key = args->key,
                                   .table = args->table,
                                   .column = args->column};
    TRY(read_reason(args->reason, filter, f));
    return read_numbers(args, a, filter, f);
}

bool quarantine_chooses(const struct held_filter *filter)
{
    return filter->reasons || filter->flow || filter->key || filter->table || filter->column ||
           filter->count > 0;
}

/* ---- as JSON ---- */

static void set_text(json_t *j, const char *name, const char *value)
{
    if (value)
        json_object_set_new(j, name, json_string(value));
}

json_t *quarantine_filter_json(const struct held_filter *filter)
{
    json_t *j = json_pack("{s:I}", "reasons", (json_int_t)filter->reasons), *n = json_array();
    set_text(j, "flow", filter->flow);
    set_text(j, "key", filter->key);
    set_text(j, "table", filter->table);
    set_text(j, "column", filter->column);
    for (uint32_t i = 0; i < filter->count; i++)
        json_array_append_new(n, json_integer((json_int_t)filter->n[i]));
    json_object_set_new(j, "n", n);
    return j;
}

static const char *text_of(const json_t *j, const char *name)
{
    return json_string_value(json_object_get(j, name));
}

enum status quarantine_filter_read(const json_t *j, struct arena *a, struct held_filter *filter,
                                   struct failure *f)
{
    const json_t *n = json_object_get(j, "n");
    json_int_t reasons = json_integer_value(json_object_get(j, "reasons"));
    size_t count = json_array_size(n);
    if (!json_is_object(j) || reasons < 0 || (reasons & ~(json_int_t)HELD_EVENTS) != 0 ||
        count > QUARANTINE_NUMBERS_MAX)
        return fail(f, ERROR_CONFIG, "the request's filter is none");
    int64_t *numbers = arena_alloc(a, (count + 1) * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = json_integer_value(json_array_get(n, i));
    *filter = (struct held_filter){.reasons = (unsigned)reasons,
                                   .flow = text_of(j, "flow"),
                                   .key = text_of(j, "key"),
                                   .table = text_of(j, "table"),
                                   .column = text_of(j, "column"),
                                   .n = count ? numbers : NULL,
                                   .count = (uint32_t)count};
    return STATUS_OK;
}

/* ---- the process's side ---- */

static json_t *error_json(const struct failure *f)
{
    return json_pack("{s:s}", "error", f->text);
}

static json_t *serve_request(struct link *l, const json_t *request)
{
    struct failure f = {0};
    struct held_filter filter;
    struct arena a;
    int64_t id = 0;
    arena_init(&a);
    enum status status =
        quarantine_filter_read(json_object_get(request, "filter"), &a, &filter, &f);
    if (status == STATUS_OK)
        status = link_quarantine(l, json_is_true(json_object_get(request, "skip")), &filter, &id,
                                 &f);
    arena_free(&a);
    return status == STATUS_OK ? json_pack("{s:I}", "request", (json_int_t)id) : error_json(&f);
}

enum { ANSWER_BYTES_MAX = 4 << 20 };

static json_t *serve_answer(struct link *l, const json_t *request)
{
    struct failure f = {0};
    struct link_status s;
    struct buffer b;
    bool done = false;
    json_t *j;
    buffer_init(&b, ANSWER_BYTES_MAX);
    enum status status = link_quarantine_answer(
        l, json_integer_value(json_object_get(request, "request")), &done, &b, &f);
    link_status(l, &s);
    if (status != STATUS_OK)
        j = error_json(&f);
    else if (!done)
        j = json_pack("{s:b, s:s}", "waiting", 1, "state", link_state_name(s.state));
    else
        j = json_pack("{s:s}", "text", buffer_text(&b));
    buffer_free(&b);
    return j ? j : json_pack("{s:s}", "error", "the link's answer is no UTF-8; it is done");
}

json_t *quarantine_serve(struct link *l, const json_t *request)
{
    const char *command = text_of(request, "command");
    if (strcmp(command, "quarantine") == 0)
        return serve_request(l, request);
    if (strcmp(command, "quarantine-answer") == 0)
        return serve_answer(l, request);
    return json_pack("{s:s}", "error", "no such command");
}
