/* The hash of what the events of a link say (config.h). What has no order is sorted. */
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/fail.h"
#include "config/config.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_names(struct digest *d, const struct name_list *names)
{
    const char **sorted = calloc((size_t)names->n + 1, sizeof *sorted);
    must(sorted);
    for (int i = 0; i < names->n; i++)
        sorted[i] = names->name[i];
    qsort(sorted, (size_t)names->n, sizeof *sorted, by_text);
    digest_number(d, names->n);
    for (int i = 0; i < names->n; i++)
        digest_text(d, sorted[i]);
    free(sorted);
}

static int by_table(const void *a, const void *b)
{
    return strcmp(((const struct touch_config *)a)->table, ((const struct touch_config *)b)->table);
}

static void add_touches(struct digest *d, const struct event_config *e)
{
    struct touch_config *sorted = calloc((size_t)e->ntouched_by + 1, sizeof *sorted);
    must(sorted);
    for (int i = 0; i < e->ntouched_by; i++)
        sorted[i] = e->touched_by[i];
    qsort(sorted, (size_t)e->ntouched_by, sizeof *sorted, by_table);
    digest_number(d, e->ntouched_by);
    for (int i = 0; i < e->ntouched_by; i++) {
        digest_text(d, sorted[i].table);
        digest_text(d, sorted[i].column);
        digest_text(d, sorted[i].query.text);
    }
    free(sorted);
}

/* An object has its lists in the file's order. */
static void add_lists(struct digest *d, const struct event_config *e)
{
    digest_number(d, e->nlists);
    for (int i = 0; i < e->nlists; i++) {
        digest_text(d, e->lists[i].field);
        digest_text(d, e->lists[i].key);
        digest_text(d, e->lists[i].sql.text);
    }
}

static void add_event(struct digest *d, const struct event_config *e)
{
    digest_text(d, e->name);
    digest_text(d, e->type);
    digest_text(d, e->of);
    digest_text(d, e->key);
    add_touches(d, e);
    add_names(d, &e->looks_up);
    add_lists(d, e);
    digest_text(d, e->sql.text);
}

static bool is_carried(const struct link_config *l, const struct event_config *e)
{
    for (int i = 0; i < l->nevent_flows; i++) {
        if (event_flow_takes(&l->event_flows[i], e->name, e->type))
            return true;
    }
    return false;
}

/* The order of events is that of what they send: it is part of it. */
void link_events_hash(const struct config *c, const struct link_config *l, const char *const *more,
                      int nmore, char out[DIGEST_TEXT_BYTES])
{
    struct digest d;
    digest_begin(&d);
    digest_text(&d, "millrace events 1");
    digest_number(&d, l->from->id);
    digest_text(&d, l->from->zone);
    for (int i = 0; i < c->nevents; i++) {
        if (c->events[i].from == l->from && is_carried(l, &c->events[i]))
            add_event(&d, &c->events[i]);
    }
    digest_number(&d, nmore);
    for (int i = 0; i < nmore; i++)
        digest_text(&d, more[i]);
    digest_end(&d, out);
}
