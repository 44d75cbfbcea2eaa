/* stream.c: the replication connection on the link's loop.
 *
 *   socket    the walsender: read while the intake has room; written when libpq has output
 *   control   the ordinary session: its end means that the server goes down, or that somebody wants
 *             us gone: the replication connection closes at once, since a walsender with
 *             unconfirmed log would hold up the server's shutdown
 *   gather    a timer of microseconds: the walsender sends one message a row, and a reader that
 *             wakes for each costs both sides a context switch a row. When a wake-up found much, or
 *             many followed each other, the next one waits a little and then drains everything. So does
 *             the first one: what came with the answer to START_REPLICATION lies in libpq, where no
 *             event tells of it.
 *   timer     the next status message
 *
 * A status says: written = received, flushed = what the link has acknowledged. An asked-for reply
 * says flushed = 0/0: the slot stays where it is, and the server may stop (walsender.c compares
 * `written` then).
 */
#include "postgres/internal.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/guard.h"
#include "base/log.h"

enum {
    STATUS_EVERY_MS = 10 * 1000,
    ACKNOWLEDGE_EVERY_MS = 100,
    GATHER_US = 500,
    GATHER_LITTLE_US = 1000,         /* where messages are small */
    GATHER_LITTLE_BYTES = 16 * 1024, /* of a wake-up that are little for a gathering */
    MUCH_BYTES = 4 * 1024,           /* in one wake-up: then we are behind */
    MUCH_MESSAGES = 16,
    WAKES_SPAN_US = 4000, /* so are we with as many wake-ups in this time, each for little */
    WAKES_MANY = 128,
    ROUNDS_MAX = 64,              /* reads in one turn of the loop */
    ROOM_CHECK_BYTES = 32 * 1024,
};

static const int64_t POSTGRES_EPOCH_US = INT64_C(946684800) * 1000000;

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct source *s = handle->data;
    s->stream.nhandles--;
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

/* No handle watches a socket any more when the connection closes it. */
static void shut(struct source *s)
{
    struct stream *st = &s->stream;
    if (!st->running)
        return;
    st->running = false;
    close_handle(&st->socket);
    close_handle(&st->control);
    close_handle(&st->gather);
    close_handle(&st->timer);
    close(st->gather_fd);
    pg_close(st->pg);
    st->pg = NULL;
}

/* The source's last act. */
static void give_up(struct source *s)
{
    if (!s->stream.running)
        return;
    shut(s);
    intake_fail(s->o.intake, &s->stream.failure);
}

/* ---- which events ---- */

static void on_socket(uv_poll_t *handle, int status, int events);

static void watch(struct stream *st)
{
    int events = UV_DISCONNECT;
    if (!st->paused && !st->gathering)
        events |= UV_READABLE;
    if (st->flushing)
        events |= UV_WRITABLE;
    if (events == st->events) /* libuv would go to the kernel for nothing */
        return;
    st->events = events;
    uv_poll_start(&st->socket, events, on_socket);
}

static void gather(struct stream *st, size_t taken)
{
    int64_t us = taken < GATHER_LITTLE_BYTES ? GATHER_LITTLE_US : GATHER_US;
    struct itimerspec in = {.it_value.tv_nsec = us * 1000};
    st->gathering = timerfd_settime(st->gather_fd, 0, &in, NULL) == 0;
}

/* ---- status messages ---- */

static int64_t ms_since_status(const struct stream *st)
{
    return (clock_monotonic_us() - st->status_at_us) / 1000;
}

static void on_timer(uv_timer_t *handle);

static void schedule(struct stream *st)
{
    int64_t every = st->acknowledged != st->durable ? ACKNOWLEDGE_EVERY_MS : STATUS_EVERY_MS;
    int64_t wait = every - ms_since_status(st);
    uv_timer_start(&st->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

static enum status flush(struct stream *st)
{
    int left = PQflush(st->pg->conn);
    if (left < 0)
        return pg_fail(st->pg, NULL, "sending a status");
    st->flushing = left > 0;
    return STATUS_OK;
}

static void write_status(struct buffer *b, uint64_t written, uint64_t flushed)
{
    buffer_add_char(b, 'r');
    buffer_add_u64be(b, written);
    buffer_add_u64be(b, flushed);
    buffer_add_u64be(b, flushed);
    buffer_add_u64be(b, (uint64_t)(clock_wall_us() - POSTGRES_EPOCH_US));
    buffer_add_char(b, 0);
}

static enum status send_status(struct stream *st, bool answer)
{
    struct buffer b;
    uint64_t flushed = GUARD_ACK_CAP ? st->durable : st->received;
    if (st->flushing) { /* libpq's output grows without limit: one message at a time */
        st->due = true;
        st->answer = st->answer || answer;
        return STATUS_OK;
    }
    buffer_init(&b, 64);
    write_status(&b, st->received, answer ? 0 : flushed);
    int sent = PQputCopyData(st->pg->conn, b.data, (int)b.size);
    buffer_free(&b);
    if (sent < 0)
        return pg_fail(st->pg, NULL, "sending a status");
    if (!answer) {
        st->acknowledged = st->durable;
        st->status_at_us = clock_monotonic_us();
    }
    st->due = st->answer = false;
    TRY(flush(st));
    schedule(st);
    return STATUS_OK;
}

static void on_timer(uv_timer_t *handle)
{
    struct source *s = handle->data;
    if (send_status(&s->stream, false) != STATUS_OK)
        give_up(s);
    else
        watch(&s->stream);
}

void stream_ack(struct source *s, const char *position)
{
    struct stream *st = &s->stream;
    bool ok;
    uint64_t lsn = pg_lsn_read(position, &ok);
    if (!st->running || !ok || lsn <= st->durable)
        return;
    st->durable = lsn;
    if (ms_since_status(st) < ACKNOWLEDGE_EVERY_MS)
        schedule(st);
    else
        on_timer(&st->timer);
}

/* ---- reading ---- */

static enum status on_message(struct source *s, const char *data, size_t size)
{
    struct stream *st = &s->stream;
    struct walsender_message w;
    TRY(walsender_read(data, size, &w, &st->failure));
    if (w.end > st->received)
        st->received = w.end;
    if (w.kind == 'w')
        return rows_read(s, w.data, w.size, &st->failure);
    rows_idle(s, w.end);
    return w.reply ? send_status(st, true) : STATUS_OK;
}

/* What an error of the walsender means for the link; the text is PostgreSQL's. */
static enum status stream_error(struct pg *pg, const PGresult *res)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    struct failure *f = pg->base.failure;
    enum status status = pg_fail(pg, res, "streaming");
    if (!state)
        return status;
    if (strcmp(state, "42704") == 0 || strcmp(state, "55000") == 0 || strcmp(state, "58P01") == 0) {
        f->code = ERROR_POSITION_LOST;
        return fail_in(f, "the log cannot be read from the link's position (remove the link and "
                          "copy again)");
    }
    return status;
}

static enum status stream_ended(struct stream *st)
{
    PGresult *res = PQgetResult(st->pg->conn);
    ExecStatusType s = PQresultStatus(res);
    enum status status;
    if (s == PGRES_FATAL_ERROR)
        status = stream_error(st->pg, res);
    else
        status = fail(&st->failure, ERROR_CONNECTION_LOST, "%s: the server ended the stream",
                      st->pg->base.system);
    PQclear(res);
    return status;
}

/* What came in one wake-up, or in a read of it. */
struct taken {
    size_t bytes;
    int messages;
};

/* All messages that libpq has, as long as the intake has room. */
static enum status drain(struct source *s, struct taken *taken)
{
    struct stream *st = &s->stream;
    size_t unchecked = ROOM_CHECK_BYTES;
    for (;;) {
        char *data;
        if (unchecked >= ROOM_CHECK_BYTES && (st->paused = intake_full(s->o.intake)))
            return STATUS_OK;
        unchecked = unchecked >= ROOM_CHECK_BYTES ? 0 : unchecked;
        int size = PQgetCopyData(st->pg->conn, &data, 1);
        if (size == 0)
            return STATUS_OK;
        if (size == -1)
            return stream_ended(st);
        if (size < 0)
            return pg_fail(st->pg, NULL, "reading the stream");
        enum status status = on_message(s, data, (size_t)size);
        PQfreemem(data);
        if (status != STATUS_OK)
            return status;
        unchecked += (size_t)size;
        taken->bytes += (size_t)size;
        taken->messages++;
    }
}

static bool is_much(const struct taken *t)
{
    return t->bytes >= MUCH_BYTES || t->messages >= MUCH_MESSAGES;
}

/* The walsender is quick, and each of our wake-ups takes just what it has sent since the last one:
 * then it never gets ahead, and no wake-up finds much. */
static bool are_many(struct stream *st)
{
    int64_t now = clock_monotonic_us();
    bool over = now - st->wakes_since_us >= WAKES_SPAN_US, enough = ++st->wakes >= WAKES_MANY;
    if (over || enough) {
        st->wakes = 0;
        st->wakes_since_us = now;
    }
    return enough && !over;
}

/* A read that brought little has caught up with the walsender: one more would take its next row. */
static enum status read_available(struct source *s)
{
    struct stream *st = &s->stream;
    struct taken all = {0}, last = {0};
    TRY(drain(s, &all)); /* what was left when the intake was full */
    for (int i = 0; i < ROUNDS_MAX && !st->paused && (i == 0 || is_much(&last)); i++) {
        last = (struct taken){0};
        TRY(pg_consume(st->pg));
        TRY(drain(s, &last));
        all.bytes += last.bytes;
        all.messages += last.messages;
    }
    if (!st->paused && (is_much(&all) || are_many(st)))
        gather(st, all.bytes);
    return STATUS_OK;
}

static void read_on(struct source *s)
{
    s->stream.gathering = false;
    if (read_available(s) != STATUS_OK)
        give_up(s);
    else
        watch(&s->stream);
}

static enum status write_on(struct stream *st)
{
    TRY(flush(st));
    return st->due && !st->flushing ? send_status(st, st->answer) : STATUS_OK;
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
    struct source *s = handle->data;
    struct stream *st = &s->stream;
    if (!st->running)
        return;
    if (st->paused && (status < 0 || events & UV_DISCONNECT)) {
        fail(&st->failure, ERROR_CONNECTION_LOST,
             "%s: the server closed the replication connection", s->o.endpoint->system);
        give_up(s);
        return;
    }
    if (events & UV_WRITABLE && write_on(st) != STATUS_OK) {
        give_up(s);
        return;
    }
    if (!st->paused)
        read_on(s);
    else
        watch(st);
}

static void on_gather(uv_poll_t *handle, int status, int events)
{
    struct source *s = handle->data;
    uint64_t expired;
    (void)status;
    (void)events;
    if (read(s->stream.gather_fd, &expired, sizeof expired) > 0 && s->stream.gathering)
        read_on(s);
}

void stream_room(struct source *s)
{
    if (!s->stream.running || !s->stream.paused)
        return;
    s->stream.paused = false;
    read_on(s);
}

static void on_control(uv_poll_t *handle, int status, int events)
{
    struct source *s = handle->data;
    (void)events;
    if (status >= 0 && PQconsumeInput(s->control->conn)) {
        PQfreemem(PQnotifies(s->control->conn)); /* parses what came, notices go to the log */
        return;
    }
    fail(&s->stream.failure, ERROR_CONNECTION_LOST,
         "%s: the server ended our session: it stops, or an administrator cut us off",
         s->o.endpoint->system);
    give_up(s);
}

/* ---- the beginning ---- */

static void add_handle(struct source *s, void *handle)
{
    ((uv_handle_t *)handle)->data = s;
    s->stream.nhandles++;
}

static enum status open_handles(struct source *s)
{
    struct stream *st = &s->stream;
    st->gather_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (st->gather_fd < 0)
        return fail(s->o.failure, ERROR_INTERNAL, "timerfd_create failed");
    must(uv_poll_init(s->o.loop, &st->socket, PQsocket(st->pg->conn)) == 0);
    must(uv_poll_init(s->o.loop, &st->control, PQsocket(s->control->conn)) == 0);
    must(uv_poll_init(s->o.loop, &st->gather, st->gather_fd) == 0);
    must(uv_timer_init(s->o.loop, &st->timer) == 0);
    add_handle(s, &st->socket);
    add_handle(s, &st->control);
    add_handle(s, &st->gather);
    add_handle(s, &st->timer);
    uv_poll_start(&st->control, UV_READABLE | UV_DISCONNECT, on_control);
    uv_poll_start(&st->gather, UV_READABLE, on_gather);
    watch(st);
    schedule(st);
    return STATUS_OK;
}

static enum status start_replication(struct source *s, const char *position)
{
    struct buffer sql, name;
    PGresult *res;
    buffer_init(&sql, 1 << 16);
    buffer_init(&name, 1 << 16);
    pg_add_name(&name, s->o.publication);
    buffer_add_text(&sql, "START_REPLICATION SLOT ");
    pg_add_name(&sql, s->o.slot);
    buffer_add_format(&sql, " LOGICAL %s (proto_version '1', messages 'true', publication_names ",
                      position);
    pg_add_literal(&sql, buffer_text(&name));
    buffer_add_text(&sql, ")");
    enum status status = pg_exec(s->stream.pg, buffer_text(&sql), PGRES_COPY_BOTH, &res);
    buffer_free(&sql);
    buffer_free(&name);
    if (status != STATUS_OK)
        return status;
    PQclear(res);
    return STATUS_OK;
}

static enum status open_stream(struct source *s, const char *position)
{
    struct stream *st = &s->stream;
    PGresult *res;
    TRY(pg_open(s->o.endpoint, PG_REPLICATION, s->application, s->o.wake, s->o.failure, &st->pg));
    /* The server's own may be shorter than our statuses, or 0: then a dead connection would hold
     * the slot for ever. */
    TRY(pg_exec(st->pg, "SET wal_sender_timeout = '60s'", PGRES_COMMAND_OK, &res));
    PQclear(res);
    TRY(start_replication(s, position));
    return open_handles(s);
}

enum status stream_start(struct source *s, const char *position, struct marker_guard *guard)
{
    bool ok;
    uint64_t lsn = pg_lsn_read(position, &ok);
    if (!ok)
        return fail(s->o.failure, ERROR_INTERNAL, "\"%s\" is no position of PostgreSQL", position);
    must(!s->stream.running && s->stream.nhandles == 0);
    s->stream = (struct stream){.status_at_us = clock_monotonic_us(), .received = lsn};
    tables_forget_met(s);
    s->reading = (struct reading){
        .message = s->reading.message, .guard = guard, .position = lsn, .reported = lsn};
    enum status status = open_stream(s, position);
    if (status != STATUS_OK) {
        pg_close(s->stream.pg);
        s->stream.pg = NULL;
        return status;
    }
    s->stream.running = true;
    s->stream.pg->base.failure = &s->stream.failure;
    gather(&s->stream, 0);
    watch(&s->stream);
    return STATUS_OK;
}

void stream_stop(struct source *s)
{
    if (!s->stream.running)
        return;
    if (!s->stream.flushing && s->stream.acknowledged != s->stream.durable)
        (void)!send_status(&s->stream, false); /* a late word, not needed for anything */
    shut(s);
}

bool stream_stopped(struct source *s)
{
    return !s->stream.running && s->stream.nhandles == 0;
}
