/* Dictionary: codes of one system in the words of another, as data.
 *
 *   dictionaries:
 *     uom:    { file: dict/uom.csv, unknown: quarantine }          # CSV: code,value
 *     active: { codes: { "true": Y, "false": N }, reverse: fail }
 *     state:  { codes: { draft: 0, done: 9 }, unknown: { value: "1" } }
 *
 * Codes and values are texts, whatever YAML or a spreadsheet thinks of NO, Y and 012.
 *
 * unknown   what map() does with a code that is not there: `fail` (the default), `quarantine`,
 *           `pass` (the code itself), `{ value: X }`
 * reverse   the same for unmap(), which is refused without it: a dictionary in which two codes have
 *           one value cannot be read backwards, and one with `reverse` is checked for that at load
 *
 * A code that stands twice is an error, also with the same value.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_DICTIONARY_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_DICTIONARY_H

#include <stddef.h>
#include "base/digest.h"
#include "transforms/functions/config_parts.h"

struct dictionary;
struct dictionaries;

enum policy { POLICY_FAIL, POLICY_QUARANTINE, POLICY_PASS, POLICY_VALUE };

struct unknown_policy {
    enum policy policy;
    const char *value; /* of POLICY_VALUE */
};

/* NULL node: none. Everything but the hash tables lies in the part's arena. */
enum status dictionaries_read(const struct part *p, const struct node *n,
                              struct dictionaries **out);
void dictionaries_free(struct dictionaries *d); /* the hash tables */
/* Adds all that they say, in an order of its own, in which the tables then are: before threads. */
void dictionaries_digest(struct dictionaries *d, struct digest *out);

/* Read-only: any thread. NULL: there is none of the name. */
const struct dictionary *dictionary_find(const struct dictionaries *d, const char *name,
                                         size_t size);
const char *dictionary_name(const struct dictionary *d);
/* NULL: the code (the value) is not there. */
const char *dictionary_value(const struct dictionary *d, const char *code, size_t size);
const char *dictionary_code(const struct dictionary *d, const char *value, size_t size);
struct unknown_policy dictionary_unknown(const struct dictionary *d);
/* false: `reverse` was not declared. */
bool dictionary_reverse(const struct dictionary *d, struct unknown_policy *out);

#endif
