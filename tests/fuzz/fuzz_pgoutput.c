/* fuzz_pgoutput.c: any bytes into the pgoutput decoder; what it accepts is read to the last byte.
 */
#include "postgres/decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned touch_tuple(const struct pgoutput_tuple *t)
{
    unsigned sum = 0;
    for (int i = 0; i < t->ncells; i++)
        for (uint32_t n = 0; n < t->cells[i].size; n++)
            sum += (unsigned char)t->cells[i].text[n];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pgoutput m;
    struct walsender_message envelope;
    struct failure f;
    volatile unsigned sum = 0;
    if (walsender_read(data, size, &envelope, &f) == STATUS_OK && envelope.kind == 'w') {
        data = envelope.data;
        size = envelope.size;
    }
    if (pgoutput_read(data, size, &m, &f) != STATUS_OK)
        return 0;
    sum += touch_tuple(&m.before) + touch_tuple(&m.after);
    for (uint32_t i = 0; m.kind == 'T' && i < m.noids; i++)
        sum += pgoutput_truncated(&m, i);
    for (int i = 0; m.kind == 'R' && i < m.ncolumns; i++)
        sum += (unsigned)strlen(m.columns[i].name);
    return 0;
}
