/* sha256(text), and mask(text, 'key') = HMAC-SHA256: 64 small hexadecimal digits. The same text and
 * key give the same mask on every run and machine. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"
#include "transforms/functions/load.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "model/value.h"

enum { DIGEST_BYTES = 32 };

static void return_hex(sqlite3_context *context, const unsigned char *digest)
{
    struct call *call = sqlite3_user_data(context);
    buffer_clear(&call->text);
    value_add_hex(&call->text, (const char *)digest, DIGEST_BYTES);
    sqlite3_result_text64(context, call->text.data, call->text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void sha256_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    unsigned char digest[DIGEST_BYTES];
    if (call_has_null(n, values))
        return;
    struct words text = call_text(values[0]);
    must(EVP_Digest(text.text, text.size, digest, NULL, EVP_sha256(), NULL) == 1);
    return_hex(context, digest);
}

static const struct mask_key *find_key(sqlite3_context *context, sqlite3_value *name)
{
    struct call *call = sqlite3_user_data(context);
    struct words text = call_text(name);
    const struct mask_key *key =
        mask_key_find(functions_mask_keys(call->functions), text.text, text.size);
    if (!key) /* what is no name of a key is perhaps one: it is not shown */
        call_wrong(context, "mask: the second argument is no name of `mask_keys`");
    return key;
}

void mask_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    unsigned char digest[DIGEST_BYTES];
    (void)n;
    const struct mask_key *key = find_key(context, values[1]);
    if (!key || sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    struct words text = call_text(values[0]);
    must(HMAC(EVP_sha256(), key->bytes, (int)key->size, (const unsigned char *)text.text, text.size,
              digest, NULL));
    return_hex(context, digest);
}
