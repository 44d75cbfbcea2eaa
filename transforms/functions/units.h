/* Units: exact ratios, stated in words.
 *
 *   units:
 *     ratios: [1 kg = 1000 g, 1 dozen = 12 Units, 1 in = 127/5 mm]
 *     materials: { STL-100: [1 box = 12 Units, 1 Units = 0.25 kg] }
 *     materials_file: dict/units.csv        # CSV: material,ratio
 *     unknown: quarantine                   # (the default) or fail
 *
 * A list alone, `units: [1 kg = 1000 g]`, is its `ratios`. A unit's name is a word as a system
 * writes it: kg and KG are two units until a line says 1 KG = 1 kg.
 *
 * Units that a chain of ratios connects have one dimension. A material's own ratios hold for it
 * alone, beside the general ones; they may also join two dimensions (1 Units = 0.25 kg).
 *
 * Refused at load, with the place: a ratio that contradicts what earlier ones say, over any number
 * of steps; one that contradicts what the names mean (1 kg = 0.1 g, 1 min = 100 s, and 1 kg = 1 m
 * outside a material); no ratio at all ("1 kg = g").
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_UNITS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_UNITS_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/digest.h"
#include "transforms/functions/config_parts.h"

struct units;

enum unit_answer { UNIT_OK, UNIT_FROM_UNKNOWN, UNIT_TO_UNKNOWN, UNIT_DIFFERENT_DIMENSIONS };

struct unit_name {
    const char *text;
    size_t size;
};

/* NULL node: no units. Released by units_free; nothing lies in the part's arena. */
enum status units_read(const struct part *p, const struct node *n, struct units **out);
void units_free(struct units *u);
/* Adds the ratios as they were said, sorted. */
void units_digest(struct units *u, struct digest *out);

/* quantity in `to` = quantity in `from` * ratio; `ratio` is initialised. `material` may be empty. A
 * unit is always 1 of itself, defined or not. Read-only: any thread. */
enum unit_answer units_ratio(const struct units *u, struct unit_name from, struct unit_name to,
                             struct unit_name material, mpq_ptr ratio);
bool units_fail_unknown(const struct units *u);

#endif
