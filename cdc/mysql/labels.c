/* ENUM: the label's number, from 1; 0 is the error value, ''. SET: a bit for each label. The labels
 * are the table map's, in UTF-8.
 */
#include "mysql/decode.h"
#include "mysql/value.h"

static enum status labels_missing(const struct binlog_column *col, struct failure *f)
{
    if (col->nlabels > 0 || col->collation != 0)
        return fail(f, ERROR_UNSUPPORTED,
                    "the labels of this ENUM or SET column are not in the log, or in a character "
                    "set that is not known here (collation %u)",
                    col->collation);
    return fail(f, ERROR_SETTING,
                "the labels of ENUM and SET columns are not in the log; set "
                "binlog_row_metadata=FULL on the server");
}

enum status label_enum_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                            struct value *out, struct failure *f)
{
    uint64_t index = read_le(r, col->length);
    if (r->overrun)
        return value_cut_short(f);
    if (index == 0) { /* the error value */
        *out = value_text(VALUE_TEXT, "", 0);
        return STATUS_OK;
    }
    if (col->nlabels == 0)
        return labels_missing(col, f);
    if (index > (uint64_t)col->nlabels)
        return fail(f, ERROR_VALUE, "the ENUM has %d labels, the log's number is %ju", col->nlabels,
                    (uintmax_t)index);
    const char *label = col->labels[index - 1];
    *out = value_copied(VALUE_TEXT, (const uint8_t *)label, strlen(label), a);
    return STATUS_OK;
}

static size_t set_size(const struct binlog_column *col, uint64_t bits)
{
    size_t size = 0;
    for (int i = 0; i < col->nlabels && i < 64; i++)
        if (bits >> i & 1)
            size += strlen(col->labels[i]) + 1;
    return size;
}

static char *set_write(const struct binlog_column *col, uint64_t bits, char *at)
{
    char *start = at;
    for (int i = 0; i < col->nlabels && i < 64; i++) {
        if (!(bits >> i & 1))
            continue;
        if (at != start)
            *at++ = ',';
        at = stpcpy(at, col->labels[i]);
    }
    return at;
}

enum status label_set_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                           struct value *out, struct failure *f)
{
    uint64_t bits = read_le(r, col->length);
    if (r->overrun)
        return value_cut_short(f);
    if (bits == 0) {
        *out = value_text(VALUE_TEXT, "", 0);
        return STATUS_OK;
    }
    if (col->nlabels == 0)
        return labels_missing(col, f);
    if (col->nlabels < 64 && bits >> col->nlabels != 0)
        return fail(f, ERROR_VALUE, "the SET has %d labels, the log's bits are 0x%jx", col->nlabels,
                    (uintmax_t)bits);
    char *text = arena_alloc(a, set_size(col, bits) + 1);
    *out = value_text(VALUE_TEXT, text, (size_t)(set_write(col, bits, text) - text));
    return STATUS_OK;
}
