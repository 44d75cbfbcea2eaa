#include "transforms/vocabulary/nearest_name.h"

#include <ctype.h>
#include <string.h>

enum { NAME_BYTES_MAX = 100 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int differs(char a, char b)
{
    return tolower((unsigned char)a) != tolower((unsigned char)b);
}

/* Optimal string alignment, over the last three rows of its table. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_BYTES_MAX + 1], na = strlen(a), nb = strlen(b);
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = least(least(before[j], now[j - 1]) + 1,
                           before[j - 1] + (size_t)differs(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && !differs(a[i - 1], b[j - 2]) && !differs(a[i - 2], b[j - 1]))
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[na % 3][nb];
}

struct nearest_name nearest_name(const char *wanted)
{
    /* What differs in half of its letters was not meant. */
    return (struct nearest_name){wanted, NULL, strlen(wanted) / 2 + 1};
}

void nearest_name_offer(struct nearest_name *n, const char *name)
{
    if (strlen(n->wanted) > NAME_BYTES_MAX || strlen(name) > NAME_BYTES_MAX)
        return;
    size_t d = distance(n->wanted, name);
    if (d >= n->distance)
        return;
    n->distance = d;
    n->name = name;
}
