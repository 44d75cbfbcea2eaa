#include "transforms/functions/call.h"

#include <stdio.h>
#include <string.h>

const char *outcome_reason_name(enum outcome_reason reason)
{
    static const char *const names[] = {
#define X(reason, name) [reason] = name,
        OUTCOME_REASONS(X)
#undef X
    };
    return names[reason];
}

void outcome_clear(struct outcome *o)
{
    o->kind = OUTCOME_NONE;
    o->reason = REASON_NONE;
    o->subject[0] = o->code[0] = o->text[0] = 0;
}

enum status outcome_failure(const struct outcome *o, struct failure *f)
{
    must(o->kind != OUTCOME_NONE);
    return fail(f, o->reason == REASON_USE ? ERROR_CONFIG : ERROR_VALUE, "%s", o->text);
}

/* Cut between characters. */
static void set_short(char *to, size_t size, struct words from)
{
    size_t n = from.size < size - 1 ? from.size : size - 1;
    while (n > 0 && n < from.size && ((unsigned char)from.text[n] & 0xC0) == 0x80)
        n--;
    memcpy(to, n ? from.text : "", n);
    to[n] = 0;
}

void call_end(sqlite3_context *context, enum outcome_kind kind, enum outcome_reason reason,
              struct words subject, struct words code, const char *format, ...)
{
    struct call *call = sqlite3_user_data(context);
    struct outcome *o = &call->outcome;
    va_list args;
    va_start(args, format);
    vsnprintf(o->text, sizeof o->text, format, args);
    va_end(args);
    o->kind = kind;
    o->reason = reason;
    set_short(o->subject, sizeof o->subject, subject);
    set_short(o->code, sizeof o->code, code);
    sqlite3_result_error(context, o->text, -1);
    sqlite3_result_error_code(context, kind == OUTCOME_QUARANTINE ? SQLITE_CONSTRAINT_FUNCTION
                                                                  : SQLITE_ABORT);
}
