/* Check: every prerequisite on both servers of every link, asked and never changed. Nothing is
 * written but the guard's probe, one transaction without rows. One thread; blocks.
 */
#ifndef MILLRACE_CHECK_CHECK_H
#define MILLRACE_CHECK_CHECK_H

#include "check/report.h"
#include "config/config.h"

/* Line by line into the report, as they are found; report_end is the caller's. */
void check_config(const struct config *config, struct report *report);

#endif
