#include "transforms/mirror/nearest.h"

#include <stdio.h>
#include <string.h>

struct nearest nearest_to(const char *wanted)
{
    return nearest_within(wanted, strlen(wanted) / 3 + 2, NEAREST_EXACT);
}

const char *nearest_text(const struct nearest *n)
{
    static _Thread_local char text[160];
    if (!n->name)
        return "";
    snprintf(text, sizeof text, "; did you mean %s?", n->name);
    return text;
}
