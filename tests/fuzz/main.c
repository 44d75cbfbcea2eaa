/* Runs a fuzz target without libFuzzer: main [-runs=N] [-seed=N] [-seconds=N] FILE...
 *
 * Each file as it is, then mutations of them: bytes changed, removed, doubled, taken from another
 * file. Prints the seed; with the same seed and files the inputs are the same. Each input is a heap
 * block of its exact size, so that AddressSanitizer sees a read beyond it; it is written to
 * fuzz-input in the working directory before it runs, where -keep is given.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
    uint8_t *data;
    size_t size;
};

static uint64_t random_state;
static bool keep;

static uint64_t next_random(void) /* xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 2685821657736338717ULL;
}

static size_t below(size_t n)
{
    return n ? (size_t)(next_random() >> 16) % n : 0;
}

static bool file_read(const char *path, struct file *out)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    fseek(f, 0, SEEK_END);
    out->size = (size_t)ftell(f);
    rewind(f);
    out->data = malloc(out->size + 1);
    bool ok = out->data && fread(out->data, 1, out->size, f) == out->size;
    fclose(f);
    return ok;
}

static void run(const uint8_t *data, size_t size)
{
    FILE *f = keep ? fopen("fuzz-input", "wb") : NULL;
    if (f) {
        fwrite(data, 1, size, f);
        fclose(f);
    }
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void change_byte(struct file *f)
{
    static const uint8_t liked[] = {0, 1, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
    uint8_t *at = &f->data[below(f->size)];
    switch (below(4)) {
    case 0:
        *at ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        *at = liked[below(sizeof liked)];
        break;
    case 2:
        *at = (uint8_t)(*at + below(17) - 8);
        break;
    default:
        *at = (uint8_t)next_random();
    }
}

static void remove_part(struct file *f)
{
    size_t at = below(f->size), n = 1 + below(16);
    if (n > f->size - at)
        n = f->size - at;
    memmove(f->data + at, f->data + at + n, f->size - at - n);
    f->size -= n;
}

static void copy_part(struct file *f, const struct file *from)
{
    size_t n = 1 + below(from->size < 64 ? from->size : 64);
    size_t to = below(f->size), at = below(from->size);
    if (n > from->size - at)
        n = from->size - at;
    if (n > f->size - to)
        n = f->size - to;
    memmove(f->data + to, from->data + at, n);
}

static void mutate(struct file *f, const struct file *other)
{
    for (size_t n = 1 + below(6); n-- > 0 && f->size > 0;) {
        size_t what = below(10);
        if (what < 7)
            change_byte(f);
        else if (what == 7)
            remove_part(f);
        else if (what == 8 && other->size > 0)
            copy_part(f, other);
        else if (below(20) == 0)
            f->size = below(f->size);
    }
}

int main(int argc, char **argv)
{
    unsigned long runs = 100000, seed = (unsigned long)time(NULL);
    time_t until = 0;
    struct file *files = calloc((size_t)argc, sizeof *files);
    size_t n = 0, largest = 0;
    for (int i = 1; i < argc; i++) {
        long seconds;
        if (sscanf(argv[i], "-runs=%lu", &runs) == 1 || sscanf(argv[i], "-seed=%lu", &seed) == 1)
            continue;
        if (strcmp(argv[i], "-keep") == 0)
            keep = true;
        else if (sscanf(argv[i], "-seconds=%ld", &seconds) == 1)
            until = time(NULL) + seconds;
        else if (file_read(argv[i], &files[n]))
            largest = files[n].size > largest ? files[n].size : largest, n++;
        else
            return fprintf(stderr, "cannot read %s\n", argv[i]), 1;
    }
    printf("seed %lu, %zu files\n", seed, n);
    fflush(stdout);
    random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
    for (size_t i = 0; i < n; i++)
        run(files[i].data, files[i].size);
    struct file work = {.data = malloc(largest + 1)};
    unsigned long done = 0;
    for (; n > 0 && (until ? time(NULL) < until : done < runs); done++) {
        const struct file *from = &files[below(n)];
        work.size = from->size;
        memcpy(work.data, from->data, from->size);
        mutate(&work, &files[below(n)]);
        run(work.data, work.size);
    }
    printf("%lu mutations\n", done);
    for (size_t i = 0; i < n; i++)
        free(files[i].data);
    free(files);
    free(work.data);
    return 0;
}
