/* Calendar arithmetic and the texts of dates and times (value.h). */
#include "base/buffer.h"
#include "model/value.h"

enum { DAYS_PER_ERA = 146097, EPOCH_DAY = 719468 }; /* 400 years; days from 0000-03-01 to 1970 */

static const int64_t US_PER_SECOND = 1000000, US_PER_DAY = 86400000000;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Years begin in March here: the leap day is the last of its year. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month_of_year = ((int64_t)month + 9) % 12;
    int64_t day_of_year = (153 * month_of_year + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_DAY;
}

void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += EPOCH_DAY;
    int64_t era = floor_div(days, DAYS_PER_ERA);
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_of_year = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * month_of_year + 2) / 5 + 1);
    *month = (unsigned)(month_of_year < 10 ? month_of_year + 3 : month_of_year - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static void add_digits(struct buffer *b, uint64_t v, unsigned width)
{
    char *p = buffer_reserve(b, width);
    for (unsigned i = width; i-- > 0; v /= 10)
        p[i] = (char)('0' + v % 10);
    b->size += width;
}

void value_add_date(struct buffer *b, int64_t days)
{
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    if (year >= 0 && year <= 9999)
        add_digits(b, (uint64_t)year, 4);
    else
        buffer_add_int(b, year);
    buffer_add_char(b, '-');
    add_digits(b, month, 2);
    buffer_add_char(b, '-');
    add_digits(b, day, 2);
}

void value_add_time(struct buffer *b, int64_t us)
{
    uint64_t left = us < 0 ? -(uint64_t)us : (uint64_t)us;
    uint64_t fraction = left % (uint64_t)US_PER_SECOND;
    uint64_t seconds = left / (uint64_t)US_PER_SECOND;
    uint64_t hours = seconds / 3600;
    if (us < 0)
        buffer_add_char(b, '-');
    if (hours < 100)
        add_digits(b, hours, 2);
    else
        buffer_add_uint(b, hours);
    buffer_add_char(b, ':');
    add_digits(b, seconds / 60 % 60, 2);
    buffer_add_char(b, ':');
    add_digits(b, seconds % 60, 2);
    if (fraction == 0)
        return;
    buffer_add_char(b, '.');
    add_digits(b, fraction, 6);
}

void value_add_datetime(struct buffer *b, int64_t us)
{
    int64_t days = floor_div(us, US_PER_DAY);
    value_add_date(b, days);
    buffer_add_char(b, ' ');
    value_add_time(b, us - days * US_PER_DAY);
}
