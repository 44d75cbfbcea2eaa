/* Row JSON: a row as a person writes it, as values of its table.
 *
 *   {"id": 101, "product_qty": "3.50", "date_start": "2026-11-26 08:00:00", "active": true}
 *
 * By the columns' names; numbers are taken by their text, so no digit is lost; a time without a zone
 * is in the system's; bytes are hex behind 0x (or \x), else the text's own; a JSON column takes an
 * object or array as it is, and of a text the JSON in it. Pure.
 */
#ifndef MILLRACE_EVENTS_ROW_JSON_H
#define MILLRACE_EVENTS_ROW_JSON_H

#include "base/arena.h"
#include "base/fail.h"
#include "model/relation.h"
#include "model/zone.h"

/* ABSENT where the text does not name a column. CONFIG: what is wrong, and where. Memory: `a`. */
enum status row_json_read(const struct relation *r, const struct zone *zone, const char *text,
                          struct arena *a, struct value **out, struct failure *f);

#endif
