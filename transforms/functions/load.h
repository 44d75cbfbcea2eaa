/* Load: what functions_load keeps, for the functions that use it. NULL stands for no functions:
 * then there is no dictionary, no unit and no key. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_LOAD_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_LOAD_H

#include "transforms/functions/dictionary.h"
#include "transforms/functions/functions.h"
#include "transforms/functions/mask_keys.h"
#include "transforms/functions/units.h"

const struct dictionaries *functions_dictionaries(const struct functions *fs);
const struct units *functions_units(const struct functions *fs);
const struct mask_keys *functions_mask_keys(const struct functions *fs);

#endif
