/* quarantine_show.c: list and show, read from the targets with the apply role, also while the links
 * run. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "command/quarantine.h"
#include "link/drivers.h"
#include "state/checkpoint.h"

enum { PAGE = 1000, PAGE_BYTES_MAX = 256 << 20, SHOWN_BYTES_MAX = 1 << 30 };

/* A link's held rows, where they lie. */
struct place {
    const struct link_config *lc;
    struct wake wake;
    struct session *session;
    int64_t link; /* 0: nothing is held: it has not begun */
};

static enum status open_place(struct place *p, const struct link_config *lc, struct failure *f)
{
    bool there = false;
    *p = (struct place){.lc = lc};
    must(wake_init(&p->wake) == 0);
    if (lc->to->engine == ENGINE_NULL)
        return STATUS_OK;
    TRY(session_open(&lc->to->apply, "millrace quarantine", &p->wake, f, &p->session));
    TRY(held_find(p->session, &there, f));
    return there ? state_find_link(p->session, lc->name, &p->link, f) : STATUS_OK;
}

static void close_place(struct place *p)
{
    session_close(p->session);
    wake_free(&p->wake);
}

/* ---- list ---- */

struct listing {
    struct held_query query;
    struct held_event *page;
    struct quarantine_table table;
    struct buffer out;
    struct arena arena;
    bool headed;
    int64_t shown, by_reason[HELD_REASONS_N];
};

/* "2026-11-22T16:48:00.123456Z" -> "2026-11-22 16:48:00" */
static const char *in_seconds(struct arena *a, const char *at)
{
    char *text = arena_strdup(a, at ? at : "");
    if (strlen(text) > 19) {
        text[10] = ' ';
        text[19] = '\0';
    }
    return text;
}

static const char *clean(struct listing *l, const char *text)
{
    buffer_clear(&l->out);
    quarantine_add_clean(&l->out, text);
    return arena_copy(&l->arena, l->out.data, l->out.size);
}

/* With the column where the text begins with its type: "amount (decimal(12,3)) cannot hold ...". */
static const char *why(struct listing *l, const struct held_event *e)
{
    return e->column && e->text && e->text[0] == '('
               ? arena_format(&l->arena, "%s.%s %s", e->table, e->column, e->text)
               : e->text;
}

static void cells_of(struct listing *l, const struct place *p, const struct held_event *e,
                     const char *cells[QUARANTINE_COLUMNS])
{
    const char *what = e->flow ? why(l, e) : arena_format(&l->arena, "%s, passed by millrace skip",
                                                        e->op);
    const char *all[QUARANTINE_COLUMNS] = {
        arena_format(&l->arena, "%" PRId64, e->n),
        p->lc->name,
        clean(l, e->flow ? e->flow : e->table),
        clean(l, e->key),
        held_reason_name(e->reason),
        in_seconds(&l->arena, e->at),
        arena_format(&l->arena, "%" PRId64, e->tries),
        clean(l, what),
    };
    memcpy(cells, all, sizeof all);
}

/* So that all links stand in one column. */
static void fit_links(struct listing *l, const struct config *config, const char *name)
{
    for (int i = 0; i < config->nlinks; i++)
        if (!name || strcmp(config->links[i].name, name) == 0)
            quarantine_fit(&l->table, (const char *const[QUARANTINE_COLUMNS]){
                "", config->links[i].name, "", "", "", "", "", ""});
}

static void head(struct listing *l)
{
    static const char *const titles[QUARANTINE_COLUMNS] = {
        "n", "link", "flow", "key", "reason", "since (UTC)", "tries", "what"};
    if (l->headed)
        return;
    l->headed = true;
    quarantine_fit(&l->table, titles);
    quarantine_add_line(&l->out, &l->table, titles);
}

/* Columns fit the page's rows: a person reads the first ones, and no memory holds them all. */
static void print_page(struct listing *l, const struct place *p, uint32_t n)
{
    const char *(*cells)[QUARANTINE_COLUMNS] = arena_alloc(&l->arena, n * sizeof *cells);
    for (uint32_t i = 0; i < n; i++) {
        cells_of(l, p, &l->page[i], cells[i]);
        quarantine_fit(&l->table, cells[i]);
        l->by_reason[l->page[i].reason]++;
    }
    buffer_clear(&l->out);
    head(l);
    for (uint32_t i = 0; i < n; i++)
        quarantine_add_line(&l->out, &l->table, cells[i]);
    fwrite(l->out.data, 1, l->out.size, stdout);
    l->shown += n;
}

static enum status list_place(struct listing *l, struct place *p, struct failure *f)
{
    uint32_t n = PAGE;
    l->query.after_n = 0;
    while (p->link && n == PAGE) {
        arena_reset(&l->arena);
        TRY(held_page(p->session, p->link, &l->query, &l->arena, l->page, &n, f));
        if (n == 0)
            break;
        l->query.after_n = l->page[n - 1].n;
        print_page(l, p, n);
    }
    return STATUS_OK;
}

static enum status list_link(struct listing *l, const struct link_config *lc, struct failure *f)
{
    struct place p;
    enum status status = open_place(&p, lc, f);
    if (status == STATUS_OK)
        status = list_place(l, &p, f);
    close_place(&p);
    return status;
}

static void print_sums(const struct listing *l)
{
    const char *between = ": ";
    if (l->shown == 0) {
        puts("nothing is held");
        return;
    }
    printf("%" PRId64 " held", l->shown);
    for (int i = 0; i < HELD_REASONS_N; i++)
        if (l->by_reason[i]) {
            printf("%s%" PRId64 " %s", between, l->by_reason[i],
                   held_reason_name((enum held_reason)i));
            between = ", ";
        }
    putchar('\n');
}

/* A target that is away does not hide what the others hold. */
static int list_links(struct listing *l, const struct config *config, const char *name)
{
    int code = EXIT_DONE;
    fit_links(l, config, name);
    for (int i = 0; i < config->nlinks; i++) {
        struct failure f = {0};
        if (name && strcmp(config->links[i].name, name) != 0)
            continue;
        if (list_link(l, &config->links[i], &f) != STATUS_OK)
            code = command_fail(&f);
    }
    if (code == EXIT_DONE || l->shown > 0)
        print_sums(l);
    return code;
}

int quarantine_list(const struct config *config, const struct arguments *args)
{
    struct listing l = {.query = {.limit = PAGE}};
    struct failure f = {0};
    struct arena of_filter;
    int code = EXIT_USAGE;
    arena_init(&of_filter);
    arena_init(&l.arena);
    buffer_init(&l.out, PAGE_BYTES_MAX);
    l.page = arena_alloc(&of_filter, PAGE * sizeof *l.page);
    if (quarantine_filter(args, &of_filter, &l.query.filter, &f) != STATUS_OK) {
        fprintf(stderr, "millrace: %s\n", f.text);
    } else {
        if (!l.query.filter.reasons)
            l.query.filter.reasons = HELD_ANY;
        code = list_links(&l, config, args->of_link);
    }
    buffer_free(&l.out);
    arena_free(&l.arena);
    arena_free(&of_filter);
    return code;
}

/* ---- show ---- */

/* What it means, and what a person can do. */
static const char *advice(const struct place *p, const struct held_event *e, struct arena *a)
{
    const char *link = p->lc->name;
    long long n = e->n;
    switch (e->reason) {
    case HELD_WAIT:
        return arena_format(a,
                            "is tried again by itself, and at once by `millrace quarantine retry "
                            "--link %s %lld`; `... skip ...` drops it for good",
                            link, n);
    case HELD_QUARANTINE:
        return arena_format(a,
                            "waits for you: mend it, then `millrace quarantine retry --link %s "
                            "%lld`; or `... skip ...`, which drops it for good",
                            link, n);
    case HELD_BEHIND:
        return arena_format(a,
                            "goes after the earlier events of its key: `millrace quarantine list "
                            "--link %s --key '%s'`",
                            link, e->key);
    case HELD_TOGETHER:
        return "goes with the others of its source transaction (the same number of it)";
    case HELD_SKIPPED:
    case HELD_REASONS_N:
        break;
    }
    return "was passed by `millrace skip`, and is kept for people: nothing writes it any more";
}

static void add_field(struct buffer *b, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    buffer_add_format(b, "%-12s  ", name);
    quarantine_add_clean(b, text);
    buffer_add_char(b, '\n');
}

static void add_image(struct buffer *b, const char *name, const char *json)
{
    if (!json)
        return;
    buffer_add_format(b, "%s:\n", name);
    quarantine_add_json(b, json);
    buffer_add_char(b, '\n');
}

static const char *utc(struct arena *a, int64_t us)
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;
    char text[32];
    if (us <= 0 || !gmtime_r(&seconds, &tm) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return NULL;
    return arena_format(a, "%s.%06dZ", text, (int)(us % 1000000));
}

static const char *about(struct arena *a, const struct held_event *e)
{
    if (!e->flow || (!e->table && !e->column))
        return NULL;
    return arena_format(a, "%s%s%s", e->table ? e->table : "column",
                        e->column ? e->table ? ", column " : " " : "", e->column ? e->column : "");
}

static void add_shown(struct buffer *b, const struct place *p, const struct held_event *e,
                      struct arena *a)
{
    add_field(b, "n", arena_format(a, "%" PRId64, e->n));
    add_field(b, "link", p->lc->name);
    add_field(b, e->flow ? "flow" : "table", e->flow ? e->flow : e->table);
    add_field(b, "key", e->key);
    add_field(b, "former key", e->old_key);
    add_field(b, "what", e->op);
    add_field(b, "reason", held_reason_name(e->reason));
    add_field(b, "", advice(p, e, a));
    add_field(b, "about", about(a, e));
    add_field(b, "text", e->text);
    add_field(b, "position", e->position);
    add_field(b, "committed", utc(a, e->committed_us));
    if (e->flow)
        add_field(b, "transaction", arena_format(a, "%" PRId64, e->transaction));
    add_field(b, "held since", e->at);
    if (e->tries > 0)
        add_field(b, "tries",
                  arena_format(a, "%" PRId64 ", the last %s", e->tries, e->tried_at));
    add_image(b, "before", e->before);
    add_image(b, "after", e->after);
}

static enum status show_at(struct place *p, const struct held_filter *filter, struct arena *a,
                           bool *found, struct failure *f)
{
    struct held_query q = {.filter = *filter, .limit = 1, .images = true};
    struct held_event e;
    struct buffer b;
    uint32_t n = 0;
    q.filter.reasons = HELD_ANY;
    if (p->link)
        TRY(held_page(p->session, p->link, &q, a, &e, &n, f));
    *found = n > 0;
    if (!*found)
        return STATUS_OK;
    buffer_init(&b, SHOWN_BYTES_MAX);
    add_shown(&b, p, &e, a);
    fwrite(b.data, 1, b.size, stdout);
    buffer_free(&b);
    return STATUS_OK;
}

static int show(const struct link_config *lc, const struct held_filter *filter, struct arena *a)
{
    struct failure f = {0};
    struct place p;
    bool found = false;
    enum status status = open_place(&p, lc, &f);
    if (status == STATUS_OK)
        status = show_at(&p, filter, a, &found, &f);
    close_place(&p);
    if (status != STATUS_OK)
        return command_fail(&f);
    if (found)
        return EXIT_DONE;
    fprintf(stderr, "millrace: link %s holds nothing of the number %" PRId64 " (any more)\n",
            lc->name, filter->n[0]);
    return EXIT_USAGE;
}

/* The one that is named, or the only one. */
static const struct link_config *link_of(const struct config *config, const struct arguments *args)
{
    if (args->of_link)
        return config_link(config, args->of_link);
    return config->nlinks == 1 ? &config->links[0] : NULL;
}

int quarantine_show(const struct config *config, const struct arguments *args)
{
    const struct link_config *lc = link_of(config, args);
    struct held_filter filter;
    struct failure f = {0};
    struct arena a;
    int code = EXIT_USAGE;
    arena_init(&a);
    if (quarantine_filter(args, &a, &filter, &f) != STATUS_OK)
        fprintf(stderr, "millrace: %s\n", f.text);
    else if (!lc || filter.count != 1)
        fprintf(stderr, "millrace: usage: millrace quarantine show -c FILE --link L N\n");
    else
        code = show(lc, &filter, &a);
    arena_free(&a);
    return code;
}
