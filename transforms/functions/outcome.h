/* Outcome: what a function of a mapping could not do with a row, in a form that a program reads.
 *
 * A function that cannot answer ends its statement, with a code that tells the kind, and leaves here
 * why. Whoever steps the statement acts on the code alone; or clears the outcome before, and asks it
 * after an error:
 *
 *   QUARANTINE  this row's data: set it aside, go on with the others    SQLITE_CONSTRAINT_FUNCTION
 *   FAIL        the mapping or the configuration is wrong, or the dictionary says `fail`: stop
 *                                                                       SQLITE_ABORT
 *   NONE        the error came from SQLite itself                       others
 *
 * One a connection; it lives as long as the connection does, and belongs to the thread that steps.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_OUTCOME_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_OUTCOME_H

#include "base/fail.h"

enum outcome_kind { OUTCOME_NONE, OUTCOME_QUARANTINE, OUTCOME_FAIL };

/* reason, name in logs and in `held` */
#define OUTCOME_REASONS(X)                                                                         \
    X(REASON_NONE, "none")                                                                         \
    X(REASON_USE, "wrong_use")            /* of the function: an argument that a mapping wrote */  \
    X(REASON_NUMBER, "no_number")         /* the value is no decimal number */                     \
    X(REASON_BOUNDS, "out_of_bounds")     /* more digits than a number may have */                 \
    X(REASON_ZERO, "division_by_zero")                                                             \
    X(REASON_CODE, "unknown_code")        /* subject: the dictionary; code: what it lacks */       \
    X(REASON_UNIT, "unknown_unit")        /* subject: the unit; code: the material */              \
    X(REASON_DIMENSION, "units_differ")   /* no ratio between them; subject: "from -> to" */       \
    X(REASON_NO_END, "no_finite_decimal") /* 1/3 without a scale; subject: "from -> to" */         \
    X(REASON_MOMENT, "no_moment")         /* the text is no date and time */                       \
    X(REASON_MATCH, "no_match")           /* subject: the pattern; code: the text */               \
    X(REASON_MATCH_LIMIT, "match_limit")  /* the pattern takes too many steps on this text */      \
    X(REASON_JSON, "no_json")                                                                      \
    X(REASON_UTF8, "not_utf8")

enum outcome_reason {
#define X(reason, name) reason,
    OUTCOME_REASONS(X)
#undef X
};

enum { OUTCOME_SUBJECT_BYTES = 128, OUTCOME_CODE_BYTES = 256, OUTCOME_TEXT_BYTES = 768 };

struct outcome {
    enum outcome_kind kind;
    enum outcome_reason reason;
    char subject[OUTCOME_SUBJECT_BYTES]; /* of a dictionary its name; cut where longer */
    char code[OUTCOME_CODE_BYTES];       /* the value; cut where longer */
    char text[OUTCOME_TEXT_BYTES];       /* the whole sentence, as the statement's error has it */
};

const char *outcome_reason_name(enum outcome_reason reason);
void outcome_clear(struct outcome *o);
/* The outcome as a failure: VALUE for a quarantine, CONFIG for a wrong use, VALUE for the rest of
 * FAIL. Call it on one that is not NONE. */
enum status outcome_failure(const struct outcome *o, struct failure *f);

#endif
