/* Relation: a table as one point of its log, or a target's catalog, describes it.
 *
 * Made by a source's decoder (from RELATION messages and TABLE_MAPs, completed from the catalog)
 * and by a sink (from its catalog); immutable from then on and kept for as long as the source or
 * sink lives, so a batch may point to it. A changed layout makes a new relation.
 */
#ifndef MILLRACE_MODEL_RELATION_H
#define MILLRACE_MODEL_RELATION_H

#include "model/value.h"

struct column {
    const char *name;
    const char *type;     /* as the engine spells it: "numeric(12,3)", "bigint(20) unsigned" */
    enum value_kind kind; /* what it decodes to */
    const void *codec;    /* the row of the engine's type table: only its own code looks inside */
    const char *collation; /* MySQL family, text columns: for comparisons; else NULL */
    int32_t length;       /* max characters (text) or bytes; -1 unknown or without limit */
    int32_t precision, scale; /* decimals; fractional-second digits in scale for times; -1 unknown */
    bool nullable;
    bool generated;       /* the server computes it: never written */
    bool identity_always; /* PostgreSQL GENERATED ALWAYS AS IDENTITY: needs OVERRIDING */
    bool required;        /* target: NOT NULL without a default: every insert must give it */
    bool key;             /* part of relation.key */
};

struct relation {
    const char *schema; /* PostgreSQL schema, MySQL database */
    const char *name;
    int ncolumns;
    struct column *columns; /* in the order of the rows' values */
    int nkey;
    int *key;        /* column indexes of the primary key (or replica identity index), key order; */
                     /* nkey 0: no key, rows are known by all their columns */
    bool full_before; /* updates and deletes carry the whole old row */
    uint64_t version; /* unique within its source or sink; a new layout has a new one */
    void *plan;      /* the link's compiled flow for this relation; NULL: not asked yet */
};

/* NULL where there is none. Names compare exactly. */
struct column *relation_column(const struct relation *r, const char *name);
int relation_column_index(const struct relation *r, const char *name); /* -1 */
/* The same table, and all columns of `old` first, of the same names and kinds, with the same key
 * (if both tell one): a table to which columns were appended, or that is unchanged. */
bool relation_begins_with(const struct relation *r, const struct relation *old);
/* Would rows be written into `now` as into `then`? Two descriptions of one table. */
bool relation_is_unaltered(const struct relation *now, const struct relation *then);

#endif
