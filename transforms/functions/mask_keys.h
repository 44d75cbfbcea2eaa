/* Mask keys: the secrets of mask(), by name.
 *
 *   mask_keys:
 *     persons: { key_file: /etc/millrace/persons.key }   # or key_env: PERSONS_KEY
 *
 * The key is the file's first line, or the variable: 16 bytes at least, 4096 at most. It never
 * stands in the configuration, in SQL, in an error or in a log.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_MASK_KEYS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_MASK_KEYS_H

#include "base/digest.h"
#include "transforms/functions/config_parts.h"

struct mask_keys;

struct mask_key {
    const char *name;
    const unsigned char *bytes;
    size_t size;
};

/* NULL node: none. */
enum status mask_keys_read(const struct part *p, const struct node *n, struct mask_keys **out);
void mask_keys_free(struct mask_keys *keys); /* the bytes are overwritten */
/* Adds names and keys, these as digests of their own. */
void mask_keys_digest(const struct mask_keys *keys, struct digest *out);
/* NULL: there is none of the name. Read-only: any thread. */
const struct mask_key *mask_key_find(const struct mask_keys *keys, const char *name, size_t size);

#endif
