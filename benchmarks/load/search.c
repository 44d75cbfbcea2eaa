#include "benchmarks/load/search.h"

static const double WIDE = 1.05, LESS = 0.95, LOWEST = 1;

void search_init(struct search *s, double start)
{
    *s = (struct search){.next = start};
}

static void choose(struct search *s)
{
    s->whole = false;
    if (s->not_held == 0)
        s->next = s->held * 2;
    else if (s->held == 0)
        s->next = s->not_held / 2;
    else if (s->not_held / s->held > WIDE)
        s->next = (s->held + s->not_held) / 2;
    else {
        s->next = s->held;
        s->whole = true;
    }
    s->done = s->next < LOWEST;
}

void search_tell(struct search *s, bool held)
{
    if (s->whole && held) {
        s->held = s->next;
        s->done = true;
    } else if (s->whole) {
        s->held = 0;
        s->not_held = s->next;
        s->next *= LESS;
        s->done = s->next < LOWEST;
    } else if (held) {
        s->held = s->next;
        choose(s);
    } else {
        s->not_held = s->next;
        choose(s);
    }
}
