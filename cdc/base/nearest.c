#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_BYTES = 128 };

static bool same(char a, char b, enum nearest_by by)
{
    if (by == NEAREST_LENIENT)
        return tolower((unsigned char)a) == tolower((unsigned char)b);
    return a == b;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's, or where neighbours may be swapped optimal string alignment, over the last three
 * rows of its table. */
static size_t distance(const char *a, const char *b, enum nearest_by by)
{
    size_t rows[3][NAME_BYTES + 1], na = strlen(a), nb = strlen(b);
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = least(least(before[j], now[j - 1]) + 1,
                           before[j - 1] + !same(a[i - 1], b[j - 1], by));
            if (by == NEAREST_LENIENT && i > 1 && j > 1 && same(a[i - 1], b[j - 2], by) &&
                same(a[i - 2], b[j - 1], by))
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

struct nearest nearest_within(const char *wanted, size_t within, enum nearest_by by)
{
    return (struct nearest){.wanted = wanted, .distance = within, .by = by};
}

void nearest_offer(struct nearest *n, const char *name)
{
    if (strlen(n->wanted) > NAME_BYTES || strlen(name) > NAME_BYTES)
        return;
    size_t d = distance(n->wanted, name, n->by);
    if (d >= n->distance)
        return;
    n->distance = d;
    n->name = name;
}
