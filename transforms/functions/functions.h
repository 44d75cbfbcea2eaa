/* Functions: what mappings call inside SQLite: exact decimals, dictionaries, units, time zones,
 * patterns, masks. docs/FUNCTIONS.md says what each does.
 *
 *   functions_load      once, from the configuration: dictionaries, units, keys
 *   functions_register  on each connection that evaluates mappings
 *   guard.h             on each statement, when it is prepared
 *
 * Of SQLite's own functions these are replaced by exact ones: sum, total, avg, round, abs. min and
 * max stay SQLite's: they go by the collation of their argument, which is what tells a decimal
 * column (COLLATE decimal) from a column of codes like '10' and '9'. What an expression computes
 * has no collation: for that there are dec_min and dec_max, and the guard refuses min and max.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_FUNCTIONS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_FUNCTIONS_H

#include <sqlite3.h>
#include "base/fail.h"
#include "transforms/functions/outcome.h"

struct node;
struct functions;

/* Parts of the configuration file, as they stand there; NULL: not given. */
struct functions_config {
    const char *path; /* the file: for errors, and the folder of relative paths */
    const struct node *dictionaries;
    const struct node *units;
    const struct node *mask_keys;
};

/* CONFIG with "file:line:column: ..." of the configuration, or "file:line: ..." of a CSV file. The
 * result is read-only from then on, shared by all threads, and outlives every connection it is
 * registered on. The nodes are not needed afterwards. */
enum status functions_load(const struct functions_config *config, struct functions **out,
                           struct failure *f);
void functions_free(struct functions *fs);
/* SHA-256, in hex, of all that was loaded (dictionaries, units, keys), whatever its order: another
 * hash, and a mapping may say something else. No key can be told from it. Lives as long as `fs`. */
const char *functions_hash(const struct functions *fs);

/* All functions, and the collation `decimal`; SQLite's Bloom filters are turned off, which know no
 * collation. `fs` NULL: no dictionaries, units and keys. `outcome`
 * (may be NULL) gets the connection's record; it lives until the connection is closed. */
enum status functions_register(sqlite3 *db, const struct functions *fs, struct outcome **outcome,
                               struct failure *f);

/* Are the dictionaries there that `map` and `unmap` name by a literal? CONFIG. */
enum status functions_names_check(const struct functions *fs, const char *sql, struct failure *f);

/* May a mapping call this function? NULL: yes. Else why not, in a few words: for the authorizer's
 * SQLITE_FUNCTION (guard.h does it). Refused is what is not known to be harmless and to give the
 * same result on every run: load_extension, readfile, random, changes, ... The clock
 * (date('now')), which the name alone does not show, guard_check refuses. */
const char *functions_refused(const char *name);

#endif
