/* JSON's scalars, from binary to text. Private to json.c. */
#ifndef MILLRACE_MYSQL_JSON_SCALAR_H
#define MILLRACE_MYSQL_JSON_SCALAR_H

#include "mysql/json.h"

bool json_scalar_write(const struct json_node *n, struct json_out *out);

#endif
