/* The bare expression: the view's select list over parameters, bound for each row, its columns
 * read. No transactions, no old rows, no key. */
#include <stdio.h>
#include <string.h>

#include "anchor.h"

static sqlite3_stmt *prepare(sqlite3 *db)
{
    char sql[2048];
    int n = snprintf(sql, sizeof sql, "select %s from (select ", stateless_fields);
    for (int i = 0; i < ORDER_COLUMNS; i++)
        n += snprintf(sql + n, sizeof sql - (size_t)n, "%s?%d as %s", i ? ", " : "", i + 1,
                      work_order.columns[i].name);
    snprintf(sql + n, sizeof sql - (size_t)n, ") where state <> 'draft'");
    return anchor_prepare(db, sql);
}

static void pass_row(struct side *s, sqlite3_stmt *statement, const struct value *row)
{
    char room[TIME_BYTES];
    for (int i = 0; i < ORDER_COLUMNS; i++)
        anchor_bind(statement, i + 1, &row[i], room);
    must(anchor_step(statement));
    int n = sqlite3_column_count(statement);
    for (int i = 0; i < n; i++) {
        struct value v = anchor_column(statement, i);
        sum_value(&s->sum, &v);
    }
    sum_end(&s->sum);
    sqlite3_reset(statement);
}

void stateless_anchor_run(struct side *s)
{
    sqlite3 *db = anchor_open(s, ":memory:");
    sqlite3_stmt *statement = prepare(db);
    double began = side_cpu_seconds();
    for (int i = 0; i < s->scene->ntransactions; i++) {
        const struct transaction *t = &s->scene->transactions[i];
        for (uint32_t c = 0; c < t->n; c++)
            pass_row(s, statement, t->changes[c].after);
    }
    s->seconds = side_cpu_seconds() - began;
    sqlite3_finalize(statement);
    sqlite3_close(db);
}
