/* "1 kg = 1000 g", "3 in = 76.2 mm", "1 cable = 1/10 nmi" */
#include "transforms/functions/units_parts.h"

#include <string.h>
#include "transforms/functions/exact.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word, up to a blank or `=`; empty where there is none. */
static struct unit_name next_word(const char **at)
{
    while (is_blank(**at))
        ++*at;
    const char *start = *at;
    while (**at && !is_blank(**at) && **at != '=')
        ++*at;
    return (struct unit_name){start, (size_t)(*at - start)};
}

static bool read_number(const char *text, size_t size, mpq_ptr out)
{
    struct exact x;
    if (exact_read(&x, text, size) != EXACT_OK)
        return false;
    exact_to_ratio(&x, out);
    exact_free(&x);
    return mpq_sgn(out) > 0;
}

/* 12, 0.5 or 127/5 */
static bool read_amount(struct unit_name word, mpq_ptr out)
{
    const char *slash = memchr(word.text, '/', word.size);
    if (!slash)
        return read_number(word.text, word.size, out);
    size_t before = (size_t)(slash - word.text);
    mpq_t divisor;
    mpq_init(divisor);
    bool good = read_number(word.text, before, out) &&
                read_number(slash + 1, word.size - before - 1, divisor);
    if (good)
        mpq_div(out, out, divisor);
    mpq_clear(divisor);
    return good;
}

static bool read_side(const char **at, mpq_ptr amount, struct unit_name *unit)
{
    struct unit_name number = next_word(at);
    *unit = next_word(at);
    while (is_blank(**at))
        ++*at;
    return unit->size > 0 && unit->size <= UNIT_NAME_BYTES && read_amount(number, amount);
}

static bool read_words(const char *text, mpq_ptr left, mpq_ptr right, struct ratio_words *out)
{
    const char *at = text;
    return read_side(&at, left, &out->left) && *at++ == '=' && read_side(&at, right, &out->right) &&
           !*at;
}

enum status ratio_words_read(const char *text, struct ratio_words *out, struct failure *f)
{
    mpq_t left, right;
    mpq_inits(left, right, NULL);
    bool good = read_words(text, left, right, out);
    if (good) {
        mpq_init(out->value);
        mpq_div(out->value, right, left);
    }
    mpq_clears(left, right, NULL);
    if (good)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "\"%.80s\" is no ratio of units: write it as \"1 kg = 1000 g\" (numbers above 0, "
                "decimal or a fraction like 1/3, names without blanks, of %d bytes at most)",
                text, UNIT_NAME_BYTES);
}

void ratio_words_free(struct ratio_words *w)
{
    mpq_clear(w->value);
}
