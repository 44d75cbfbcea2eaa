/* Names that mean the same everywhere, so that a ratio which contradicts them is a mistake. Of one
 * letter as they are written (M may be anything), of more in any case (KG is kg). */
#include "transforms/functions/units_parts.h"

#include <string.h>
#include <strings.h>

static const struct known_unit known[] = {
    {"mg", "mass", 1, 1000},
    {"g", "mass", 1, 1},
    {"kg", "mass", 1000, 1},
    {"t", "mass", 1000000, 1},
    {"毫克", "mass", 1, 1000},
    {"克", "mass", 1, 1},
    {"千克", "mass", 1000, 1},
    {"公斤", "mass", 1000, 1},
    {"吨", "mass", 1000000, 1},
    {"mm", "length", 1, 1000},
    {"cm", "length", 1, 100},
    {"dm", "length", 1, 10},
    {"m", "length", 1, 1},
    {"km", "length", 1000, 1},
    {"毫米", "length", 1, 1000},
    {"厘米", "length", 1, 100},
    {"米", "length", 1, 1},
    {"千米", "length", 1000, 1},
    {"公里", "length", 1000, 1},
    {"ml", "volume", 1, 1000},
    {"cl", "volume", 1, 100},
    {"dl", "volume", 1, 10},
    {"l", "volume", 1, 1},
    {"L", "volume", 1, 1},
    {"hl", "volume", 100, 1},
    {"毫升", "volume", 1, 1000},
    {"升", "volume", 1, 1},
    {"ms", "time", 1, 1000},
    {"s", "time", 1, 1},
    {"sec", "time", 1, 1},
    {"min", "time", 60, 1},
    {"h", "time", 3600, 1},
    {"hour", "time", 3600, 1},
    {"hours", "time", 3600, 1},
    {"秒", "time", 1, 1},
    {"分钟", "time", 60, 1},
    {"小时", "time", 3600, 1},
};

const struct known_unit *known_unit_find(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *k = known[i].name;
        if (strlen(k) == size &&
            (size == 1 ? *k == *name : strncasecmp(k, name, size) == 0))
            return &known[i];
    }
    return NULL;
}

void known_unit_factor(const struct known_unit *k, mpq_ptr out)
{
    mpq_set_si(out, k->numerator, (unsigned long)k->denominator);
    mpq_canonicalize(out);
}
