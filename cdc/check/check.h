/* Check: every prerequisite on both servers of every link, asked and never changed. Nothing is
 * written but the guard's probe, one transaction without rows. One thread; blocks.
 */
#ifndef MILLRACE_CHECK_CHECK_H
#define MILLRACE_CHECK_CHECK_H

#include "check/report.h"
#include "config/config.h"

/* Line by line into the report, as they are found; report_end is the caller's. */
void check_config(const struct config *config, struct report *report);
/* What no link can see for itself, for the start of `run`: two writers of a column, and
 * circles over all links (link/ownership.h). CONFIG with the first. Asks the servers for their
 * catalogs, prints nothing; links whose servers cannot be asked, and flows that do not compile,
 * are left out: they say so themselves. Without flows it asks nobody. */
enum status check_ownership(const struct config *config, struct failure *f);

#endif
