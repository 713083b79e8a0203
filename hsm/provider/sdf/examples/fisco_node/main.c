/*
 * A stand-in for a FISCO BCOS 3 node in SM mode: it calls a GM/T 0018 library for one transaction after the other as the node does, and shows the rate beside that
 * of a node without a device, which verifies by libcrypto. Same items, same threads, one run; every answer is compared with what must come out.
 *
 *     cc -O2 -pthread -o fisco_node *.c -ldl -lcrypto
 *     ./fisco_node --library libchainbox_sdf.so
 *
 * It needs OpenSSL 3 with its headers, and chainbox_sdf.h (-I names its folder, where it is not installed). `fisco_node --help` lists the options.
 * The order of calls is that of the node and of hsm-crypto, which the node is linked with: SDF_HashInit with public key and id, SDF_HashUpdate, SDF_HashFinal, and
 * SDF_ExternalVerify_ECC; for what the node itself signs, the hash again and SDF_InternalSign_ECC.
 * Exit status: 0 done; 1 an answer was wrong; 2 it could not be done.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "fisco_node.h"

enum {
    RECORD_BYTES = 161, /* of an item in a file: x || y, hash, r || s, 1 where it is valid and 0 where it is not */
    KEYS_MAX = 1 << 16,
    ITEMS_MAX = 1 << 20,
    ROUNDS_MAX = 99,
    SECONDS_MAX = 3600,
    LATENCIES_MAX = 1 << 16, /* that a thread keeps */
};

static struct {
    const char *library, *items, *password_variable;
    const char *password;
    double seconds, warm_seconds, invalid;
    size_t threads, sessions, keys, items_made, rounds;
    unsigned int key_index;
    bool is_json, library_only, sign_only;
} options = {
    .library = "libchainbox_sdf.so", .password = "", .seconds = 1, .warm_seconds = 3, .invalid = 0.05, .threads = 50, .sessions = 50, .keys = 1024, .items_made = 4096, .rounds = 3,
};

static const char usage[] =
    "Usage: fisco_node [OPTION...]\n"
    "\n"
    "Verifies (and signs) as a FISCO BCOS 3 node in SM mode does, by a GM/T 0018 library and by libcrypto.\n"
    "\n"
    "  --library PATH        the library [libchainbox_sdf.so]\n"
    "  --threads N           that verify at once [50]\n"
    "  --sessions N          in the pool [50]; the node's hsm-crypto has 10 unless it is told otherwise\n"
    "  --keys N              signers of the items [1024]\n"
    "  --count N             items [4096]\n"
    "  --invalid SHARE       of them that must be refused, 0 to 1 [0.05]\n"
    "  --items FILE          items from a file instead: x || y, hash, r || s, 1 or 0 (161 bytes each)\n"
    "  --seconds S           a sample [1]\n"
    "  --rounds N            samples of each, in turn; a rate is their median [3]\n"
    "  --warm S              seconds of each before that, which do not count: a node runs for longer than a benchmark [3]\n"
    "  --key-index N         sign with this key of the library as well\n"
    "  --password-env NAME   the variable that holds the key's access password, where it has one\n"
    "  --sign-only           leave out verification\n"
    "  --library-only        leave out libcrypto\n"
    "  --json                print what a program would read\n";

struct item {
    unsigned char point[2 * BYTES], hash[BYTES], rs[2 * BYTES], der[DER_BYTES_MAX];
    size_t der_len;
    EVP_PKEY *key;
    bool is_valid;
};

static struct item *items;
static size_t items_len;

/* The node's own keys: the library's, and one of libcrypto. */
static unsigned char library_point[2 * BYTES], libcrypto_point[2 * BYTES];
static EVP_PKEY *libcrypto_key;

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("fisco_node: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory == NULL)
        die("no memory for %zu times %zu bytes", count, bytes);
    return memory;
}

static void fill_random(void *memory, size_t bytes)
{
    if (RAND_bytes(memory, (int)bytes) != 1)
        die("libcrypto has no random bytes");
}

/* ---- items ---- */

/* Four ways in which a transaction is wrong: another hash, another s, r = 0, another signer. */
static void spoil(struct item *item, size_t way, const unsigned char *other_point)
{
    switch (way % 4) {
    case 0: item->hash[7] ^= 1; break;
    case 1: item->rs[2 * BYTES - 1] ^= 1; break;
    case 2: memset(item->rs, 0, BYTES); break;
    default: memcpy(item->point, other_point, sizeof item->point); break;
    }
    item->is_valid = false;
}

static void items_make(void)
{
    struct { EVP_PKEY *key; unsigned char point[2 * BYTES]; } *signers = allocate(options.keys, sizeof *signers);
    for (size_t i = 0; i < options.keys; i++)
        signers[i].key = key_generate(signers[i].point);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    items_len = options.items_made;
    items = allocate(items_len, sizeof *items);
    size_t spoiled = 0;
    for (size_t i = 0; i < items_len; i++) {
        struct item *item = &items[i];
        size_t signer = i % options.keys, other = (signer + 1) % options.keys;
        memcpy(item->point, signers[signer].point, sizeof item->point);
        fill_random(item->hash, sizeof item->hash);
        size_t length = libcrypto_sign(md, signers[signer].key, item->hash, item->der);
        signature_decode(item->der, length, item->rs);
        item->is_valid = true;
        /* Spread evenly: so many of the first i, of any i. */
        if ((double)spoiled < options.invalid * (double)(i + 1) && options.keys > 1)
            spoil(item, spoiled++, signers[other].point);
    }
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < options.keys; i++)
        EVP_PKEY_free(signers[i].key);
    free(signers);
}

static void items_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die("%s: %s", path, strerror(errno));
    items = allocate(ITEMS_MAX, sizeof *items);
    unsigned char record[RECORD_BYTES];
    size_t bytes;
    while ((bytes = fread(record, 1, sizeof record, file)) == sizeof record) {
        if (items_len == ITEMS_MAX)
            die("%s has more than %d items", path, ITEMS_MAX);
        struct item *item = &items[items_len++];
        memcpy(item->point, record, 64);
        memcpy(item->hash, record + 64, 32);
        memcpy(item->rs, record + 96, 64);
        item->is_valid = record[160] != 0;
    }
    if (bytes != 0 || ferror(file) != 0 || items_len == 0)
        die("%s is cut short, empty or cannot be read: items are %d bytes each", path, RECORD_BYTES);
    fclose(file);
}

/* What libcrypto is given is made beforehand: its rate is that of verification alone. */
static void items_prepare(void)
{
    for (size_t i = 0; i < items_len; i++) {
        items[i].key = key_load(items[i].point);
        items[i].der_len = signature_encode(items[i].rs, items[i].der);
    }
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    const struct contender *contender;
    double seconds;
    size_t index;
    uint64_t calls, wrong;
    uint32_t *latencies_ns;
    size_t latencies_len;
    size_t wrong_item;
    int wrong_code;
    EVP_MD_CTX *md;
    unsigned char rs[2 * BYTES], hash[BYTES]; /* the signature made last */
};

struct contender {
    const char *what, *with;
    /* One call; whether its answer is right. */
    bool (*call)(struct worker *worker, size_t turn);
    /* Whether what was signed last is right; NULL where every call was checked. */
    bool (*check)(struct worker *worker);
    double rates[ROUNDS_MAX];
    uint64_t calls, wrong;
    size_t wrong_item;
    int wrong_code;
    uint32_t *latencies_ns;
    size_t latencies_len;
};

static bool verify_by_library(struct worker *worker, size_t turn)
{
    const struct item *item = &items[turn % items_len];
    int code = node_verify(item->point, item->hash, item->rs);
    if ((code == SDR_OK) == item->is_valid && (item->is_valid || code != SDR_COMMFAIL))
        return true;
    worker->wrong_code = code;
    return false;
}

static bool verify_by_libcrypto(struct worker *worker, size_t turn)
{
    const struct item *item = &items[turn % items_len];
    return libcrypto_verify(worker->md, item->key, item->hash, item->der, item->der_len) == item->is_valid;
}

static bool sign_by_library(struct worker *worker, size_t turn)
{
    memcpy(worker->hash, items[turn % items_len].hash, BYTES);
    worker->wrong_code = node_sign(options.key_index, options.password, library_point, worker->hash, worker->rs);
    return worker->wrong_code == SDR_OK;
}

static bool sign_by_libcrypto(struct worker *worker, size_t turn)
{
    unsigned char der[DER_BYTES_MAX];
    memcpy(worker->hash, items[turn % items_len].hash, BYTES);
    signature_decode(der, libcrypto_sign(worker->md, libcrypto_key, worker->hash, der), worker->rs);
    return true;
}

static bool check_signature(struct worker *worker, const unsigned char *point)
{
    unsigned char der[DER_BYTES_MAX];
    EVP_PKEY *key = key_load(point);
    bool valid = libcrypto_verify(worker->md, key, worker->hash, der, signature_encode(worker->rs, der));
    EVP_PKEY_free(key);
    return valid;
}

static bool check_library(struct worker *worker) { return check_signature(worker, library_point); }
static bool check_libcrypto(struct worker *worker) { return check_signature(worker, libcrypto_point); }

static pthread_barrier_t start;
static struct timespec started;

static uint64_t elapsed_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec - started.tv_sec) * 1000000000u + (uint64_t)now.tv_nsec - (uint64_t)started.tv_nsec;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    const uint64_t end = (uint64_t)(worker->seconds * 1e9);
    size_t turn = worker->index * items_len / options.threads;
    pthread_barrier_wait(&start);
    pthread_barrier_wait(&start);
    for (uint64_t before = elapsed_ns(), after; before < end; before = after, turn++) {
        if (!worker->contender->call(worker, turn)) {
            worker->wrong++;
            worker->wrong_item = turn % items_len;
        }
        after = elapsed_ns();
        worker->calls++;
        uint64_t took = after - before;
        if (worker->latencies_len < LATENCIES_MAX)
            worker->latencies_ns[worker->latencies_len++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    }
    if (worker->contender->check != NULL && worker->calls > 0 && worker->wrong == 0 && !worker->contender->check(worker))
        worker->wrong++;
    return NULL;
}

/* Adds what a thread has counted. */
static void collect(struct contender *contender, struct worker *worker)
{
    contender->calls += worker->calls;
    contender->wrong += worker->wrong;
    if (worker->wrong > 0) {
        contender->wrong_item = worker->wrong_item;
        contender->wrong_code = worker->wrong_code;
    }
    size_t length = contender->latencies_len + worker->latencies_len;
    uint32_t *grown = realloc(contender->latencies_ns, (length + 1) * sizeof *grown);
    if (grown == NULL)
        die("no memory for %zu latencies", length);
    memcpy(grown + contender->latencies_len, worker->latencies_ns, worker->latencies_len * sizeof *grown);
    contender->latencies_ns = grown;
    contender->latencies_len = length;
    free(worker->latencies_ns);
    EVP_MD_CTX_free(worker->md);
}

/* All threads for some seconds: the calls a second. */
static double sample(struct contender *contender, double seconds_wanted)
{
    struct worker *workers = allocate(options.threads, sizeof *workers);
    uint64_t calls_before = contender->calls;
    pthread_barrier_init(&start, NULL, (unsigned int)options.threads + 1);
    for (size_t i = 0; i < options.threads; i++) {
        workers[i] = (struct worker){ .contender = contender, .seconds = seconds_wanted, .index = i, .md = EVP_MD_CTX_new() };
        workers[i].latencies_ns = allocate(LATENCIES_MAX, sizeof(uint32_t));
        int error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (error != 0)
            die("thread %zu cannot be started: %s", i + 1, strerror(error));
    }
    pthread_barrier_wait(&start);
    clock_gettime(CLOCK_MONOTONIC, &started);
    pthread_barrier_wait(&start);
    for (size_t i = 0; i < options.threads; i++)
        pthread_join(workers[i].thread, NULL);
    double seconds = (double)elapsed_ns() / 1e9;
    for (size_t i = 0; i < options.threads; i++)
        collect(contender, &workers[i]);
    pthread_barrier_destroy(&start);
    free(workers);
    return (double)(contender->calls - calls_before) / seconds;
}

/* ---- what comes out ---- */

static int compare_rates(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static int compare_latencies(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* The latency that a share of the calls does not exceed, in microseconds. The latencies are sorted. */
static double latency_us(const struct contender *contender, double share)
{
    size_t last = contender->latencies_len - 1;
    return contender->latencies_ns[(size_t)(share * (double)last + 0.5)] / 1e3;
}

/* One contender; against, where there is one, is what it is compared with. */
static void print(const struct contender *contender, const struct contender *against)
{
    double rate = contender->rates[options.rounds / 2], ratio = against != NULL ? rate / against->rates[options.rounds / 2] : 0;
    double p50 = latency_us(contender, 0.50), p99 = latency_us(contender, 0.99);
    if (!options.is_json) {
        printf("%-8s  %-10s  %7zu  %11.0f  %9.0f  %9.0f  %5llu", contender->what, contender->with, options.threads, rate, p50, p99,
               (unsigned long long)contender->wrong);
        printf(against != NULL ? "  %5.2f\n" : "\n", ratio);
        return;
    }
    printf("{\"what\":\"%s\",\"with\":\"%s\",\"threads\":%zu,\"sessions\":%zu,\"items\":%zu,\"calls\":%llu,\"calls_per_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
           "\"wrong\":%llu,\"ratio\":",
           contender->what, contender->with, options.threads, options.sessions, items_len, (unsigned long long)contender->calls, rate, p50, p99,
           (unsigned long long)contender->wrong);
    printf(against != NULL ? "%.3f}\n" : "null}\n", ratio);
}

/* Measures them in turn and prints them, the one without a device last; whether all answers were right. */
static bool measure(struct contender *contenders, size_t count)
{
    for (size_t i = 0; i < count && options.warm_seconds > 0; i++) {
        sample(&contenders[i], options.warm_seconds);
        contenders[i].latencies_len = 0;
    }
    for (size_t round = 0; round < options.rounds; round++)
        for (size_t i = 0; i < count; i++)
            contenders[i].rates[round] = sample(&contenders[i], options.seconds);
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        qsort(contenders[i].rates, options.rounds, sizeof(double), compare_rates);
        qsort(contenders[i].latencies_ns, contenders[i].latencies_len, sizeof(uint32_t), compare_latencies);
    }
    for (size_t i = 0; i < count; i++) {
        print(&contenders[i], i + 1 < count ? &contenders[count - 1] : NULL);
        if (contenders[i].wrong > 0) {
            right = false;
            fprintf(stderr, "fisco_node: %s by the %s: %llu wrong answers, the last on item %zu, where the code was 0x%08X\n", contenders[i].what, contenders[i].with,
                    (unsigned long long)contenders[i].wrong, contenders[i].wrong_item, (unsigned int)contenders[i].wrong_code);
        }
        free(contenders[i].latencies_ns);
    }
    fflush(stdout);
    return right;
}

/* ---- options ---- */

static double number(const char *name, const char *text, double min, double max)
{
    char *end = NULL;
    double value = text != NULL ? strtod(text, &end) : 0;
    if (text == NULL || end == text || *end != '\0' || !(value >= min && value <= max))
        die("%s wants a number from %g to %g; `fisco_node --help` lists the options", name, min, max);
    return value;
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = argv[i + 1];
        bool takes_value = true;
        if (strcmp(name, "--help") == 0) { fputs(usage, stdout); exit(0); }
        else if (strcmp(name, "--json") == 0) { options.is_json = true; takes_value = false; }
        else if (strcmp(name, "--library-only") == 0) { options.library_only = true; takes_value = false; }
        else if (strcmp(name, "--sign-only") == 0) { options.sign_only = true; takes_value = false; }
        else if (strcmp(name, "--library") == 0) options.library = value;
        else if (strcmp(name, "--items") == 0) options.items = value;
        else if (strcmp(name, "--password-env") == 0) options.password_variable = value;
        else if (strcmp(name, "--threads") == 0) options.threads = (size_t)number(name, value, 1, THREADS_MAX);
        else if (strcmp(name, "--sessions") == 0) options.sessions = (size_t)number(name, value, 1, THREADS_MAX);
        else if (strcmp(name, "--keys") == 0) options.keys = (size_t)number(name, value, 1, KEYS_MAX);
        else if (strcmp(name, "--count") == 0) options.items_made = (size_t)number(name, value, 1, ITEMS_MAX);
        else if (strcmp(name, "--rounds") == 0) options.rounds = (size_t)number(name, value, 1, ROUNDS_MAX);
        else if (strcmp(name, "--key-index") == 0) options.key_index = (unsigned int)number(name, value, 1, UINT32_MAX);
        else if (strcmp(name, "--seconds") == 0) options.seconds = number(name, value, 0.001, SECONDS_MAX);
        else if (strcmp(name, "--warm") == 0) options.warm_seconds = number(name, value, 0, SECONDS_MAX);
        else if (strcmp(name, "--invalid") == 0) options.invalid = number(name, value, 0, 1);
        else die("there is no option %s; `fisco_node --help` lists them", name);
        if (takes_value && value == NULL)
            die("%s wants a value", name);
        i += takes_value;
    }
    if (options.sign_only && options.key_index == 0)
        die("--sign-only wants a key: --key-index N");
    if (options.password_variable != NULL && (options.password = getenv(options.password_variable)) == NULL)
        die("the environment has no %s, which --password-env names", options.password_variable);
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    node_open_library(options.library);
    node_open_device(options.sessions);
    if (options.items != NULL)
        items_read(options.items);
    else
        items_make();
    items_prepare();

    const size_t contenders_len = options.library_only ? 1 : 2;
    struct contender verify[] = {
        { .what = "verify", .with = "library", .call = verify_by_library },
        { .what = "verify", .with = "libcrypto", .call = verify_by_libcrypto },
    };
    struct contender sign[] = {
        { .what = "sign", .with = "library", .call = sign_by_library, .check = check_library },
        { .what = "sign", .with = "libcrypto", .call = sign_by_libcrypto, .check = check_libcrypto },
    };
    if (!options.is_json)
        printf("%-8s  %-10s  %7s  %11s  %9s  %9s  %5s  %5s\n", "what", "with", "threads", "calls/s", "p50 us", "p99 us", "wrong", "ratio");
    bool right = options.sign_only || measure(verify, contenders_len);
    if (options.key_index > 0) {
        node_public_key(options.key_index, library_point);
        libcrypto_key = key_generate(libcrypto_point);
        right = measure(sign, contenders_len) && right;
        EVP_PKEY_free(libcrypto_key);
    }

    node_close_device();
    for (size_t i = 0; i < items_len; i++)
        EVP_PKEY_free(items[i].key);
    free(items);
    return right ? 0 : 1;
}
