/* Scene: the tables, views and recorded batches of the events benchmark.
 *
 *   stateless   work_order, ten columns; its event reads its own row alone
 *   assembled   order_head with three rows of order_line; product and uom are looked up
 *
 * Batches are made before the clock runs, as a source's decoder makes them: arrays of changes whose
 * values are typed. All lies in the scene's arena. The same numbers make the same rows.
 */
#ifndef MILLRACE_BENCHMARKS_EVENTS_SCENE_H
#define MILLRACE_BENCHMARKS_EVENTS_SCENE_H

#include "base/arena.h"
#include "model/change.h"
#include "transforms/mirror/views.h"

enum scenario { STATELESS_INSERT, STATELESS_UPDATE, ASSEMBLED };
enum { PRODUCTS = 1000, UOMS = 4, LINES = 3, ORDER_COLUMNS = 10 };

/* The columns of work_order. */
enum { ID, ORDER_NO, PRODUCT, QTY, SCRAP, PRICE, UNIT, STATE, DUE, NOTE };

struct transaction {
    struct change *changes;
    uint32_t n;
};

struct scene {
    enum scenario scenario;
    struct arena arena;
    struct transaction *transactions;
    int ntransactions;
    int64_t nchanges;
};

extern const struct relation work_order, order_head, order_line, product, uom;
extern const struct relation *const scene_relations[];
extern const int scene_nrelations;
extern const struct event_definition stateless_event, assembled_event;

/* The select list of the stateless view, for both sides. */
extern const char stateless_fields[];

/* `per`: row changes a transaction of the stateless scenes; the assembled ones have four. */
void scene_make(struct scene *s, enum scenario scenario, int changes, int per);
/* The rows that are looked up, in the order of their ids. */
struct value *scene_product(struct scene *s, int id);
struct value *scene_uom(struct scene *s, int id);

#endif
