/* Dates and times. What has no common form (zero dates, days that are not in the calendar) is ODD
 * with the text that the server prints.
 *
 *   DATE        u24: day 5 bits, month 4, year 15
 *   DATETIME2   5 bytes big-endian less 0x8000000000: year*13+month 17, day 5, hour 5, minute 6,
 *               second 6; fraction
 *   TIME2       3 bytes big-endian and fraction as one number, less 0x800000 and zeros; the whole
 *               negated where negative: hour 10, minute 6, second 6, fraction
 *   TIMESTAMP2  seconds u32 big-endian UTC, fraction; 0 is the zero date
 *   fraction    (digits + 1) / 2 bytes big-endian, in units of an even number of digits
 *   before 5.6  DATETIME u64 yyyymmddhhmmss, TIME s24 hhmmss, TIMESTAMP u32
 */
#include <stdio.h>
#include "mysql/decode.h"

struct moment {
    unsigned year, month, day, hour, minute, second, us;
};

static const uint32_t us_per_unit[4] = {1000000, 10000, 100, 1}; /* by fraction bytes */
static const int64_t second_us = 1000000;

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool in_calendar(const struct moment *m)
{
    static const uint8_t days[16] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m->year == 0 || m->month > 15 || m->day < 1)
        return false;
    return m->day <= days[m->month] + (unsigned)(m->month == 2 && is_leap(m->year));
}

/* days_from_civil of what is in the calendar and possible: nothing is negative then. */
static int64_t days_of(const struct moment *m)
{
    static const uint16_t before[13] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    const unsigned epoch = 719468 + 1; /* 1970-01-01 after 0000-03-01, from where years are counted */
    unsigned year = m->year - (m->month <= 2);
    return (int64_t)(365 * year + year / 4 - year / 100 + year / 400 + before[m->month] + m->day) -
           epoch;
}

/* What the server itself can hold: a month 0 or 31 February is odd, hour 25 is damage. */
static bool is_possible(const struct moment *m)
{
    return m->year <= 9999 && m->month <= 12 && m->day <= 31 && m->hour <= 23 && m->minute <= 59 &&
           m->second <= 59 && m->us <= 999999;
}

static int fraction_text(char *out, size_t size, unsigned us, unsigned digits)
{
    if (digits == 0)
        return 0;
    char all[8];
    snprintf(all, sizeof all, "%06u", us % 1000000);
    return snprintf(out, size, ".%.*s", (int)digits, all);
}

static struct value odd_text(struct arena *a, const char *text, int size)
{
    return value_text(VALUE_ODD, arena_copy(a, text, (size_t)size), (size_t)size);
}

static struct value odd_date(struct arena *a, const struct moment *m)
{
    char text[40];
    return odd_text(a, text,
                    snprintf(text, sizeof text, "%04u-%02u-%02u", m->year, m->month, m->day));
}

static struct value odd_datetime(struct arena *a, const struct moment *m, unsigned digits)
{
    char text[80];
    int n = snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u:%02u", m->year, m->month, m->day,
                     m->hour, m->minute, m->second);
    return odd_text(a, text, n + fraction_text(text + n, sizeof text - (size_t)n, m->us, digits));
}

static int64_t day_us(const struct moment *m)
{
    return ((m->hour * 60 + m->minute) * 60 + m->second) * second_us + m->us;
}

static bool set_date(const struct moment *m, struct arena *a, struct value *out)
{
    if (!is_possible(m))
        return false;
    if (!in_calendar(m))
        *out = odd_date(a, m);
    else
        *out = (struct value){.kind = VALUE_DATE, .i = days_of(m)};
    return true;
}

static bool set_datetime(const struct moment *m, unsigned digits, struct arena *a,
                         struct value *out)
{
    if (!is_possible(m))
        return false;
    if (!in_calendar(m))
        *out = odd_datetime(a, m, digits);
    else
        *out = (struct value){.kind = VALUE_DATETIME,
                              .i = days_of(m) * 86400 * second_us +
                                   day_us(m)};
    return true;
}

static bool date_read(struct reader *r, struct arena *a, struct value *out)
{
    uint32_t v = (uint32_t)read_le(r, 3);
    struct moment m = {.year = v >> 9, .month = v >> 5 & 15, .day = v & 31};
    return set_date(&m, a, out);
}

/* Of a number whose last `extra` bytes are the fraction. */
static unsigned fraction_us(uint64_t all, unsigned extra)
{
    uint64_t fraction = all & ((1ULL << 8 * extra) - 1);
    return (unsigned)fraction * us_per_unit[extra];
}

static bool datetime2_read(unsigned digits, struct reader *r, struct arena *a, struct value *out)
{
    unsigned extra = (digits + 1) / 2;
    uint64_t all = read_be(r, 5 + extra), v = all >> 8 * extra ^ 0x8000000000;
    if (r->overrun)
        return false;
    unsigned year_month = (unsigned)(v >> 22);
    struct moment m = {.year = year_month / 13,
                       .month = year_month % 13,
                       .day = v >> 17 & 31,
                       .hour = v >> 12 & 31,
                       .minute = v >> 6 & 63,
                       .second = v & 63,
                       .us = fraction_us(all, extra)};
    return set_datetime(&m, digits, a, out);
}

static bool time2_read(unsigned digits, struct reader *r, struct value *out)
{
    unsigned extra = (digits + 1) / 2, bits = 8 * extra;
    int64_t v = (int64_t)read_be(r, 3 + extra) - ((int64_t)0x800000 << bits);
    if (r->overrun)
        return false;
    bool negative = v < 0;
    uint64_t u = (uint64_t)(negative ? -v : v);
    uint64_t hms = u >> bits, fraction = u & ((1ULL << bits) - 1);
    int64_t us = (int64_t)((hms >> 12) * 3600 + (hms >> 6 & 63) * 60 + (hms & 63)) * second_us +
                 (int64_t)(fraction * us_per_unit[extra]);
    *out = (struct value){.kind = VALUE_TIME, .i = negative ? -us : us};
    return (hms >> 12) <= 838 && (hms >> 6 & 63) < 60 && (hms & 63) < 60 &&
           (extra == 0 || fraction * us_per_unit[extra] < 1000000);
}

static bool instant_set(uint32_t seconds, unsigned us, unsigned digits, struct arena *a,
                        struct value *out)
{
    if (us > 999999)
        return false;
    if (seconds == 0)
        *out = odd_datetime(a, &(struct moment){.us = us}, digits);
    else
        *out = (struct value){.kind = VALUE_INSTANT, .i = seconds * second_us + us};
    return true;
}

static bool timestamp2_read(unsigned digits, struct reader *r, struct arena *a, struct value *out)
{
    unsigned extra = (digits + 1) / 2;
    uint64_t all = read_be(r, 4 + extra);
    if (r->overrun)
        return false;
    return instant_set((uint32_t)(all >> 8 * extra), fraction_us(all, extra), digits, a, out);
}

static bool old_datetime_read(struct reader *r, struct arena *a, struct value *out)
{
    uint64_t v = read_le(r, 8);
    if (v > 99991231235959)
        return false;
    unsigned date = (unsigned)(v / 1000000), time = (unsigned)(v % 1000000);
    struct moment m = {date / 10000,     date / 100 % 100, date % 100, time / 10000,
                       time / 100 % 100, time % 100,       0};
    return set_datetime(&m, 0, a, out);
}

static bool old_time_read(struct reader *r, struct value *out)
{
    int32_t v = (int32_t)((uint32_t)read_le(r, 3) << 8) >> 8;
    uint32_t u = (uint32_t)(v < 0 ? -v : v);
    int64_t us = (int64_t)(u / 10000 * 3600 + u / 100 % 100 * 60 + u % 100) * second_us;
    *out = (struct value){.kind = VALUE_TIME, .i = v < 0 ? -us : us};
    return u <= 8385959 && u / 100 % 100 < 60 && u % 100 < 60;
}

bool temporal_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                   struct value *out)
{
    switch (col->type) {
    case TYPE_DATE:
    case TYPE_NEWDATE:
        return date_read(r, a, out);
    case TYPE_DATETIME2:
        return datetime2_read(col->scale, r, a, out);
    case TYPE_TIMESTAMP2:
        return timestamp2_read(col->scale, r, a, out);
    case TYPE_TIME2:
        return time2_read(col->scale, r, out);
    case TYPE_DATETIME:
        return old_datetime_read(r, a, out);
    case TYPE_TIMESTAMP:
        return instant_set((uint32_t)read_le(r, 4), 0, 0, a, out);
    case TYPE_TIME:
        return old_time_read(r, out);
    default:
        return false;
    }
}

static void packed_time_write(int64_t packed, struct buffer *out)
{
    uint64_t u = packed < 0 ? 0 - (uint64_t)packed : (uint64_t)packed, hms = u >> 24;
    buffer_add_format(out, "%s%02u:%02u:%02u.%06u", packed < 0 ? "-" : "",
                      (unsigned)(hms >> 12 & 1023), (unsigned)(hms >> 6 & 63), (unsigned)(hms & 63),
                      (unsigned)(u & 0xffffff));
}

void temporal_write_packed(uint8_t type, int64_t packed, struct buffer *out)
{
    if (type == TYPE_TIME) {
        packed_time_write(packed, out);
        return;
    }
    uint64_t u = packed < 0 ? 0 - (uint64_t)packed : (uint64_t)packed;
    uint64_t ymd = u >> 41, hms = u >> 24 & 0x1ffff;
    unsigned year_month = (unsigned)(ymd >> 5);
    buffer_add_format(out, "%04u-%02u-%02u", year_month / 13, year_month % 13,
                      (unsigned)(ymd & 31));
    if (type != TYPE_DATE)
        buffer_add_format(out, " %02u:%02u:%02u.%06u", (unsigned)(hms >> 12),
                          (unsigned)(hms >> 6 & 63), (unsigned)(hms & 63),
                          (unsigned)(u & 0xffffff));
}
