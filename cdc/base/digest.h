/* Digest: SHA-256 over a list of texts, in hex. Each goes in with its length, so that no two lists
 * are spelled alike. Nothing of what went in stays in memory.
 *
 *   digest_begin -> digest_text, digest_bytes, digest_number ... -> digest_end
 */
#ifndef MILLRACE_BASE_DIGEST_H
#define MILLRACE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT_BYTES = 65 };

struct digest {
    void *state; /* between begin and end */
};

void digest_begin(struct digest *d);
void digest_text(struct digest *d, const char *text); /* NULL is another one than "" */
void digest_bytes(struct digest *d, const void *data, size_t size);
void digest_number(struct digest *d, int64_t n);
void digest_end(struct digest *d, char out[DIGEST_TEXT_BYTES]); /* releases it */

#endif
