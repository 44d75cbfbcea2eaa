/* bench_delay_proxy PORT TARGET_PORT ONE_WAY_US: a network path between 127.0.0.1:PORT and
 * 127.0.0.1:TARGET_PORT on which every byte is under way for so long. A delay, not a rate: what is
 * sent without waiting arrives as densely as it was sent. One thread; ends by a signal. Says
 * "ready" once it listens.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PAIRS_MAX = 64,
    PIECE_BYTES = 256 * 1024,
    UNDER_WAY_BYTES = 64 << 20, /* more than any window: then the sender waits, as in a network */
};

struct piece {
    struct piece *next;
    int64_t due;
    size_t size, sent;
    char data[];
};

struct flow {
    int from, to;
    struct piece *first, **last;
    size_t under_way;
    bool ended, blocked; /* the sender has closed; the receiver takes no more just now */
};

struct pair {
    struct flow up, down;
    bool used;
};

static struct pair pairs[PAIRS_MAX];
static int64_t delay_ns;
static uint16_t target_port;
static char *piece_buffer;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

static void make_ready(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void flow_init(struct flow *f, int from, int to)
{
    *f = (struct flow){.from = from, .to = to};
    f->last = &f->first;
}

static void flow_free(struct flow *f)
{
    while (f->first) {
        struct piece *p = f->first;
        f->first = p->next;
        free(p);
    }
}

static void pair_open(int client)
{
    struct sockaddr_in target = loopback(target_port);
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&target, sizeof target) < 0) {
        close(client);
        close(server);
        return;
    }
    for (int i = 0; i < PAIRS_MAX; i++) {
        if (pairs[i].used)
            continue;
        make_ready(client);
        make_ready(server);
        flow_init(&pairs[i].up, client, server);
        flow_init(&pairs[i].down, server, client);
        pairs[i].used = true;
        return;
    }
    fprintf(stderr, "more than %d connections\n", PAIRS_MAX);
    exit(1);
}

static void pair_close(struct pair *p)
{
    close(p->up.from);
    close(p->up.to);
    flow_free(&p->up);
    flow_free(&p->down);
    p->used = false;
}

/* False: the connection is broken. */
static bool take_in(struct flow *f)
{
    ssize_t size = read(f->from, piece_buffer, PIECE_BYTES);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    struct piece *p = malloc(sizeof *p + (size_t)size);
    if (!p)
        die("malloc");
    *p = (struct piece){.due = now_ns() + delay_ns, .size = (size_t)size};
    memcpy(p->data, piece_buffer, (size_t)size);
    *f->last = p; /* an empty one stands for the end */
    f->last = &p->next;
    f->under_way += (size_t)size;
    f->ended = size == 0;
    return true;
}

static void drop_first(struct flow *f)
{
    struct piece *p = f->first;
    f->first = p->next;
    if (!f->first)
        f->last = &f->first;
    f->under_way -= p->size;
    free(p);
}

/* Hands over what has arrived; false: the connection is broken. */
static bool hand_over(struct flow *f)
{
    int64_t now = now_ns();
    while (f->first && f->first->due <= now) {
        struct piece *p = f->first;
        if (p->size == 0) {
            shutdown(f->to, SHUT_WR);
            drop_first(f);
            continue;
        }
        ssize_t n = send(f->to, p->data + p->sent, p->size - p->sent, MSG_NOSIGNAL);
        f->blocked = n < 0 && errno == EAGAIN;
        if (n < 0)
            return f->blocked || errno == EINTR;
        p->sent += (size_t)n;
        if (p->sent == p->size)
            drop_first(f);
    }
    return true;
}

static short events_of(const struct flow *in, const struct flow *out)
{
    bool room = !in->ended && in->under_way < UNDER_WAY_BYTES;
    return (short)((room ? POLLIN : 0) | (out->blocked ? POLLOUT : 0));
}

static void earlier(int64_t *due, const struct flow *f)
{
    if (f->first && !f->blocked && f->first->due < *due)
        *due = f->first->due;
}

static bool serve_flow(struct flow *f, short events)
{
    if ((events & (POLLIN | POLLHUP | POLLERR)) && !f->ended && !take_in(f))
        return false;
    return hand_over(f);
}

static void serve(struct pair *p, short client, short server)
{
    bool up = serve_flow(&p->up, client), down = serve_flow(&p->down, server);
    bool over = p->up.ended && p->down.ended && !p->up.first && !p->down.first;
    if (!up || !down || over)
        pair_close(p);
}

static void wait_until(struct pollfd *fds, nfds_t n, int64_t due)
{
    int64_t left = due == INT64_MAX ? 1000000000 : due - now_ns();
    left = left > 0 ? left : 0;
    struct timespec t = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    if (ppoll(fds, n, &t, NULL) < 0 && errno != EINTR)
        die("poll");
}

static void turn(int listener)
{
    struct pollfd fds[1 + 2 * PAIRS_MAX] = {{.fd = listener, .events = POLLIN}};
    int64_t due = INT64_MAX;
    for (int i = 0; i < PAIRS_MAX; i++) {
        struct pair *p = &pairs[i];
        struct pollfd *both = &fds[1 + 2 * i];
        both[0] = (struct pollfd){.fd = p->used ? p->up.from : -1};
        both[1] = (struct pollfd){.fd = p->used ? p->up.to : -1};
        if (!p->used)
            continue;
        both[0].events = events_of(&p->up, &p->down);
        both[1].events = events_of(&p->down, &p->up);
        /* an end that has nothing more to say would be reported again and again */
        if (both[0].events == 0)
            both[0].fd = -1;
        if (both[1].events == 0)
            both[1].fd = -1;
        earlier(&due, &p->up);
        earlier(&due, &p->down);
    }
    wait_until(fds, 1 + 2 * PAIRS_MAX, due);
    for (int i = 0; i < PAIRS_MAX; i++)
        if (pairs[i].used)
            serve(&pairs[i], fds[1 + 2 * i].revents, fds[2 + 2 * i].revents);
    if (fds[0].revents)
        pair_open(accept(listener, NULL, NULL));
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT TARGET_PORT ONE_WAY_US\n", argv[0]);
        return 2;
    }
    struct sockaddr_in here = loopback((uint16_t)atoi(argv[1]));
    target_port = (uint16_t)atoi(argv[2]);
    delay_ns = atoll(argv[3]) * 1000;
    piece_buffer = malloc(PIECE_BYTES);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) < 0 || listen(listener, 64) < 0)
        die("listen");
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_TIMERSLACK, 1000);
    printf("ready\n");
    fflush(stdout);
    for (;;)
        turn(listener);
}
