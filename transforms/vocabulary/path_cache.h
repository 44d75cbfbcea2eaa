/* Path cache: names that were resolved once. The same query gives the same names, by the same
 * pointers, for each of its objects: so a pointer is enough to know them by. What the pointers lead
 * to must stay as long as the cache. One thread.
 */
#ifndef MILLRACE_VOCABULARY_PATH_CACHE_H
#define MILLRACE_VOCABULARY_PATH_CACHE_H

#include "base/arena.h"
#include "transforms/vocabulary/path.h"

struct path_cache;

struct path_cache *path_cache_new(void);
void path_cache_free(struct path_cache *c); /* NULL is fine */

/* As path_columns, path_list. `c` NULL: resolved anew, in `a`. */
enum status path_cache_columns(struct path_cache *c, const ProtobufCMessageDescriptor *type,
                               const char *const *names, uint32_t n, struct arena *a,
                               const struct field_path **out, struct failure *f);
enum status path_cache_list(struct path_cache *c, const ProtobufCMessageDescriptor *type,
                            const char *name, struct arena *a, const struct field_path **out,
                            struct failure *f);

#endif
