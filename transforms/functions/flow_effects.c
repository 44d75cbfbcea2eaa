/* What an instruction leaves in registers and cursors, and where it leads. */
#include "transforms/functions/flow_parts.h"

#include <string.h>
#include <strings.h>
#include "transforms/functions/list.h"

/* ---- records ---- */

static uint8_t *record_column(struct record *r, int column)
{
    return &r->columns[column < RECORD_COLUMNS ? column : RECORD_COLUMNS - 1];
}

static void record_join(struct run *r, struct record *to, const struct record *from)
{
    for (int i = 0; i < RECORD_COLUMNS; i++) {
        r->changed |= (from->columns[i] & ~to->columns[i]) != 0;
        to->columns[i] |= from->columns[i];
    }
}

static uint8_t get(const struct run *r, int reg)
{
    return reg >= 0 && reg < r->program->nregisters ? r->now[reg] : HELD_OTHER;
}

static void set(struct run *r, int reg, uint8_t held)
{
    if (reg >= 0 && reg < r->program->nregisters)
        r->now[reg] = held;
}

static void set_range(struct run *r, int from, int to, uint8_t held)
{
    for (int reg = from; reg <= to; reg++)
        set(r, reg, held);
}

/* ---- what an instruction leaves in registers ---- */

/* What 'B' (TEXT) does to a value before it is compared. */
static uint8_t made_text(uint8_t held)
{
    const uint8_t numbers = HELD_PLAIN | HELD_JSON | HELD_OTHER;
    return held & numbers ? (held & ~numbers) | HELD_TEXT : held;
}

static void make_record(struct run *r, const struct instruction *i)
{
    struct record made = {{0}};
    size_t letters = strlen(i->p4);
    for (int k = 0; k < i->p2; k++) {
        uint8_t held = get(r, i->p1 + k);
        bool text = (size_t)k < letters && i->p4[k] == 'B';
        *record_column(&made, k) |= text ? made_text(held) : held;
    }
    if (i->p3 < r->program->nregisters)
        record_join(r, &r->registers[i->p3], &made);
    set(r, i->p3, HELD_OTHER);
}

static uint8_t held_by_text(const char *text)
{
    static const char *const clocks[] = {"now", "localtime", "utc"};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++)
        if (strcasecmp(text, clocks[i]) == 0)
            return HELD_TEXT | HELD_CLOCK;
    return HELD_TEXT;
}

static uint8_t held_by_table(const struct flow *f, const struct instruction *open, int column)
{
    const char *table, *name;
    bool is_text;
    if (!program_column(f->guard->db, open, column, f->arena, &table, &name, &is_text))
        return HELD_OTHER;
    if (f->guard->is_decimal(f->guard->context, table, name))
        return HELD_COLUMN;
    return is_text ? HELD_TEXT : HELD_PLAIN;
}

uint8_t flow_column(const struct flow *f, int cursor, int column)
{
    if (cursor < 0 || cursor >= f->program->ncursors || column < 0)
        return HELD_OTHER;
    if (f->opened[cursor] >= 0)
        return held_by_table(f, &f->program->at[f->opened[cursor]], column);
    return *record_column(&f->cursors[cursor], column);
}

static void read_column(struct run *r, const struct instruction *i)
{
    uint8_t *known = &r->columns[i - r->program->at];
    int pseudo = r->pseudo[i->p1];
    if (pseudo >= 0) {
        set(r, i->p3, *record_column(&r->registers[pseudo], i->p2));
    } else if (r->flow->opened[i->p1] >= 0) {
        if (!*known)
            *known = flow_column(r->flow, i->p1, i->p2);
        set(r, i->p3, *known);
    } else {
        set(r, i->p3, flow_column(r->flow, i->p1, i->p2));
    }
}

/* Those that give back one of their arguments. */
static bool passes_on(const char *name)
{
    static const char *const names[] = {"min",        "max",       "nullif", "first_value",
                                        "last_value", "nth_value", "lag",    "lead"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

/* Of a function that computes no decimal: what comes of a decimal may be anything, else it is a
 * value like another. */
static uint8_t held_by_other(const char *name, uint8_t arguments)
{
    if (strcmp(name, "->>") == 0 || strcasecmp(name, "json_extract") == 0)
        return HELD_JSON;
    return arguments & (HELD_DECIMAL | HELD_OTHER) ? HELD_OTHER : HELD_PLAIN;
}

/* `arguments`: of all of them; `first`: of the one that a function may give back. */
static uint8_t held_by_function(const struct instruction *i, uint8_t arguments, uint8_t first)
{
    char name[128];
    int nargs;
    if (!instruction_function(i, name, sizeof name, &nargs))
        return HELD_OTHER;
    const struct sql_function *s = sql_function_find(name, nargs < 0 ? 2 : nargs);
    if (s && s->result == SQL_DECIMAL)
        return HELD_RESULT;
    return passes_on(name) ? first : held_by_other(name, arguments);
}

/* EXPLAIN does not say how many arguments a function of any number has: of those, some. */
static uint8_t held_by_arguments(const struct run *r, const struct instruction *i)
{
    char name[128];
    int nargs;
    uint8_t held = 0;
    if (!instruction_function(i, name, sizeof name, &nargs))
        return HELD_OTHER;
    for (int k = 0; k < (nargs < 0 ? 4 : nargs) && i->p2 > 0; k++)
        held |= get(r, i->p2 + k);
    return held;
}

static void copy(struct run *r, int from, int to, int n)
{
    for (int k = 0; k < n; k++) {
        set(r, to + k, get(r, from + k));
        if (from + k < r->program->nregisters && to + k < r->program->nregisters)
            record_join(r, &r->registers[to + k], &r->registers[from + k]);
    }
}

static void join_cursor(struct run *r, int cursor, int record)
{
    if (record >= 0 && record < r->program->nregisters)
        record_join(r, &r->flow->cursors[cursor], &r->registers[record]);
}

static void take_record(struct run *r, int cursor, int record)
{
    if (record < r->program->nregisters)
        record_join(r, &r->registers[record], &r->flow->cursors[cursor]);
    set(r, record, HELD_OTHER);
}

/* ---- the instructions ---- */

static void sets_p1(struct run *r, const struct instruction *i)
{
    set(r, i->p1, HELD_OTHER);
}
static void sets_p2(struct run *r, const struct instruction *i)
{
    set(r, i->p2, HELD_OTHER);
}
static void sets_p3(struct run *r, const struct instruction *i)
{
    set(r, i->p3, HELD_OTHER);
}
static void sets_constant(struct run *r, const struct instruction *i)
{
    set(r, i->p2, HELD_PLAIN);
}
static void sets_text(struct run *r, const struct instruction *i)
{
    set(r, i->p2, held_by_text(i->p4));
}
static void sets_null(struct run *r, const struct instruction *i)
{
    set_range(r, i->p2, i->p3 > i->p2 ? i->p3 : i->p2, 0); /* no value at all */
}
static void moves(struct run *r, const struct instruction *i)
{
    copy(r, i->p1, i->p2, i->p3);
}
static void copies(struct run *r, const struct instruction *i)
{
    copy(r, i->p1, i->p2, i->p3 + 1);
}
static void copies_one(struct run *r, const struct instruction *i)
{
    copy(r, i->p1, i->p2, 1);
}
static void sets_rowid(struct run *r, const struct instruction *i)
{
    set(r, i->p2, HELD_PLAIN);
}
static void calls(struct run *r, const struct instruction *i)
{
    uint8_t either = get(r, i->p2) | get(r, i->p2 + 1); /* min and max of two */
    set(r, i->p3, held_by_function(i, held_by_arguments(r, i), either));
}
static void joins_texts(struct run *r, const struct instruction *i)
{
    uint8_t held = get(r, i->p1) | get(r, i->p2);
    set(r, i->p3, held & (HELD_DECIMAL | HELD_OTHER) ? HELD_OTHER : HELD_TEXT);
}
/* What a row brings to an aggregate, and what it gives in the end. */
static void steps(struct run *r, const struct instruction *i)
{
    uint8_t held = held_by_function(i, HELD_OTHER, get(r, i->p2));
    set(r, i->p3, get(r, i->p3) | held);
}
static void finishes(struct run *r, const struct instruction *i)
{
    set(r, i->p1, held_by_function(i, HELD_OTHER, get(r, i->p1)));
}
static void takes_value(struct run *r, const struct instruction *i)
{
    set(r, i->p3, held_by_function(i, HELD_OTHER, get(r, i->p1)));
}
static void converts(struct run *r, const struct instruction *i)
{
    for (int k = 0; i->p4[k]; k++)
        if (i->p4[k] == 'B')
            set(r, i->p1 + k, made_text(get(r, i->p1 + k)));
}
/* As text a decimal is what it was. */
static void casts(struct run *r, const struct instruction *i)
{
    set(r, i->p1, i->p2 == 'B' ? made_text(get(r, i->p1)) : HELD_PLAIN);
}
static void opens_table(struct run *r, const struct instruction *i)
{
    r->flow->opened[i->p1] = (int)(i - r->program->at);
}
static void opens_record(struct run *r, const struct instruction *i)
{
    r->pseudo[i->p1] = i->p2;
}
static void opens_again(struct run *r, const struct instruction *i)
{
    record_join(r, &r->flow->cursors[i->p1], &r->flow->cursors[i->p2]);
    record_join(r, &r->flow->cursors[i->p2], &r->flow->cursors[i->p1]);
}
static void inserts(struct run *r, const struct instruction *i)
{
    join_cursor(r, i->p1, i->p2);
}
static void takes_row(struct run *r, const struct instruction *i)
{
    take_record(r, i->p1, i->p2);
}

static const struct known_instruction known[] = {
    {"Integer", NEXT, sets_constant},
    {"Int64", NEXT, sets_constant},
    {"Real", NEXT, sets_constant},
    {"String8", NEXT, sets_text},
    {"String", NEXT, sets_text},
    {"Blob", NEXT, sets_constant},
    {"Variable", NEXT, sets_constant},
    {"Null", NEXT, sets_null},
    {"BeginSubrtn", NEXT, sets_null},
    {"SoftNull", NEXT, sets_p1},
    {"Move", NEXT, moves},
    {"Copy", NEXT, copies},
    {"SCopy", NEXT, copies_one},
    {"IntCopy", NEXT, copies_one},
    {"Column", NEXT, read_column},
    {"VColumn", NEXT, sets_p3},
    {"Rowid", NEXT, sets_rowid},
    {"IdxRowid", NEXT, sets_rowid},
    {"NewRowid", NEXT, sets_p2},
    {"Sequence", NEXT, sets_p2},
    {"Count", NEXT, sets_p2},
    {"OffsetLimit", NEXT, sets_p2},
    {"IsTrue", NEXT, sets_p2},
    {"Not", NEXT, sets_p2},
    {"BitNot", NEXT, sets_p2},
    {"ZeroOrNull", NEXT, sets_p2},
    {"And", NEXT, sets_p3},
    {"Or", NEXT, sets_p3},
    {"Concat", NEXT, joins_texts},
    {"Add", NEXT, sets_p3},
    {"Subtract", NEXT, sets_p3},
    {"Multiply", NEXT, sets_p3},
    {"Divide", NEXT, sets_p3},
    {"Remainder", NEXT, sets_p3},
    {"BitAnd", NEXT, sets_p3},
    {"BitOr", NEXT, sets_p3},
    {"ShiftLeft", NEXT, sets_p3},
    {"ShiftRight", NEXT, sets_p3},
    {"Cast", NEXT, casts},
    {"Function", NEXT, calls},
    {"PureFunc", NEXT, calls},
    {"AggStep", NEXT, steps},
    {"AggStep1", NEXT, steps},
    {"AggInverse", NEXT, steps},
    {"AggFinal", NEXT, finishes},
    {"AggValue", NEXT, takes_value},
    {"MakeRecord", NEXT, make_record},
    {"OpenRead", NEXT, opens_table},
    {"ReopenIdx", NEXT, opens_table},
    {"OpenPseudo", NEXT, opens_record},
    {"OpenDup", NEXT, opens_again},
    {"SorterInsert", NEXT, inserts},
    {"IdxInsert", NEXT, inserts},
    {"Insert", NEXT, inserts},
    {"SorterData", NEXT, takes_row},
    {"RowData", NEXT, takes_row},
    {"RowSetAdd", NEXT, NULL},
    {"OpenEphemeral", NEXT, NULL},
    {"OpenAutoindex", NEXT, NULL},
    {"SorterOpen", NEXT, NULL},
    {"Affinity", NEXT, converts},
    {"RealAffinity", NEXT, NULL},
    {"ResultRow", NEXT, NULL},
    {"CollSeq", NEXT, NULL},
    {"Compare", NEXT, NULL},
    {"AddImm", NEXT, NULL},
    {"Transaction", NEXT, NULL},
    {"DeferredSeek", NEXT, NULL},
    {"NullRow", NEXT, NULL},
    {"Close", NEXT, NULL},
    {"ResetSorter", NEXT, NULL},
    {"ClrSubtype", NEXT, NULL},
    {"Delete", NEXT, NULL},
    {"ColumnsUsed", NEXT, NULL},
    {"SeekHit", NEXT, NULL},
    {"MemMax", NEXT, NULL},
    {"VOpen", NEXT, NULL},
    {"Explain", NEXT, NULL},
    {"Noop", NEXT, NULL},
    {"Goto", JUMP, NULL},
    {"Init", JUMP, NULL},
    {"Gosub", JUMP, NULL},
    {"InitCoroutine", JUMP, NULL},
    {"Jump", ANY_OF_THREE, NULL},
    {"Halt", STOP, NULL},
    {"Return", BACK, NULL},
    {"Yield", ACROSS, NULL},
    {"EndCoroutine", ACROSS, NULL},
};

const struct known_instruction *known_instruction_find(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}
