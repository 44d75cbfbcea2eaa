#include <ctype.h>
#include <inttypes.h>
#include "mysql/gtid_text.h"

static const uint64_t number_max = INT64_MAX;

static void skip_space(const char **at)
{
    while (isspace((unsigned char)**at))
        (*at)++;
}

static bool accept(const char **at, char c)
{
    skip_space(at);
    if (**at != c)
        return false;
    (*at)++;
    skip_space(at);
    return true;
}

static bool number_read(const char **at, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (!isdigit((unsigned char)**at))
        return false;
    for (; isdigit((unsigned char)**at); (*at)++) {
        unsigned digit = (unsigned)(**at - '0');
        if (v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool uuid_read(const char **at, uint8_t *uuid)
{
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at += **at == '-';
        int high = hex_digit(**at);
        int low = high < 0 ? -1 : hex_digit((*at)[1]);
        if (low < 0)
            return false;
        uuid[i] = (uint8_t)(high << 4 | low);
        *at += 2;
    }
    return true;
}

static bool is_tag_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool tag_read(const char **at, char *tag, size_t size)
{
    size_t n = 0;
    while (is_tag_start(**at) || isdigit((unsigned char)**at)) {
        if (n + 1 == size)
            return false;
        tag[n++] = (char)tolower((unsigned char)*(*at)++);
    }
    tag[n] = 0;
    return n > 0;
}

static bool run_read(const char **at, struct run *run)
{
    if (!number_read(at, number_max - 1, &run->first) || run->first == 0)
        return false;
    run->last = run->first;
    if (!accept(at, '-'))
        return true;
    return number_read(at, number_max - 1, &run->last) && run->last >= run->first;
}

/* uuid (: tag | : run)* ; a tag holds for the runs behind it. */
static bool lists_read(const char **at, gtid_text_add *add, void *set)
{
    struct gtid g = {0};
    if (!uuid_read(at, g.uuid))
        return false;
    while (accept(at, ':')) {
        struct run run;
        if (is_tag_start(**at)) {
            if (!tag_read(at, g.tag, sizeof g.tag))
                return false;
            continue;
        }
        if (!run_read(at, &run))
            return false;
        add(set, &g, run);
    }
    return true;
}

bool gtid_text_read_mysql(const char *text, gtid_text_add *add, void *set)
{
    const char *at = text;
    skip_space(&at);
    while (*at) {
        if (!lists_read(&at, add, set))
            return false;
        if (!accept(&at, ',') && *at)
            return false;
    }
    return true;
}

static bool maria_gtid_read(const char **at, struct gtid *g)
{
    uint64_t domain, server_id;
    if (!number_read(at, UINT32_MAX, &domain) || !accept(at, '-') ||
        !number_read(at, UINT32_MAX, &server_id) || !accept(at, '-') ||
        !number_read(at, UINT64_MAX, &g->number))
        return false;
    g->domain = (uint32_t)domain;
    g->server_id = (uint32_t)server_id;
    return true;
}

bool gtid_text_read_maria(const char *text, gtid_text_add *add, void *set)
{
    const char *at = text;
    skip_space(&at);
    while (*at) {
        struct gtid g = {.mariadb = true};
        if (!maria_gtid_read(&at, &g))
            return false;
        add(set, &g, (struct run){g.number, g.number});
        if (!accept(&at, ',') && *at)
            return false;
    }
    return true;
}
