#include "model/session.h"

enum { PARAMS_MAX = 32 };

static const struct session_driver *driver_of(struct session *s)
{
    return ((struct session_base *)s)->driver;
}

enum status session_query(struct session *s, struct arena *a, struct rows *out, const char *sql,
                          int nparams, const char *const *params)
{
    return driver_of(s)->query(s, sql, nparams, params, a, out);
}

enum status session_run(struct session *s, struct arena *a, struct rows *out, int nparams,
                        const char *sql, ...)
{
    const char *params[PARAMS_MAX];
    must(nparams >= 0 && nparams <= PARAMS_MAX);
    va_list args;
    va_start(args, sql);
    for (int i = 0; i < nparams; i++)
        params[i] = va_arg(args, const char *);
    va_end(args);
    return session_query(s, a, out, sql, nparams, params);
}

void session_close(struct session *s)
{
    if (s)
        driver_of(s)->close(s);
}
