/* Sets of GTIDs.
 *
 * MySQL: runs of numbers, one list for each (uuid, tag), sorted; text `uuid:1-5:7:tag:1-3,uuid2:9`.
 * MariaDB: the last GTID of each domain, sorted by domain; text `0-1-77,1-2-9`.
 *
 * A source adds each transaction's number and writes the set as its position. Both are cheap in the
 * usual case, where the number follows the last one of its list: the text before and after that
 * number is kept until anything else changes.
 */
#include <stdlib.h>
#include "mysql/decode.h"
#include "mysql/gtid_text.h"

enum { TEXT_MAX = 64 * 1024 * 1024 };

struct list {
    struct gtid name; /* uuid and tag */
    struct run *runs; /* sorted, with gaps between them */
    size_t n, capacity;
};

struct gtid_set {
    bool mariadb;
    struct list *lists; /* MySQL, sorted by uuid and tag */
    size_t nlists, lists_capacity;
    struct gtid *domains; /* MariaDB, sorted by domain */
    size_t ndomains, domains_capacity;
    size_t hot;                  /* the list that was added to last */
    struct buffer before, after; /* the text around the last number of `hot` */
    bool cached;
};

static void *grown(void *items, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return items;
    *capacity = *capacity ? *capacity * 2 : 4;
    void *more = realloc(items, *capacity * size);
    must(more != NULL);
    return more;
}

struct gtid_set *gtid_set_new(bool mariadb)
{
    struct gtid_set *s = calloc(1, sizeof *s);
    must(s != NULL);
    s->mariadb = mariadb;
    buffer_init(&s->before, TEXT_MAX);
    buffer_init(&s->after, TEXT_MAX);
    return s;
}

static void clear(struct gtid_set *s)
{
    for (size_t i = 0; i < s->nlists; i++)
        free(s->lists[i].runs);
    s->nlists = s->ndomains = s->hot = 0;
    s->cached = false;
}

void gtid_set_free(struct gtid_set *s)
{
    if (!s)
        return;
    clear(s);
    free(s->lists);
    free(s->domains);
    buffer_free(&s->before);
    buffer_free(&s->after);
    free(s);
}

/* -- MySQL -- */

static int name_compare(const struct gtid *a, const struct gtid *b)
{
    int c = memcmp(a->uuid, b->uuid, sizeof a->uuid);
    return c ? c : strcmp(a->tag, b->tag);
}

/* Where the list is, or would be. */
static bool list_find(const struct gtid_set *s, const struct gtid *g, size_t *at)
{
    if (s->hot < s->nlists && name_compare(&s->lists[s->hot].name, g) == 0) {
        *at = s->hot;
        return true;
    }
    size_t low = 0, high = s->nlists;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int c = name_compare(&s->lists[middle].name, g);
        if (c == 0) {
            *at = middle;
            return true;
        }
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *at = low;
    return false;
}

static struct list *list_of(struct gtid_set *s, const struct gtid *g)
{
    size_t at;
    if (!list_find(s, g, &at)) {
        s->lists = grown(s->lists, s->nlists, &s->lists_capacity, sizeof *s->lists);
        memmove(s->lists + at + 1, s->lists + at, (s->nlists - at) * sizeof *s->lists);
        s->lists[at] = (struct list){.name = *g};
        s->nlists++;
        s->cached = false;
    }
    if (at != s->hot)
        s->cached = false;
    s->hot = at;
    return &s->lists[at];
}

/* The first run that ends at or after `number`. */
static size_t run_find(const struct list *l, uint64_t number)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->runs[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void run_insert(struct list *l, size_t at, struct run run)
{
    l->runs = grown(l->runs, l->n, &l->capacity, sizeof *l->runs);
    memmove(l->runs + at + 1, l->runs + at, (l->n - at) * sizeof *l->runs);
    l->runs[at] = run;
    l->n++;
}

static void run_remove(struct list *l, size_t at, size_t count)
{
    if (count == 0)
        return;
    memmove(l->runs + at, l->runs + at + count, (l->n - at - count) * sizeof *l->runs);
    l->n -= count;
}

/* Adds first..last, joined with the runs that it meets or touches. */
static void run_add(struct list *l, struct run add)
{
    size_t from = run_find(l, add.first > 1 ? add.first - 1 : add.first), to = from;
    while (to < l->n && l->runs[to].first <= add.last + 1) {
        if (l->runs[to].first < add.first)
            add.first = l->runs[to].first;
        if (l->runs[to].last > add.last)
            add.last = l->runs[to].last;
        to++;
    }
    run_remove(l, from, to - from);
    run_insert(l, from, add);
}

static void list_add(struct gtid_set *s, const struct gtid *g, struct run add)
{
    struct list *l = list_of(s, g);
    struct run *last = l->n ? &l->runs[l->n - 1] : NULL;
    if (last && add.first == last->last + 1) {
        if (last->first == last->last)
            s->cached = false; /* "5" becomes "5-6" */
        last->last = add.last;
        return;
    }
    run_add(l, add);
    s->cached = false;
}

static bool list_holds(const struct list *l, struct run run)
{
    size_t at = run_find(l, run.first);
    return at < l->n && l->runs[at].first <= run.first && l->runs[at].last >= run.last;
}

/* -- MariaDB -- */

static struct gtid *domain_find(const struct gtid_set *s, uint32_t domain, size_t *at)
{
    size_t i = 0;
    while (i < s->ndomains && s->domains[i].domain < domain)
        i++;
    *at = i;
    return i < s->ndomains && s->domains[i].domain == domain ? &s->domains[i] : NULL;
}

static void domain_add(struct gtid_set *s, const struct gtid *g)
{
    size_t at;
    struct gtid *d = domain_find(s, g->domain, &at);
    if (!d) {
        s->domains = grown(s->domains, s->ndomains, &s->domains_capacity, sizeof *s->domains);
        memmove(s->domains + at + 1, s->domains + at, (s->ndomains - at) * sizeof *s->domains);
        s->ndomains++;
        d = &s->domains[at];
    } else if (d->number > g->number) {
        return;
    }
    *d = *g;
}

static bool domain_holds(const struct gtid_set *s, const struct gtid *g)
{
    size_t at;
    const struct gtid *d = domain_find(s, g->domain, &at);
    return d && d->number >= g->number;
}

/* -- both -- */

void gtid_set_add(struct gtid_set *s, const struct gtid *g)
{
    must(s->mariadb == g->mariadb);
    if (g->anonymous || g->number == 0)
        return;
    if (s->mariadb)
        domain_add(s, g);
    else
        list_add(s, g, (struct run){g->number, g->number});
}

static void add_parsed(void *set, const struct gtid *g, struct run run)
{
    struct gtid_set *s = set;
    if (s->mariadb)
        domain_add(s, g);
    else
        list_add(s, g, run);
}

enum status gtid_set_read(struct gtid_set *s, const char *text, struct failure *f)
{
    clear(s);
    bool ok = s->mariadb ? gtid_text_read_maria(text, add_parsed, s)
                         : gtid_text_read_mysql(text, add_parsed, s);
    if (ok)
        return STATUS_OK;
    clear(s);
    return fail(f, ERROR_CONFIG, "\"%.200s\" is no GTID set of %s (it looks like %s)", text,
                s->mariadb ? "MariaDB" : "MySQL",
                s->mariadb ? "0-1-77,1-2-9" : "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-77");
}

bool gtid_set_holds(const struct gtid_set *s, const struct gtid *g)
{
    if (s->mariadb != g->mariadb)
        return false;
    if (s->mariadb)
        return domain_holds(s, g);
    size_t at;
    return list_find(s, g, &at) && list_holds(&s->lists[at], (struct run){g->number, g->number});
}

static bool list_within(const struct list *l, const struct gtid_set *s)
{
    size_t at;
    if (l->n > 0 && !list_find(s, &l->name, &at))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (!list_holds(&s->lists[at], l->runs[i]))
            return false;
    return true;
}

bool gtid_set_within(const struct gtid_set *a, const struct gtid_set *b)
{
    if (a->mariadb != b->mariadb)
        return false;
    for (size_t i = 0; i < a->ndomains; i++)
        if (!domain_holds(b, &a->domains[i]))
            return false;
    for (size_t i = 0; i < a->nlists; i++)
        if (!list_within(&a->lists[i], b))
            return false;
    return true;
}

/* -- text -- */

static void list_write(const struct gtid_set *s, size_t i, struct buffer *out)
{
    const struct list *l = &s->lists[i];
    bool same_uuid =
        i > 0 && memcmp(l->name.uuid, s->lists[i - 1].name.uuid, sizeof l->name.uuid) == 0;
    if (!same_uuid) {
        if (i > 0)
            buffer_add_char(out, ',');
        value_add_uuid(out, (const char *)l->name.uuid);
    }
    if (l->name.tag[0]) {
        buffer_add_char(out, ':');
        buffer_add_text(out, l->name.tag);
    }
    for (size_t k = 0; k < l->n; k++) {
        buffer_add_char(out, ':');
        buffer_add_uint(out, l->runs[k].first);
        if (l->runs[k].last == l->runs[k].first)
            continue;
        buffer_add_char(out, '-');
        buffer_add_uint(out, l->runs[k].last);
    }
}

static size_t digits(uint64_t u)
{
    size_t n = 1;
    for (; u >= 10; u /= 10)
        n++;
    return n;
}

static uint64_t hot_number(const struct gtid_set *s)
{
    const struct list *l = &s->lists[s->hot];
    return l->runs[l->n - 1].last;
}

static void cache_text(struct gtid_set *s)
{
    buffer_clear(&s->before);
    buffer_clear(&s->after);
    for (size_t i = 0; i <= s->hot; i++)
        list_write(s, i, &s->before);
    s->before.size -= digits(hot_number(s));
    for (size_t i = s->hot + 1; i < s->nlists; i++)
        list_write(s, i, &s->after);
    s->cached = true;
}

static void mysql_write(struct gtid_set *s, struct buffer *out)
{
    if (s->nlists == 0)
        return;
    if (!s->cached)
        cache_text(s);
    buffer_add(out, s->before.data, s->before.size);
    buffer_add_uint(out, hot_number(s));
    buffer_add(out, s->after.data, s->after.size);
}

static void maria_write(const struct gtid_set *s, struct buffer *out)
{
    for (size_t i = 0; i < s->ndomains; i++) {
        const struct gtid *d = &s->domains[i];
        if (i > 0)
            buffer_add_char(out, ',');
        buffer_add_uint(out, d->domain);
        buffer_add_char(out, '-');
        buffer_add_uint(out, d->server_id);
        buffer_add_char(out, '-');
        buffer_add_uint(out, d->number);
    }
}

void gtid_set_write(const struct gtid_set *s, struct buffer *out)
{
    if (s->mariadb)
        maria_write(s, out);
    else
        mysql_write((struct gtid_set *)(uintptr_t)s, out); /* only the kept text changes */
}

/* -- COM_BINLOG_DUMP_GTID (sql/rpl_gtid_set.cc): number of lists u64, then for each: uuid, [tag:
 * size as a varint, bytes], number of runs u64, (first u64, one past the last u64)*. Where there
 * are tags, the first number is 1 << 56 | lists << 8 | 1. -- */

static void add_u64le(struct buffer *out, uint64_t v)
{
    buffer_add(out, &v, sizeof v);
}

void gtid_set_encode(const struct gtid_set *s, struct buffer *out)
{
    bool tagged = false;
    for (size_t i = 0; i < s->nlists; i++)
        tagged = tagged || s->lists[i].name.tag[0];
    add_u64le(out, tagged ? 1ULL << 56 | (uint64_t)s->nlists << 8 | 1 : s->nlists);
    for (size_t i = 0; i < s->nlists; i++) {
        const struct list *l = &s->lists[i];
        size_t tag_size = strlen(l->name.tag);
        buffer_add(out, l->name.uuid, sizeof l->name.uuid);
        if (tagged) {
            buffer_add_char(out, (char)(tag_size << 1));
            buffer_add(out, l->name.tag, tag_size);
        }
        add_u64le(out, l->n);
        for (size_t k = 0; k < l->n; k++) {
            add_u64le(out, l->runs[k].first);
            add_u64le(out, l->runs[k].last + 1);
        }
    }
}
