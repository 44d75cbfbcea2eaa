/* What the compiled views say: names of events, lists and fields. */
#include "transforms/mirror/parts.h"

static const struct query *query_of(const struct views *v, int event, int list)
{
    const struct view *w = &v->views[event];
    return list < 0 ? &w->query : &w->lists[list];
}

int views_nevents(const struct views *v)
{
    return v->nviews;
}

const char *views_event_name(const struct views *v, int event)
{
    return v->views[event].name;
}

const char *views_event_type(const struct views *v, int event)
{
    return v->views[event].type;
}

int views_nlists(const struct views *v, int event)
{
    return v->views[event].nlists;
}

const char *views_list_name(const struct views *v, int event, int list)
{
    return v->views[event].lists[list].name;
}

int views_nfields(const struct views *v, int event, int list)
{
    return query_of(v, event, list)->nfields;
}

const char *views_field(const struct views *v, int event, int list, int field)
{
    return query_of(v, event, list)->fields[field].name;
}

const struct column *views_shown(const struct views *v, int event, int list, int field)
{
    return query_of(v, event, list)->fields[field].shows;
}

const char *views_event_key(const struct views *v, int event)
{
    const struct query *q = &v->views[event].query;
    return q->fields[q->key].name;
}

bool views_event_is_alone(const struct views *v, int event)
{
    return v->views[event].alone;
}

const struct relation *views_event_of(const struct views *v, int event)
{
    return v->tables[v->views[event].of].relation;
}

int views_nalone(const struct views *v)
{
    return v->ntables - views_ntables(v);
}

const struct relation *views_alone_table(const struct views *v, int i)
{
    return v->tables[views_ntables(v) + i].relation;
}
