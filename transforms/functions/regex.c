/* regex_extract(text, pattern [, group]), regex_matches(text, pattern): PCRE2, UTF-8.
 *
 * Each connection keeps the patterns that it has compiled: a mapping has few of them. (SQLite's own
 * place for them, auxdata, is emptied at the end of each execution: that is once an object.) Limits
 * of steps and memory hold for each match, so that no pattern and no text can stop a link: 200,000
 * steps are some milliseconds. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"

#include <pcre2.h>
#include <stdlib.h>
#include <uthash.h>

enum { MATCH_STEPS = 200000, MATCH_DEPTH = 1000, MATCH_KIB = 4096, PATTERN_BYTES_MAX = 4096,
       REGEXES_MAX = 256 };

struct regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
    uint32_t groups;
    UT_hash_handle hh;
    size_t pattern_size;
    char pattern[];
};

struct regex_cache {
    struct regex *all;
};

static void regex_free(struct regex *r)
{
    pcre2_code_free(r->code);
    pcre2_match_data_free(r->match);
    pcre2_match_context_free(r->limits);
    free(r);
}

/* ---- the pattern ---- */

static void bad_pattern(sqlite3_context *context, struct words pattern, int error, size_t at)
{
    PCRE2_UCHAR message[128];
    pcre2_get_error_message(error, message, sizeof message);
    call_wrong(context, "regular expression \"%.*s\": %s (at byte %zu)", SHOWN(pattern),
               (const char *)message, at + 1);
}

static struct regex *new_regex(pcre2_code *code, struct words pattern)
{
    struct regex *r = calloc(1, sizeof *r + pattern.size);
    must(r);
    memcpy(r->pattern, pattern.text, pattern.size);
    r->pattern_size = pattern.size;
    r->code = code;
    r->match = pcre2_match_data_create_from_pattern(code, NULL);
    r->limits = pcre2_match_context_create(NULL);
    must(r->match && r->limits);
    pcre2_set_match_limit(r->limits, MATCH_STEPS);
    pcre2_set_depth_limit(r->limits, MATCH_DEPTH);
    pcre2_set_heap_limit(r->limits, MATCH_KIB);
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &r->groups);
    return r;
}

static struct regex *compile(sqlite3_context *context, struct words pattern)
{
    const uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    int error;
    size_t at;
    if (pattern.size > PATTERN_BYTES_MAX) {
        call_wrong(context, "regular expression of more than %d bytes", PATTERN_BYTES_MAX);
        return NULL;
    }
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern.text, pattern.size, options, &error, &at, NULL);
    if (code)
        return new_regex(code, pattern);
    bad_pattern(context, pattern, error, at);
    return NULL;
}

static void forget_all(struct regex_cache *cache)
{
    struct regex *r, *next;
    HASH_ITER(hh, cache->all, r, next)
    {
        HASH_DEL(cache->all, r);
        regex_free(r);
    }
}

void regex_cache_free(struct regex_cache *cache)
{
    if (!cache)
        return;
    forget_all(cache);
    free(cache);
}

/* NULL: the statement has ended. */
static const struct regex *find_regex(sqlite3_context *context, sqlite3_value *pattern)
{
    struct call *call = sqlite3_user_data(context);
    struct words text = call_text(pattern);
    struct regex *r;
    if (!call->regexes)
        call->regexes = calloc(1, sizeof *call->regexes);
    must(call->regexes);
    HASH_FIND(hh, call->regexes->all, text.text, text.size, r);
    if (r || !(r = compile(context, text)))
        return r;
    if (HASH_COUNT(call->regexes->all) >= REGEXES_MAX)
        forget_all(call->regexes);
    HASH_ADD_KEYPTR(hh, call->regexes->all, r->pattern, r->pattern_size, r);
    return r;
}

/* ---- the match ---- */

enum match { MATCH_YES, MATCH_NO, MATCH_ENDED };

static enum match match_failed(sqlite3_context *context, struct words text, int error)
{
    PCRE2_UCHAR message[128];
    pcre2_get_error_message(error, message, sizeof message);
    bool limit = error == PCRE2_ERROR_MATCHLIMIT || error == PCRE2_ERROR_DEPTHLIMIT ||
                 error == PCRE2_ERROR_HEAPLIMIT;
    call_end(context, OUTCOME_QUARANTINE, limit ? REASON_MATCH_LIMIT : REASON_UTF8,
             words_of("regex_extract"), text, "regular expression on \"%.*s\": %s", SHOWN(text),
             (const char *)message);
    return MATCH_ENDED;
}

static enum match match(sqlite3_context *context, const struct regex *r, struct words text)
{
    int n = pcre2_match(r->code, (PCRE2_SPTR)text.text, text.size, 0, 0, r->match, r->limits);
    if (n > 0)
        return MATCH_YES;
    return n == PCRE2_ERROR_NOMATCH ? MATCH_NO : match_failed(context, text, n);
}

/* Of a pattern with groups the first, else the whole match. */
static bool read_group(sqlite3_context *context, const struct regex *r, int n,
                       sqlite3_value **values, uint32_t *out)
{
    *out = r->groups > 0;
    if (n < 3)
        return true;
    sqlite3_int64 group = sqlite3_value_int64(values[2]);
    bool good = sqlite3_value_type(values[2]) == SQLITE_INTEGER && group >= 0 && group <= r->groups;
    if (!good)
        call_wrong(context, "regex_extract: the pattern has the groups 0 to %u", r->groups);
    *out = (uint32_t)group;
    return good;
}

/* A group that took no part in the match gives NULL. */
static void return_group(sqlite3_context *context, const struct regex *r, struct words text,
                         uint32_t group)
{
    const size_t *at = pcre2_get_ovector_pointer(r->match) + 2 * group;
    if (at[0] == PCRE2_UNSET || at[1] < at[0])
        return;
    sqlite3_result_text64(context, text.text + at[0], at[1] - at[0], SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void extract(sqlite3_context *context, const struct regex *r, int n, sqlite3_value **values)
{
    struct words text = call_text(values[0]);
    uint32_t group;
    if (!read_group(context, r, n, values, &group))
        return;
    enum match m = match(context, r, text);
    if (m == MATCH_YES)
        return_group(context, r, text, group);
    else if (m == MATCH_NO)
        call_end(context, OUTCOME_QUARANTINE, REASON_MATCH, call_text(values[1]), text,
                 "regex_extract: \"%.*s\" does not match \"%.*s\"", SHOWN(text),
                 SHOWN(call_text(values[1])));
}

void regex_extract_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    if (call_has_null(n, values))
        return;
    const struct regex *r = find_regex(context, values[1]);
    if (r)
        extract(context, r, n, values);
}

void regex_matches_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    if (call_has_null(n, values))
        return;
    const struct regex *r = find_regex(context, values[1]);
    enum match m = r ? match(context, r, call_text(values[0])) : MATCH_ENDED;
    if (m != MATCH_ENDED)
        sqlite3_result_int(context, m == MATCH_YES);
}
