/* Status: how a link's figures are shown, as JSON and as text. */
#ifndef MILLRACE_COMMAND_STATUS_H
#define MILLRACE_COMMAND_STATUS_H

#include <jansson.h>
#include "link/link.h"

json_t *status_json(const char *link, const struct link_status *s);

#endif
