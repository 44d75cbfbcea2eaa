/* ownership.c: pairs of writers first, then circles. Files have dozens of flows, not thousands: all
 * is compared with all. */
#include "link/ownership.h"

#include <string.h>
#include <strings.h>
#include "base/buffer.h"

enum { TEXT_MAX = 1 << 20, NAMES_SHOWN = 5 };

struct finding {
    const struct ownership_input *in;
    struct arena *arena;
    ownership_found *found;
    void *context;
    int n;
};

static void say(struct finding *f, struct buffer *text)
{
    f->found(f->context, arena_strdup(f->arena, buffer_text(text)));
    f->n++;
    buffer_free(text);
}

/* ---- names ---- */

static bool same_name(bool any_case, const char *a, const char *b)
{
    return any_case ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

static bool same_table(const struct owned_table *a, const struct owned_table *b)
{
    return strcmp(a->system, b->system) == 0 && same_name(a->any_case, a->schema, b->schema) &&
           same_name(a->any_case, a->name, b->name);
}

static void add_table(struct buffer *b, const struct owned_table *t)
{
    buffer_add_format(b, "%s.%s in system %s", t->schema, t->name, t->system);
}

static void add_owner(struct buffer *b, const struct owner *o, int line)
{
    buffer_add_format(b, "%s %s of link %s (line %d)", o->plain ? "table" : "flow", o->name,
                      o->link, line);
}

/* "a, b and 3 more". */
struct names {
    const char *name[NAMES_SHOWN];
    int n;
};

static void take_name(struct names *names, const char *name)
{
    for (int i = 0; i < names->n && i < NAMES_SHOWN; i++)
        if (strcmp(names->name[i], name) == 0)
            return;
    if (names->n < NAMES_SHOWN)
        names->name[names->n] = name;
    names->n++;
}

static void add_names(struct buffer *b, const struct names *names)
{
    for (int i = 0; i < names->n && i < NAMES_SHOWN; i++)
        buffer_add_format(b, "%s%s", i ? ", " : "", names->name[i]);
    if (names->n > NAMES_SHOWN)
        buffer_add_format(b, " and %d more", names->n - NAMES_SHOWN);
}

/* ---- one table, two writers ---- */

static bool may_share(enum owned_as a, enum owned_as b)
{
    return a == OWNED_ONCE || b == OWNED_ONCE || (a == OWNED_TOUCH && b == OWNED_TOUCH);
}

static void share_columns(const struct owned_write *a, const struct owned_write *b,
                          struct names *names)
{
    for (int i = 0; i < a->ncolumns; i++)
        for (int j = 0; j < b->ncolumns; j++)
            if (same_name(a->table.any_case, a->columns[i].name, b->columns[j].name) &&
                !may_share(a->columns[i].as, b->columns[j].as))
                take_name(names, a->columns[i].name);
}

/* All of one's columns are the other's too. */
static void share_all(const struct owned_write *a, struct names *names)
{
    for (int i = 0; i < a->ncolumns; i++)
        take_name(names, a->columns[i].name);
}

static void columns_of_both(const struct owned_write *a, const struct owned_write *b,
                            struct names *names)
{
    if (a->ncolumns == ALL_COLUMNS)
        share_all(b, names);
    else if (b->ncolumns == ALL_COLUMNS)
        share_all(a, names);
    else
        share_columns(a, b, names);
}

/* What two writers do to the rows of a table that only one may do; NULL: nothing. */
static const char *rows_of_both(const struct owned_write *a, const struct owned_write *b)
{
    if (a->makes_rows && b->makes_rows)
        return "both make rows of";
    if ((a->makes_rows && b->removes_rows) || (b->makes_rows && a->removes_rows))
        return "one makes and one removes rows of";
    return NULL;
}

struct clash {
    const struct owned_write *a, *b; /* the first writes that meet */
    const char *rows;
    struct names names;
};

static void compare_writes(const struct owned_write *a, const struct owned_write *b,
                           struct clash *c)
{
    int before = c->names.n;
    columns_of_both(a, b, &c->names);
    const char *rows = rows_of_both(a, b);
    if (!c->a && (rows || c->names.n > before)) {
        c->a = a;
        c->b = b;
    }
    c->rows = c->rows ? c->rows : rows;
}

static void say_clash(struct finding *f, const struct owner *x, const struct owner *y,
                      const struct clash *c)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    add_owner(&b, x, c->a->line);
    buffer_add_text(&b, " and ");
    add_owner(&b, y, c->b->line);
    buffer_add_format(&b, ": %s ", c->rows ? c->rows : "both write");
    add_table(&b, &c->a->table);
    if (c->names.n) {
        buffer_add_text(&b, c->rows ? ", and both write " : ", in ");
        add_names(&b, &c->names);
    }
    buffer_add_text(&b, x->plain || y->plain
                            ? ": a table of a link with `tables` is that link's alone"
                        : c->rows ? ": let one of them `do: update`, of columns of its own"
                                  : ": a column has one writer; take it out of one of them");
    say(f, &b);
}

/* The tables that both write, each once. */
static void compare_owners(struct finding *f, const struct owner *x, const struct owner *y)
{
    for (int i = 0; i < x->nwrites; i++) {
        const struct owned_table *t = &x->writes[i].table;
        struct clash c = {0};
        bool seen = false;
        for (int k = 0; k < i; k++)
            seen = seen || same_table(&x->writes[k].table, t);
        for (int k = i; k < x->nwrites && !seen; k++)
            for (int j = 0; j < y->nwrites && same_table(&x->writes[k].table, t); j++)
                if (same_table(&y->writes[j].table, t))
                    compare_writes(&x->writes[k], &y->writes[j], &c);
        if (c.a)
            say_clash(f, x, y, &c);
    }
}

/* ---- circles ---- */

static bool is_read(const struct owned_read *r, bool any_case, const char *column)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (same_name(any_case, r->columns[i], column))
            return true;
    return r->ncolumns == ALL_COLUMNS;
}

static bool meets(const struct owned_write *w, const struct owned_read *r, struct names *names)
{
    if (!same_table(&w->table, &r->table))
        return false;
    for (int i = 0; i < w->ncolumns; i++)
        if (is_read(r, w->table.any_case, w->columns[i].name))
            take_name(names, w->columns[i].name);
    return names->n > 0 || w->makes_rows || w->removes_rows || w->ncolumns == ALL_COLUMNS;
}

/* Does `y` read what `x` writes? Then where, and which columns (none: its rows as such). */
static bool feeds(const struct owner *x, const struct owner *y, const struct owned_write **where,
                  struct names *names)
{
    for (int i = 0; i < x->nwrites; i++)
        for (int j = 0; j < y->nreads; j++) {
            names->n = 0;
            if (!meets(&x->writes[i], &y->reads[j], names))
                continue;
            *where = &x->writes[i];
            return true;
        }
    return false;
}

static void say_step(struct buffer *b, const struct owner *x, const struct owner *y, bool first)
{
    const struct owned_write *where = NULL;
    struct names names = {0};
    must(feeds(x, y, &where, &names));
    if (first)
        add_owner(b, x, where->line);
    buffer_add_text(b, first ? " writes " : ", and writes ");
    if (names.n) {
        add_names(b, &names);
        buffer_add_text(b, " of ");
    } else {
        buffer_add_text(b, "rows of ");
    }
    add_table(b, &where->table);
    buffer_add_text(b, ", which ");
    add_owner(b, y, y->line);
    buffer_add_text(b, " reads");
}

/* `from[i]`: who comes before writer i on the way from `start`. */
static void say_circle(struct finding *f, int start, int last, const int *from)
{
    const struct owner *owners = f->in->owners;
    int *way = arena_alloc(f->arena, sizeof *way * (size_t)(f->in->nowners + 1)), n = 0;
    struct buffer b;
    for (int at = last; at != start; at = from[at])
        way[n++] = at;
    way[n] = start;
    buffer_init(&b, TEXT_MAX);
    buffer_add_text(&b, "what is written goes round: ");
    for (int i = n; i > 0; i--)
        say_step(&b, &owners[way[i]], &owners[way[i - 1]], i == n);
    say_step(&b, &owners[last], &owners[start], n == 0);
    buffer_add_text(&b, ": one of them must not read, or not write, these columns");
    say(f, &b);
}

/* The shortest way from `start` back to it, over flows that come later in the file (a circle is
 * told once, by its first flow) and over plain tables. */
static void find_circle(struct finding *f, int start)
{
    const struct owner *owners = f->in->owners;
    int n = f->in->nowners, head = 0, tail = 0;
    int *queue = arena_alloc(f->arena, sizeof *queue * (size_t)(n + 1));
    int *from = arena_alloc(f->arena, sizeof *from * (size_t)(n + 1));
    memset(from, -1, sizeof *from * (size_t)n);
    for (queue[tail++] = start; head < tail; head++) {
        int at = queue[head];
        const struct owned_write *where;
        struct names names;
        if (feeds(&owners[at], &owners[start], &where, &names)) {
            say_circle(f, start, at, from);
            return;
        }
        for (int i = 0; i < n; i++)
            if (i != start && from[i] < 0 && (owners[i].plain || i > start) &&
                feeds(&owners[at], &owners[i], &where, &names)) {
                from[i] = at;
                queue[tail++] = i;
            }
    }
}

/* ---- all of it ---- */

int ownership_find(const struct ownership_input *in, struct arena *a, ownership_found *found,
                   void *context)
{
    struct finding f = {in, a, found, context, 0};
    for (int i = 0; i < in->nowners; i++)
        for (int j = 0; j < i; j++)
            if (!in->owners[i].plain || !in->owners[j].plain)
                compare_owners(&f, &in->owners[j], &in->owners[i]);
    for (int i = 0; i < in->nowners; i++)
        if (!in->owners[i].plain)
            find_circle(&f, i);
    return f.n;
}

struct first {
    const struct ownership_input *in;
    struct failure *failure;
    enum status status;
};

static void take_first(void *context, const char *text)
{
    struct first *first = context;
    if (first->status == STATUS_OK)
        first->status = fail(first->failure, ERROR_CONFIG, "%s: %s", first->in->path, text);
}

enum status ownership_check(const struct ownership_input *in, struct failure *f)
{
    struct first first = {in, f, STATUS_OK};
    struct arena a;
    arena_init(&a);
    ownership_find(in, &a, take_first, &first);
    arena_free(&a);
    return first.status;
}
