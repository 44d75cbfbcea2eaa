#include "base/digest.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include "base/fail.h"

void digest_begin(struct digest *d)
{
    d->state = EVP_MD_CTX_new();
    must(d->state && EVP_DigestInit_ex(d->state, EVP_sha256(), NULL) == 1);
}

static void add(struct digest *d, const void *data, size_t size)
{
    must(EVP_DigestUpdate(d->state, data, size) == 1);
}

void digest_bytes(struct digest *d, const void *data, size_t size)
{
    char length[32];
    int n = snprintf(length, sizeof length, "%zu:", size);
    add(d, length, (size_t)n);
    add(d, data, size);
}

void digest_text(struct digest *d, const char *text)
{
    if (text)
        digest_bytes(d, text, strlen(text));
    else
        add(d, "-", 1);
}

void digest_number(struct digest *d, int64_t n)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, n);
    digest_text(d, text);
}

void digest_end(struct digest *d, char out[DIGEST_TEXT_BYTES])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    must(EVP_DigestFinal_ex(d->state, hash, &size) == 1 && size == 32);
    EVP_MD_CTX_free(d->state);
    d->state = NULL;
    for (unsigned i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}
