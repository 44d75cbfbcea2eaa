/* Lay: how a source's value lies in SQLite, so that nothing is converted on the way.
 *
 *   boolean 0/1, integer, unsigned below 2^63   INT
 *   unsigned from 2^63                          TEXT
 *   decimal                                     TEXT, canonical: 10.0 is '10' (model/number_text.h),
 *                                               so that equal ones are found by plain lookups
 *   float, double                               REAL
 *   date, time, datetime                        TEXT "2026-11-22", "16:48:00.5", both with a space
 *   instant                                     TEXT "2026-11-22 16:48:00Z", UTC
 *   text, enum label, json, uuid                TEXT
 *   bytes                                       BLOB
 *   odd (NaN, 0000-00-00, years beyond 9999)    refused
 *
 * Columns of kinds that lie as TEXT alone are declared TEXT, which then converts nothing; all others
 * without a type: SQLite stores and compares what it was given. (NUMERIC would make 1000000000000 of
 * 999999999999.999999999, and 12 of '00012'.)
 */
#ifndef MILLRACE_MIRROR_LAY_H
#define MILLRACE_MIRROR_LAY_H

#include "base/arena.h"
#include "base/fail.h"
#include "model/value.h"

/* Does every value of a column of this kind lie as TEXT (or NULL)? */
bool lay_is_text(enum value_kind column);
/* A value of a column of this kind. Texts stay where they are, or lie in `a`. ABSENT stays ABSENT.
 * DATA for what has no form. */
enum status lay_value(enum value_kind column, const struct value *v, struct arena *a,
                      struct value *out, struct failure *f);

#endif
