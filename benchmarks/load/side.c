#include "benchmarks/load/side.h"

enum status side_open(const struct place *p, struct failure *f, struct side **out)
{
    *out = NULL;
    return p->family == PLACE_POSTGRES ? side_open_postgres(p, f, out) : side_open_mysql(p, f, out);
}
