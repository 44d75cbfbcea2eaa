#include "transforms/mirror/nearest.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128 };

struct nearest nearest_to(const char *wanted)
{
    size_t size = strlen(wanted);
    return (struct nearest){.wanted = wanted, .distance = size / 3 + 2};
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's, over one row; names that are too long are far. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], na = strlen(a), nb = strlen(b);
    if (na > NAME_MAX_BYTES || nb > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t up = row[j];
            row[j] = least(diagonal + (a[i - 1] != b[j - 1]), least(up, row[j - 1]) + 1);
            diagonal = up;
        }
    }
    return row[nb];
}

void nearest_try(struct nearest *n, const char *name)
{
    size_t d = distance(n->wanted, name);
    if (d < n->distance) {
        n->distance = d;
        n->best = name;
    }
}

const char *nearest_text(const struct nearest *n)
{
    static _Thread_local char text[NAME_MAX_BYTES + 32];
    if (!n->best)
        return "";
    snprintf(text, sizeof text, "; did you mean %s?", n->best);
    return text;
}
