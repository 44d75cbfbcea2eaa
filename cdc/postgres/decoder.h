/* Decoder: messages of the pgoutput plugin, protocol version 1, as structs. Pure; nothing is
 * trusted, nothing is owned: what is read points into the message.
 *
 *   Begin    B  final_lsn:8 committed:8 xid:4
 *   Message  M  flags:1 lsn:8 prefix\0 size:4 bytes           flags 1: transactional
 *   Commit   C  flags:1 commit_lsn:8 end_lsn:8 committed:8
 *   Origin   O  lsn:8 name\0
 *   Relation R  oid:4 schema\0 name\0 identity:1 n:2 (flags:1 name\0 type:4 modifier:4)*n
 *   Type     Y  oid:4 schema\0 name\0
 *   Insert   I  oid:4 'N' tuple
 *   Update   U  oid:4 ['K' tuple | 'O' tuple] 'N' tuple       K: key columns, O: the whole old row
 *   Delete   D  oid:4 ('K' tuple | 'O' tuple)
 *   Truncate T  n:4 options:1 oid:4*n
 *   tuple       n:2 ('n' | 'u' | 't' size:4 bytes)*n          null, unchanged TOAST, text
 *
 * Integers are big-endian. Times are microseconds since 2000-01-01 UTC.
 * PostgreSQL manual, "Logical Replication Message Formats";
 * src/backend/replication/logical/proto.c.
 */
#ifndef MILLRACE_POSTGRES_DECODER_H
#define MILLRACE_POSTGRES_DECODER_H

#include <stdint.h>
#include "base/fail.h"
#include "base/reader.h"

enum { PGOUTPUT_COLUMNS_MAX = 1664 }; /* MaxTupleAttributeNumber */

struct pgoutput_cell {
    char kind; /* n, u, t */
    uint32_t size;
    const char *text;
};

struct pgoutput_tuple {
    char kind; /* K, O, N; 0: there is none */
    int ncells;
    struct pgoutput_cell cells[PGOUTPUT_COLUMNS_MAX];
};

struct pgoutput_column {
    bool key; /* part of the replica identity */
    const char *name;
    uint32_t type;
    int32_t modifier;
};

/* Large: keep one and read into it again. */
struct pgoutput {
    char kind;                 /* the message's letter */
    uint64_t lsn;              /* B: final_lsn; C: end_lsn; M, O: lsn */
    int64_t committed_us;      /* B, C: since 1970 */
    uint32_t xid;              /* B */
    uint32_t oid;              /* R, Y, I, U, D */
    const char *schema, *name; /* R, Y; O: name */
    char identity;             /* R: d, n, f, i */
    int ncolumns;              /* R */
    struct pgoutput_column columns[PGOUTPUT_COLUMNS_MAX];
    struct pgoutput_tuple before, after; /* I, U, D */
    bool transactional;                  /* M */
    const char *prefix;                  /* M */
    const char *content;                 /* M */
    uint32_t content_size;
    uint32_t noids; /* T: read them by pgoutput_truncated */
    const uint8_t *oids;
};

/* PROTOCOL on anything that is not exactly one message. */
enum status pgoutput_read(const void *data, size_t size, struct pgoutput *m, struct failure *f);
uint32_t pgoutput_truncated(const struct pgoutput *m, uint32_t i);

/* The envelope of the replication stream:
 *   XLogData   w  start:8 end:8 sent:8 message         Keepalive  k  end:8 sent:8 reply:1
 */
struct walsender_message {
    char kind; /* w, k */
    uint64_t start, end;
    bool reply;       /* k: a status is wanted at once */
    const void *data; /* w */
    size_t size;
};

enum status walsender_read(const void *data, size_t size, struct walsender_message *m,
                           struct failure *f);

#endif
