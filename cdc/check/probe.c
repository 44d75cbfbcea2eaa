/* The guard's probe: a transaction written as a link writes it must show its marker first in the
 * log that another link reads; else what one link brings, the other would send back. */
#include <sys/random.h>
#include "check/probe.h"

static const char *publication_of(const struct check *k, const struct check_side *reader)
{
    for (int i = 0; i < k->config->nlinks; i++)
        if (k->links[i].from == reader)
            return k->links[i].lc->publication;
    return "";
}

enum status check_probes(struct check *k)
{
    bool titled = false;
    for (int i = 0; i < k->nsides; i++) {
        struct check_side *reader = &k->sides[i];
        struct check_side *writer = check_side_of(k, reader->system, false);
        if (!reader->reads || !writer)
            continue;
        if (!titled)
            report_title(k->report, "the guard's probe: does a log show our marker first?");
        titled = true;
        if (!reader->session || !writer->session)
            report_add(k->report, VERDICT_WARN, NULL,
                       "system %s: no probe, since it cannot be both "
                       "read and written yet",
                       reader->system->name);
        else if (check_is_postgres(reader))
            TRY(probe_postgres(k, reader, writer, publication_of(k, reader)));
        else
            TRY(probe_mysql(k, reader, writer));
    }
    return STATUS_OK;
}

int32_t probe_lane(void)
{
    uint32_t n = 0;
    must(getrandom(&n, sizeof n, 0) == sizeof n);
    n &= INT32_MAX;
    return n ? (int32_t)n : 1;
}

void probe_said(struct check *k, const struct check_side *reader, bool found, bool first)
{
    const char *name = reader->system->name;
    if (found && first)
        report_add(k->report, VERDICT_OK, NULL,
                   "system %s: a transaction of ours is known by its "
                   "first entry in the log",
                   name);
    else if (found)
        report_add(k->report, VERDICT_MISSING, NULL,
                   "system %s: the marker of a transaction of ours "
                   "is in the log, but not first in its transaction: what stands before it would "
                   "be sent back. Does a trigger write in our transactions?",
                   name);
    else
        report_add(k->report, VERDICT_MISSING, NULL,
                   "system %s: the log does not show the marker of "
                   "a transaction of ours: all that a link brings would be sent back. Is schema "
                   "millrace kept out of the log, or does the reader read another server?",
                   name);
}

enum status probe_failed(struct check *k, const struct check_side *reader)
{
    report_add(k->report, VERDICT_WARN, NULL, "system %s: the probe could not be made: %s",
               reader->system->name, k->failure.text);
    return STATUS_OK;
}
