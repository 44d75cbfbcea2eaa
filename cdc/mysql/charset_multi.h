/* Multi: the East Asian character sets of several bytes, as tables that are made at first use (by
 * iconv, with what the servers do otherwise) and kept for good. Thread-safe. Private to charset.c.
 */
#ifndef MILLRACE_MYSQL_CHARSET_MULTI_H
#define MILLRACE_MYSQL_CHARSET_MULTI_H

#include "base/reader.h"

enum charset_multi {
    MULTI_BIG5,
    MULTI_CP932,
    MULTI_EUCJPMS,
    MULTI_EUCKR,
    MULTI_GB18030,
    MULTI_GB2312,
    MULTI_GBK,
    MULTI_SJIS,
    MULTI_UJIS,
    MULTI_COUNT,
};

/* NULL: iconv does not know the character set on this machine. */
const struct multi *multi_of(enum charset_multi which);
/* The next character at `r`, whose first byte is beyond ASCII; 0: not valid. */
uint32_t multi_read(const struct multi *m, struct reader *r);

#endif
