#include "db/mysql/my.h"

#include <errmsg.h>
#include <string.h>

/* number, our error. The numbers are the servers' (mysqld_error.h, MariaDB's errmsg): a list, since
 * SQLSTATE is HY000 for most of what matters here. */
static const struct {
    unsigned number;
    enum error code;
} classes[] = {
    /* connection */
    {2002, ERROR_CONNECT},
    {2003, ERROR_CONNECT},
    {2005, ERROR_CONNECT},
    {2006, ERROR_CONNECTION_LOST},
    {2013, ERROR_CONNECTION_LOST},
    {2026, ERROR_CONNECT},
    {2055, ERROR_CONNECTION_LOST},
    {1053, ERROR_CONNECTION_LOST},
    {1077, ERROR_CONNECTION_LOST},
    {1078, ERROR_CONNECTION_LOST},
    {1079, ERROR_CONNECTION_LOST},
    {1152, ERROR_CONNECTION_LOST},
    {1158, ERROR_CONNECTION_LOST},
    {1159, ERROR_CONNECTION_LOST},
    {1160, ERROR_CONNECTION_LOST},
    {1161, ERROR_CONNECTION_LOST},
    {1184, ERROR_CONNECTION_LOST},
    {1317, ERROR_CONNECTION_LOST}, /* query was interrupted: KILL QUERY, or a shutdown */
    {1927, ERROR_CONNECTION_LOST},
    {1969, ERROR_CONNECTION_LOST},
    {3024, ERROR_CONNECTION_LOST},
    {3168, ERROR_CONNECTION_LOST},
    {3169, ERROR_CONNECTION_LOST},
    {4031, ERROR_CONNECTION_LOST},
    /* may pass */
    {1040, ERROR_SERVER_BUSY},
    {1203, ERROR_SERVER_BUSY},
    {1226, ERROR_SERVER_BUSY},
    {1021, ERROR_SERVER_BUSY},
    {1026, ERROR_SERVER_BUSY}, /* a file that it could not write: a disk is full */
    {1030, ERROR_SERVER_BUSY},
    {1037, ERROR_SERVER_BUSY},
    {1038, ERROR_SERVER_BUSY},
    {1105, ERROR_SERVER_BUSY}, /* "multi-table update": what MySQL says when a shutdown ends it */
    {1114, ERROR_SERVER_BUSY},
    {1206, ERROR_SERVER_BUSY},
    {1290, ERROR_SERVER_BUSY}, /* --read-only: a failover in progress */
    {1412, ERROR_SERVER_BUSY}, /* the table was altered after the snapshot was opened */
    {1637, ERROR_SERVER_BUSY},
    {1836, ERROR_SERVER_BUSY},
    {1205, ERROR_LOCK_WAIT},
    {3572, ERROR_LOCK_WAIT},
    {1213, ERROR_DEADLOCK},
    {1020, ERROR_DEADLOCK}, /* MariaDB: record has changed since last read */
    {1614, ERROR_DEADLOCK},
    {3058, ERROR_DEADLOCK},
    /* data */
    {1022, ERROR_UNIQUE},
    {1062, ERROR_UNIQUE},
    {1169, ERROR_UNIQUE},
    {1586, ERROR_UNIQUE},
    {1859, ERROR_UNIQUE},
    {1048, ERROR_CONSTRAINT},
    {1216, ERROR_CONSTRAINT},
    {1217, ERROR_CONSTRAINT},
    {1364, ERROR_CONSTRAINT},
    {1451, ERROR_CONSTRAINT},
    {1452, ERROR_CONSTRAINT},
    {1644, ERROR_CONSTRAINT}, /* SIGNAL in a trigger */
    {1761, ERROR_CONSTRAINT},
    {1762, ERROR_CONSTRAINT},
    {1906, ERROR_CONSTRAINT},
    {3105, ERROR_CONSTRAINT},
    {3819, ERROR_CONSTRAINT},
    {4025, ERROR_CONSTRAINT},
    {1118, ERROR_VALUE},
    {1264, ERROR_VALUE},
    {1267, ERROR_VALUE}, /* a text compared with a key whose charset cannot hold it */
    {3854, ERROR_VALUE}, /* the same on MySQL */
    {1265, ERROR_VALUE},
    {1292, ERROR_VALUE},
    {1300, ERROR_VALUE},
    {1366, ERROR_VALUE},
    {1367, ERROR_VALUE},
    {1406, ERROR_VALUE},
    {1411, ERROR_VALUE},
    {1416, ERROR_VALUE},
    {1690, ERROR_VALUE},
    {3140, ERROR_VALUE},
    {3141, ERROR_VALUE},
    {3144, ERROR_VALUE},
    {3146, ERROR_VALUE},
    {3156, ERROR_VALUE},
    {3157, ERROR_VALUE},
    /* a person must act */
    {1044, ERROR_PRIVILEGE},
    {1045, ERROR_PRIVILEGE},
    {1130, ERROR_PRIVILEGE},
    {1142, ERROR_PRIVILEGE},
    {1143, ERROR_PRIVILEGE},
    {1227, ERROR_PRIVILEGE},
    {1370, ERROR_PRIVILEGE},
    {1698, ERROR_PRIVILEGE},
    {1820, ERROR_PRIVILEGE},
    {1862, ERROR_PRIVILEGE},
    {1054, ERROR_CONFIG},
    {1129, ERROR_CONFIG},
    {1153, ERROR_SETTING},
    {2020, ERROR_SETTING},
    {1193, ERROR_SETTING},
    {1298, ERROR_SETTING},
    {1251, ERROR_CONFIG},
    {1524, ERROR_CONFIG},
    {2059, ERROR_CONFIG},
    {2061, ERROR_CONFIG},
    {1049, ERROR_NO_TABLE}, /* no database, which MySQL says first */
    {1146, ERROR_NO_TABLE},
    {1051, ERROR_NO_TABLE},
};

static enum error class_by_state(const char *state)
{
    if (strncmp(state, "08", 2) == 0)
        return ERROR_CONNECTION_LOST;
    if (strncmp(state, "22", 2) == 0)
        return ERROR_VALUE;
    if (strncmp(state, "23", 2) == 0)
        return ERROR_CONSTRAINT;
    if (strncmp(state, "40", 2) == 0)
        return ERROR_DEADLOCK;
    if (strncmp(state, "42", 2) == 0)
        return ERROR_INTERNAL;
    return ERROR_CONFIG;
}

/* Below 1000 are the numbers of the system and of mysys: the server's own files, not our request. */
enum error my_error_of(unsigned number, const char *state)
{
    if (number < 1000)
        return ERROR_SERVER_BUSY;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].number == number)
            return classes[i].code;
    if (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR)
        return ERROR_INTERNAL; /* of the library, such as commands out of order */
    return class_by_state(state);
}

static enum status my_fail_of(struct my *my, unsigned number, const char *state, const char *text,
                              const char *doing)
{
    if (my->base.wake && wake_is_set(my->base.wake))
        return fail(my->base.failure, ERROR_STOPPED, "stopped while %s", doing);
    return fail(my->base.failure, my_error_of(number, state), "%s: %s: %s (%s error %u)",
                my->base.system, doing, text,
                my->base.engine == ENGINE_MARIADB ? "MariaDB" : "MySQL", number);
}

enum status my_fail(struct my *my, const char *doing)
{
    return my_fail_of(my, mysql_errno(my->conn), mysql_sqlstate(my->conn), mysql_error(my->conn),
                      doing);
}

enum status my_fail_stmt(struct my *my, MYSQL_STMT *stmt, const char *doing)
{
    return my_fail_of(my, mysql_stmt_errno(stmt), mysql_stmt_sqlstate(stmt), mysql_stmt_error(stmt),
                      doing);
}
