/* Charset tables: how MySQL's and MariaDB's servers convert, read out of them byte by byte (their
 * answer to CONVERT(x USING utf8mb4)), where it differs from ASCII or from iconv. Data alone.
 */
#ifndef MILLRACE_MYSQL_CHARSET_TABLES_H
#define MILLRACE_MYSQL_CHARSET_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* Single-byte character sets: the code points of bytes 0x80 to 0xff; 0: none. */
struct charset_single {
    const char *name;
    uint16_t high[128];
};
extern const struct charset_single charset_singles[];
extern const size_t charset_nsingles;

/* Multi-byte ones: (bytes, code point) pairs; bytes big-endian, as one number. */
struct charset_pair {
    uint32_t bytes;
    uint16_t code;
};
extern const struct charset_pair charset_big5[], charset_sjis[], charset_ujis[], charset_gb18030[];
extern const size_t charset_nbig5, charset_nsjis, charset_nujis, charset_ngb18030;

#endif
