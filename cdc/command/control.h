/* Control: the unix socket (0600) of a running process, and how the commands ask it.
 *
 * One request and one answer a connection, each a line of JSON:
 *   {"command": "status"}                                   -> {"links": [...]}
 *   {"command": "skip", "link": "erp-mes", "position": P}    -> {"ok": true} | {"error": "..."}
 *   {"command": "quarantine", "link": "erp-mes", "skip": false, "filter": {"key": "WH/MO/00012"}}
 *                                                            -> {"request": 1} | {"error": "..."}
 *   {"command": "quarantine-answer", "link": "erp-mes", "request": 1}
 *                          -> {"waiting": true, "state": "streaming"} | {"text": "..."} | {"error": "..."}
 *   {"command": "stop", "link": "erp-mes"}                   -> {"ok": true} when it has stopped
 * The server lives on the main loop; the client blocks.
 */
#ifndef MILLRACE_COMMAND_CONTROL_H
#define MILLRACE_COMMAND_CONTROL_H

#include <jansson.h>
#include <uv.h>
#include "base/fail.h"

struct control;

/* Listens at `path`; a socket that nobody listens on any more is replaced, one that is in use is
 * SECOND_ENGINE. `answer` gets a request and returns the answer (both owned as jansson says). */
enum status control_open(uv_loop_t *loop, const char *path,
                         json_t *(*answer)(void *owner, const json_t *request), void *owner,
                         struct failure *f, struct control **out);
void control_close(struct control *c); /* handles close on the loop; frees itself; NULL allowed */

/* Client. STATUS_OK with *answer NULL: no process listens at `path`. */
enum status control_ask(const char *path, json_t *request, json_t **answer, struct failure *f);

#endif
