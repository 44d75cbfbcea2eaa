/* The texts of GTID sets, as servers and people write them. Private to gtid_set.c. */
#ifndef MILLRACE_MYSQL_GTID_TEXT_H
#define MILLRACE_MYSQL_GTID_TEXT_H

#include "mysql/binlog.h"

struct run {
    uint64_t first, last;
};

typedef void gtid_text_add(void *set, const struct gtid *g, struct run run);

/* Calls `add` for each run (MySQL: uuid and tag in `g`) or GTID (MariaDB). White space and line
 * ends are skipped; the empty text is the empty set. False: not of the form (something may have
 * been added). */
bool gtid_text_read_mysql(const char *text, gtid_text_add *add, void *set);
bool gtid_text_read_maria(const char *text, gtid_text_add *add, void *set);

#endif
