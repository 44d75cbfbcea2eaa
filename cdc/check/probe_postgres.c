/* The probe on PostgreSQL: a temporary slot, one logical message, a look through the slot.
 *
 * pgoutput asks for its publications only when it meets a row, so none need be there; a row of an
 * application between our two calls would make it ask. So the slot is moved on, without decoding,
 * until just before the message; and a look that fails is taken again. */
#include <string.h>
#include "check/probe.h"
#include "link/drivers.h"
#include "postgres/decoder.h"
#include "state/marker.h"

enum { TRIES = 3, MARKER_MAX = 512, BYTES_MAX = 1 << 16 };

struct look {
    struct check *k;
    struct session *reader;
    struct check_side *writer;
    const char *slot, *publication;
    int32_t lane;
    bool found, first;
};

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* bytea's text: \x4d01... */
static size_t read_bytea(const char *text, unsigned char *out, size_t room)
{
    size_t n = 0;
    if (strncmp(text, "\\x", 2) != 0)
        return 0;
    for (text += 2; text[0] && text[1] && n < room; text += 2) {
        int high = hex_digit(text[0]), low = hex_digit(text[1]);
        if (high < 0 || low < 0)
            return 0;
        out[n++] = (unsigned char)(high << 4 | low);
    }
    return n;
}

static bool is_ours(const struct look *look, const struct pgoutput *m)
{
    struct marker marker;
    char path[MARKER_PATH_BYTES + 1];
    struct failure ignored;
    return m->kind == 'M' && m->transactional && strcmp(m->prefix, "millrace") == 0 &&
           marker_read(m->content, m->content_size, &marker, path, &ignored) == STATUS_OK &&
           marker.link == PROBE_LINK && marker.lane == look->lane;
}

static void judge(struct look *look, const struct rows *rows)
{
    static struct pgoutput message; /* large */
    static unsigned char bytes[BYTES_MAX];
    bool first = false;
    for (int i = 0; i < rows->nrows && !look->found; i++) {
        size_t size = read_bytea(rows_cell(rows, i, 0), bytes, sizeof bytes);
        if (pgoutput_read(bytes, size, &message, &look->k->failure) != STATUS_OK)
            continue; /* longer than our buffer: a row of an application */
        if (is_ours(look, &message)) {
            look->found = true;
            look->first = first;
        }
        first = message.kind == 'B';
    }
}

static enum status emit(struct look *look)
{
    char text[MARKER_MAX];
    struct buffer b;
    buffer_init(&b, MARKER_MAX);
    marker_write(&b, &(struct marker){PROBE_LINK, look->lane, PROBE_SEQ, PROBE_PATH});
    snprintf(text, sizeof text, "%s", buffer_text(&b));
    buffer_free(&b);
    return session_run(look->writer->session, NULL, NULL, 1,
                       "SELECT pg_logical_emit_message(true, 'millrace', ?)", text);
}

static enum status look_once(struct look *look)
{
    struct session *r = look->reader;
    struct rows rows;
    TRY(session_run(r, NULL, NULL, 1,
                    "SELECT pg_create_logical_replication_slot(?, 'pgoutput', true)", look->slot));
    TRY(session_run(r, NULL, NULL, 1,
                    "SELECT pg_replication_slot_advance(?, pg_current_wal_flush_lsn())",
                    look->slot));
    TRY(emit(look));
    TRY(session_run(
        r, &look->k->arena, &rows, 2,
        "SELECT data FROM pg_logical_slot_peek_binary_changes(?,"
        " pg_current_wal_flush_lsn(), NULL, 'proto_version', '1', 'publication_names', ?,"
        " 'messages', 'true')",
        look->slot, look->publication));
    judge(look, &rows);
    return session_run(r, NULL, NULL, 1, "SELECT pg_drop_replication_slot(?)", look->slot);
}

static enum status look_for_it(struct look *look)
{
    enum status status = STATUS_OK;
    TRY(session_run(look->reader, NULL, NULL, 0, "SET statement_timeout = '20s'"));
    for (int i = 0; i < TRIES && !look->found; i++) {
        look->slot = arena_format(&look->k->arena, "millrace_probe_%d_%d", look->lane, i);
        status = look_once(look);
    }
    return look->found ? STATUS_OK : status;
}

enum status probe_postgres(struct check *k, struct check_side *reader, struct check_side *writer,
                           const char *publication)
{
    struct look look = {.k = k, .writer = writer, .lane = probe_lane()};
    failure_clear(&k->failure);
    if (session_open(reader->endpoint, "millrace check", &k->wake, &k->failure, &look.reader) !=
        STATUS_OK)
        return probe_failed(k, reader);
    look.publication = check_identifier(k, reader, publication); /* a list of names */
    enum status status = look_for_it(&look);
    session_close(look.reader); /* and with it the temporary slot */
    if (status != STATUS_OK)
        return probe_failed(k, reader);
    probe_said(k, reader, look.found, look.first);
    return STATUS_OK;
}
