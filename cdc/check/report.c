#include "check/report.h"

#include <stdarg.h>
#include <string.h>

static const char *const words[] = {
    [VERDICT_OK] = "ok",
    [VERDICT_NOTE] = "note",
    [VERDICT_WARN] = "warn",
    [VERDICT_MISSING] = "MISSING",
};

enum verdict report_verdict(const char *text)
{
    for (int v = VERDICT_OK; v < VERDICT_MISSING; v++)
        if (text && strcmp(text, words[v]) == 0)
            return (enum verdict)v;
    return VERDICT_MISSING;
}

void report_title(struct report *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("\n", r->out);
    vfprintf(r->out, format, args);
    fputs("\n", r->out);
    va_end(args);
}

void report_add(struct report *r, enum verdict verdict, const char *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(r->out, "%-8s ", words[verdict]);
    vfprintf(r->out, format, args);
    va_end(args);
    fputs("\n", r->out);
    if (run && *run && verdict > VERDICT_NOTE)
        fprintf(r->out, "%-8s run: %s\n", "", run);
    r->oks += verdict == VERDICT_OK;
    r->warnings += verdict == VERDICT_WARN;
    r->missing += verdict == VERDICT_MISSING;
}

void report_end(struct report *r)
{
    fprintf(r->out, "\n%d ok, %d warnings, %d missing%s\n", r->oks, r->warnings, r->missing,
            r->unreachable ? "; not all could be asked: a server cannot be reached" : "");
    fflush(r->out);
}
