/* What a server gets that asks for the "file" of a LOAD DATA LOCAL: the bytes of the statement that
 * is under way. A server may ask at any time and for any name: it never gets a file, and nothing at
 * all while we are not loading. */
#include "db/mysql/my.h"

#include <errmsg.h>
#include <stdio.h>
#include <string.h>

static int begin(void **handle, const char *name, void *owner)
{
    struct my *my = owner;
    (void)name;
    *handle = my;
    return my->local.data ? 0 : 1;
}

static int next(void *handle, char *out, unsigned room)
{
    struct my *my = handle;
    size_t n = my->local.size < room ? my->local.size : room;
    memcpy(out, my->local.data, n);
    my->local.data += n;
    my->local.size -= n;
    return (int)n;
}

static void end(void *handle)
{
    struct my *my = handle;
    my->local.data = NULL;
}

static int error(void *handle, char *out, unsigned room)
{
    (void)handle;
    snprintf(out, room, "the server asked for a file");
    return CR_UNKNOWN_ERROR;
}

void my_local_allow(struct my *my)
{
    unsigned yes = 1;
    mysql_optionsv(my->conn, MYSQL_OPT_LOCAL_INFILE, &yes);
    mysql_set_local_infile_handler(my->conn, begin, next, end, error, my);
}
