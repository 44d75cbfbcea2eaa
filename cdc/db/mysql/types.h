/* Types: the rows of the one type table, for the files that read, write and select by it. A column
 * type is its data_type and whether it is unsigned; the rest (length, scale) is in the column.
 */
#ifndef MILLRACE_DB_MYSQL_TYPES_H
#define MILLRACE_DB_MYSQL_TYPES_H

#include "db/mysql/my.h"

/* What a column does with what is written into it, where that differs from "as it reads". */
enum my_form {
    FORM_PLAIN,
    FORM_YEAR,   /* the string '0' is 2000, the number 26 is 2026 */
    FORM_BIT,    /* a string is its bytes */
    FORM_LABEL,  /* enum, set: a string of digits is an index where no label is like it */
    FORM_VARIED, /* varchar, text: blanks beyond the length are cut without an error */
    FORM_FIXED,  /* binary(n): filled with zeros */
};

struct my_type {
    const char *data_type;
    bool is_unsigned;
    bool json_check; /* MariaDB's JSON: longtext with a check */
    enum value_kind kind;
    enum my_form form;
    /* Text protocol -> value; text that cannot be read: false. */
    bool (*read)(const char *text, size_t size, struct arena *a, struct value *out);
};

#endif
