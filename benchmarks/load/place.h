/* Where a side is: "mariadb://user@host:port/database". Pure.
 *
 * Families: postgres or postgresql; mysql or mariadb (spoken to alike). User, port and database may
 * be left out where the family has a default; the password comes from the environment, never from
 * the command line, which others can read.
 */
#ifndef LOAD_PLACE_H
#define LOAD_PLACE_H

#include "base/fail.h"

enum place_family { PLACE_POSTGRES, PLACE_MYSQL };

enum { PLACE_NAME_BYTES = 256 };

struct place {
    enum place_family family;
    char user[PLACE_NAME_BYTES], host[PLACE_NAME_BYTES], database[PLACE_NAME_BYTES];
    int port;
    const char *password; /* NULL: none */
};

enum status place_read(const char *url, struct place *out, struct failure *f);
/* "host:port/database", for messages; valid until the next call of the thread */
const char *place_text(const struct place *p);

#endif
