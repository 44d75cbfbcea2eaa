/* Conditions, as PostgreSQL prints them in its plans: every operator in brackets, every column with
 * its table's alias. Just enough is read to say by which columns a table is asked. */
#include <ctype.h>
#include <string.h>
#include "check/events.h"

enum { SIDES_MAX = 64 };

struct text {
    const char *at, *end;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* Behind a quoted piece that begins at `at`. */
static const char *skip_quoted(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && !(*at == quote && (at + 1 >= end || at[1] != quote)))
        at += *at == quote ? 2 : 1;
    return at < end ? at + 1 : end;
}

/* Where the bracket that opens at `at` ends. */
static const char *close_of(const char *at, const char *end)
{
    int depth = 0;
    while (at < end) {
        if (*at == '\'' || *at == '"') {
            at = skip_quoted(at, end);
            continue;
        }
        depth += (*at == '(') - (*at == ')');
        if (depth == 0)
            return at;
        at++;
    }
    return end;
}

static struct text trimmed(struct text t)
{
    while (t.at < t.end && *t.at == ' ')
        t.at++;
    while (t.at < t.end && t.end[-1] == ' ')
        t.end--;
    return t;
}

static struct text unwrapped(struct text t)
{
    t = trimmed(t);
    while (t.at < t.end && *t.at == '(' && close_of(t.at, t.end) == t.end - 1)
        t = trimmed((struct text){t.at + 1, t.end - 1});
    return t;
}

/* The first `word` that stands in no brackets. */
static const char *find_outside(struct text t, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = t.at; at < t.end;) {
        if (*at == '\'' || *at == '"')
            at = skip_quoted(at, t.end);
        else if (*at == '(')
            at = close_of(at, t.end) + 1;
        else if ((size_t)(t.end - at) >= size && memcmp(at, word, size) == 0)
            return at;
        else
            at++;
    }
    return NULL;
}

/* Calls of a table's columns: of `prefix` ("u."), or of any other. */
static bool speaks_of(struct text t, const char *prefix, bool other)
{
    size_t size = strlen(prefix);
    for (const char *at = t.at; at < t.end;) {
        if (*at == '\'') {
            at = skip_quoted(at, t.end);
            continue;
        }
        const char *begin = at;
        if (*at == '"')
            at = skip_quoted(at, t.end);
        else if (is_word(*at) && !isdigit((unsigned char)*at))
            while (at < t.end && is_word(*at))
                at++;
        if (at == begin) {
            at++;
            continue;
        }
        bool qualifies = at + 1 < t.end && *at == '.' && (is_word(at[1]) || at[1] == '"');
        bool same = (size_t)(at - begin) + 1 == size && memcmp(begin, prefix, size) == 0;
        if (qualifies && same != other)
            return true;
        at += qualifies;
        if (qualifies) /* the column's own name */
            at = *at == '"' ? skip_quoted(at, t.end) : at;
    }
    return false;
}

/* Casts between texts change nothing that an index minds. */
static struct text uncast(struct text t)
{
    static const char *const casts[] = {"::text", "::character varying", "::bpchar"};
    t = unwrapped(t);
    for (size_t i = 0; i < sizeof casts / sizeof *casts; i++) {
        size_t size = strlen(casts[i]);
        if ((size_t)(t.end - t.at) <= size || memcmp(t.end - size, casts[i], size) != 0)
            continue;
        struct text inner = {t.at, t.end - size};
        if (*inner.at == '(' ? close_of(inner.at, inner.end) == inner.end - 1
                             : !find_outside(inner, " "))
            return uncast(inner);
    }
    return t;
}

static void add_side(struct arena *a, struct text side, struct text other, const char *prefix,
                     condition_side *found, void *context)
{
    side = uncast(side);
    if (speaks_of(side, prefix, false) && !speaks_of(side, prefix, true) &&
        !speaks_of(other, prefix, false))
        found(context, arena_copy(a, side.at, (size_t)(side.end - side.at)));
}

void condition_sides(const char *condition, const char *prefix, struct arena *a,
                     condition_side *found, void *context)
{
    struct text left[SIDES_MAX];
    int n = 0;
    left[n++] = (struct text){condition, condition + strlen(condition)};
    while (n > 0) {
        struct text t = unwrapped(left[--n]);
        const char *and = find_outside(t, " AND "), *equals = find_outside(t, " = ");
        if (and && n + 2 <= SIDES_MAX) {
            left[n++] = (struct text){and + 5, t.end};
            left[n++] = (struct text){t.at, and};
        } else if (equals && !find_outside(t, " OR ")) {
            struct text x = {t.at, equals}, y = {equals + 3, t.end};
            add_side(a, x, y, prefix, found, context);
            add_side(a, y, x, prefix, found, context);
        }
    }
}

/* "name" behind the prefix and nothing more; NULL: an expression. */
const char *condition_column(const char *side, const char *prefix, struct arena *a)
{
    size_t size = strlen(prefix);
    if (strncmp(side, prefix, size) != 0)
        return NULL;
    const char *name = side + size, *end = name + strlen(name);
    if (*name == '"' && skip_quoted(name, end) == end) {
        char *copy = arena_copy(a, name + 1, (size_t)(end - name) - 2), *to = copy;
        for (const char *at = copy; *at; at += *at == '"' ? 2 : 1)
            *to++ = *at;
        *to = '\0';
        return copy;
    }
    for (const char *at = name; at < end; at++)
        if (!is_word(*at))
            return NULL;
    return name;
}

const char *condition_unqualified(const char *side, const char *prefix, struct arena *a)
{
    size_t size = strlen(prefix);
    char *out = arena_alloc(a, strlen(side) + 1), *to = out;
    const char *end = side + strlen(side);
    for (const char *at = side; at < end;) {
        if (*at == '\'' || (*at == '"' && strncmp(at, prefix, size) != 0)) {
            const char *next = skip_quoted(at, end);
            memcpy(to, at, (size_t)(next - at));
            to += next - at;
            at = next;
        } else if (strncmp(at, prefix, size) == 0 && (at == side || !is_word(at[-1]))) {
            at += size;
        } else {
            *to++ = *at++;
        }
    }
    *to = '\0';
    return out;
}
