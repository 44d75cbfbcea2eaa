/* Control: the unix socket (0600) of a running process, and how the commands ask it.
 *
 * One request and one answer a connection, each a line of JSON; only who asks for events stays, and
 * is sent a line an event:
 *   {"command": "status"}                                   -> {"links": [...]}
 *   {"command": "skip", "link": "erp-mes", "position": P}    -> {"ok": true} | {"error": "..."}
 *   {"command": "quarantine", "link": "erp-mes", "skip": false, "filter": {"key": "WH/MO/00012"}}
 *                                                            -> {"request": 1} | {"error": "..."}
 *   {"command": "quarantine-answer", "link": "erp-mes", "request": 1}
 *                          -> {"waiting": true, "state": "streaming"} | {"text": "..."} | {"error": "..."}
 *   {"command": "stop", "link": "erp-mes"}                   -> {"ok": true} when it has stopped
 *   {"command": "events", "link": L, "type": T, "key": K}    -> {"ok": true}, then {"specversion"...
 *                                                              at last perhaps {"error": "..."}
 * The server lives on the main loop; the client blocks.
 */
#ifndef MILLRACE_COMMAND_CONTROL_H
#define MILLRACE_COMMAND_CONTROL_H

#include <jansson.h>
#include <uv.h>
#include "base/fail.h"

struct buffer;
struct control;

/* What a caller is sent behind the answer, until it goes. */
struct control_stream {
    void *self; /* NULL: nothing, the answer ends it */
    bool (*take)(void *self, struct buffer *out); /* appends; false: that was the last */
    void (*close)(void *self);
};

/* Listens at `path`; a socket that nobody listens on any more is replaced, one that is in use is
 * SECOND_ENGINE. `answer` gets a request and returns the answer (both owned as jansson says); it may
 * fill the stream, which is closed when the caller goes. */
enum status control_open(uv_loop_t *loop, const char *path,
                         json_t *(*answer)(void *owner, const json_t *request,
                                           struct control_stream *stream),
                         void *owner, struct failure *f, struct control **out);
void control_more(struct control *c); /* streams may have something */
void control_close(struct control *c); /* handles close on the loop; frees itself; NULL allowed */

/* Client. STATUS_OK with *answer NULL: no process listens at `path`. */
enum status control_ask(const char *path, json_t *request, json_t **answer, struct failure *f);
/* The same for a stream: `line` gets the answer, then each line, without newlines; false: it has
 * enough. Ends too after `ms` (-1: never). `*there` false: no process listens at `path`.
 * CONNECTION_LOST where the process ends it. */
enum status control_follow(const char *path, json_t *request, int64_t ms,
                           bool (*line)(void *owner, char *text), void *owner, bool *there,
                           struct failure *f);

#endif
