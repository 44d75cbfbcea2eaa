/* load_in HOST PORT USER DATABASE LOAD_STATEMENT ROWS: loads lines from stdin into MySQL or MariaDB, a
 * LOAD DATA LOCAL, which is a transaction, for so many lines each (0: one for all). The password is
 * in MYSQL_PASSWORD.
 */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

struct input {
    char data[BUFFER_BYTES];
    size_t at, size;
    long rows, left; /* of the open LOAD DATA */
    int ended;
};

static int fill(struct input *in)
{
    if (in->at == in->size && !in->ended) {
        ssize_t n = read(STDIN_FILENO, in->data, sizeof in->data);
        in->ended = n <= 0;
        in->at = 0;
        in->size = n > 0 ? (size_t)n : 0;
    }
    return !in->ended;
}

/* ---- what the client library asks for ---- */

static int open_part(void **handle, const char *name, void *user)
{
    struct input *in = user;
    (void)name;
    in->left = in->rows;
    *handle = in;
    return 0;
}

static int read_part(void *handle, char *out, unsigned size)
{
    struct input *in = handle;
    if ((in->rows > 0 && in->left == 0) || !fill(in))
        return 0;
    size_t n = in->size - in->at < size ? in->size - in->at : size;
    const char *begin = in->data + in->at, *at = begin, *newline;
    while (in->rows > 0 && in->left > 0 && (newline = memchr(at, '\n', n - (size_t)(at - begin)))) {
        at = newline + 1;
        in->left--;
    }
    if (in->rows > 0 && in->left == 0)
        n = (size_t)(at - begin);
    memcpy(out, begin, n);
    in->at += n;
    return (int)n;
}

static void end_part(void *handle)
{
    (void)handle;
}

static int no_error(void *handle, char *out, unsigned size)
{
    (void)handle;
    snprintf(out, size, "none");
    return 0;
}

int main(int argc, char **argv)
{
    static struct input in;
    unsigned on = 1;
    if (argc != 7) {
        fprintf(stderr, "load_in HOST PORT USER DATABASE LOAD_STATEMENT ROWS\n");
        return 1;
    }
    MYSQL *my = mysql_init(NULL);
    mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &on);
    mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(my, argv[1], argv[3], getenv("MYSQL_PASSWORD"), argv[4],
                            (unsigned)atoi(argv[2]), NULL, 0)) {
        fprintf(stderr, "load_in: %s\n", mysql_error(my));
        return 1;
    }
    in.rows = atol(argv[6]);
    mysql_set_local_infile_handler(my, open_part, read_part, end_part, no_error, &in);
    while (fill(&in)) {
        if (mysql_query(my, argv[5]) != 0) {
            fprintf(stderr, "load_in: %s\n", mysql_error(my));
            return 1;
        }
    }
    mysql_close(my);
    return 0;
}
