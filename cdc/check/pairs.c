/* Pairs: what one direction writes the other must read, and keys that both sides draw. */
#include <string.h>
#include "check/internal.h"

static bool reads(const struct check_link *l, const char *schema, const char *name)
{
    for (int i = 0; i < l->ntables; i++)
        if (strcmp(l->tables[i].source_schema, schema) == 0 &&
            strcmp(l->tables[i].source_name, name) == 0)
            return true;
    return false;
}

/* An exact name that is not found has been reported; a pattern just finds fewer tables where MySQL
 * hides them from the role, and their changes would not go back. */
static void check_way_back(struct check *k, const struct check_link *forth,
                           const struct check_link *back)
{
    for (int i = 0; i < forth->ntables; i++) {
        const struct check_table *t = &forth->tables[i];
        if (!t->flow->pattern || !t->target || reads(back, t->target_schema, t->target_name))
            continue;
        const char *table = check_qualified(k, back->from, t->target_schema, t->target_name);
        report_add(k->report, VERDICT_MISSING,
                   arena_format(&k->arena, "GRANT SELECT ON %s TO %s;", table, back->from->role),
                   "%s.%s is written by link %s, and link %s does not see it: changes there would "
                   "not go back",
                   t->target_schema, t->target_name, forth->lc->name, back->lc->name);
    }
}

/* What each side draws now is its DBA's to know. */
static void say_keys(struct check *k, const struct link_config *a)
{
    report_add(k->report, VERDICT_NOTE, NULL,
               "systems %s and %s take inserts on both sides: keys that their applications draw "
               "must not meet (odd and even, ranges); a conflict stops its link",
               a->from->name, a->to->name);
}

/* A pair's links stand side by side. */
void check_pairs(struct check *k)
{
    for (int i = 0; i + 1 < k->config->nlinks; i++) {
        const struct check_link *a = &k->links[i], *b = &k->links[i + 1];
        if (!a->lc->pair || !b->lc->pair || a->lc->line != b->lc->line)
            continue;
        if (a->from->session && b->from->session) {
            check_way_back(k, a, b);
            check_way_back(k, b, a);
        }
        say_keys(k, a->lc);
    }
}
