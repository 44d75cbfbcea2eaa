/* Plan: how one source relation becomes one target relation: compiled once per layout, then applied
 * to every change without a lookup.
 *
 *   flow (config) + source relation + target relation + both systems' zones -> plan
 *
 * Per target column a step: copy a source column, convert it (kind, zone), or a constant; a target
 * column without a step is ABSENT in every row. The matrix of kinds is in convert.h. Where all
 * columns go as they are, in the same order, applying is the change of one pointer.
 *
 * Read-only once compiled; used by the link's thread.
 */
#ifndef MILLRACE_TRANSFORMS_PLAN_H
#define MILLRACE_TRANSFORMS_PLAN_H

#include "base/fail.h"
#include "config/config.h"
#include "model/batch.h"

struct plan;
struct zone;

/* CONFIG/NO_TABLE errors name flow, table and column: a source column without a target column, a
 * NOT NULL target column without a source, kinds that cannot be converted, a key that is dropped
 * or that the source's old rows do not tell. */
enum status plan_compile(const struct flow *flow, const struct relation *source,
                         const struct relation *target, const struct zone *source_zone,
                         const struct zone *target_zone, struct arena *a, struct plan **out,
                         struct failure *f);
/* One line per column for `check`: "qty numeric(12,3) -> qty decimal(10,2): may lose digits". */
void plan_describe(const struct plan *p, struct buffer *out);
const struct relation *plan_target(const struct plan *p);

/* Is the target's key made of the source's key columns, all of them? Then the source's key alone
 * says which row of the target it is. */
bool plan_keeps_key(const struct plan *p);

/* Turns a source change into a target change (arrays from `a`, the batch's arena). VALUE where a
 * value has no form at the target, with table, key, column and value: then `c` is as it was.
 * ROW_IMAGE where the old row lacks what finds the target's row. */
enum status plan_apply(const struct plan *p, struct change *c, struct arena *a, struct failure *f);

#endif
