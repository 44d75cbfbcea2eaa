/* Held keys: of which objects or rows is something held? A count a flow and key; in memory, made from
 * millrace.held at the start. One thread.
 */
#ifndef MILLRACE_STATE_HELD_KEYS_H
#define MILLRACE_STATE_HELD_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct held_keys;

struct held_keys *held_keys_new(void);
void held_keys_free(struct held_keys *k); /* NULL is fine */
void held_keys_clear(struct held_keys *k);
void held_keys_add(struct held_keys *k, int flow, const char *key);
void held_keys_remove(struct held_keys *k, int flow, const char *key);
bool held_keys_has(const struct held_keys *k, int flow, const char *key);
size_t held_keys_count(const struct held_keys *k); /* of keys */

#endif
