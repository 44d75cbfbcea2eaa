/* The tables of the load: load_1 .. load_N and load_probe, and the rows in them. */
#ifndef LOAD_TABLE_H
#define LOAD_TABLE_H

#include "base/buffer.h"
#include "benchmarks/load/options.h"
#include "benchmarks/load/random.h"
#include "benchmarks/load/side.h"

/* "(id, k, 'amount', 'at', 'pad')": the values of a row, k and the rest by chance. */
void table_add_values(struct buffer *b, int64_t id, int64_t width, struct random *r);
/* "k = .., amount = .., pad = '..'" for SET */
void table_add_assignments(struct buffer *b, int64_t width, struct random *r);

/* --prepare on one side. Refuses where tables of these names exist, unless o->replace. */
enum status table_prepare(const struct options *o, const struct place *place, struct failure *f);

#endif
