/* Parts of the row mode: what row_mode.c and put_off.c share. */
#ifndef MILLRACE_SINKS_ROW_MODE_PARTS_H
#define MILLRACE_SINKS_ROW_MODE_PARTS_H

#include "sinks/apply_parts.h"
#include "sinks/ward_parts.h"

/* One row whose last change is put off. */
struct put_off {
    struct put_off *next;
    const struct relation *relation;
    struct value *row; /* as the source has it now */
    struct value *at;  /* finds the parked row; NULL: its insert is put off */
    bool gone;
    bool moved;               /* its key has changed since */
    uint32_t number;          /* of its first change that is put off, in the transaction */
    struct put_source *source, **last_source; /* with a ward: its changes at the source */
};

struct put_source {
    struct put_source *next;
    struct held_event row;
};

/* A change that is held when the transaction is written once more. */
struct doomed {
    struct doomed *next;
    uint32_t number;
    enum error code;
    char text[FAILURE_TEXT_BYTES];
};

struct row_mode {
    struct arena arena; /* until the source transaction's end: pieces do not live that long */
    struct put_off *first, **last;
    uint32_t number; /* of the next change in its transaction */
    struct doomed *doomed;
    bool again; /* the transaction is to be written once more */
};

/* A change on its way. */
struct step {
    const struct batch *b;
    uint32_t i; /* in b->changes */
    uint32_t number;
    const struct change *c;
    const struct origin *o; /* NULL: not kept */
};

struct row_mode *row_mode_state(struct apply *a);

/* ---- put_off.c ---- */

/* Is the failure, at this change, one that may be gone at the end of the transaction? */
bool put_off_may(const struct apply *a, const struct change *c);
/* The savepoint is before the change. DATA: it cannot be put off either. */
enum status put_off_change(struct apply *a, const struct step *s);
/* What the change is about, if that is put off; or NULL. */
struct put_off *put_off_find(struct row_mode *m, const struct change *c);
/* Its next change. */
enum status put_off_follow(struct apply *a, struct put_off *p, const struct step *s);

#endif
