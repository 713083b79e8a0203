/*
 * A node's calls, as FISCO BCOS makes them through its SDF provider: from many threads, for each item a session for the hash with public key and id and another
 * for the verification, everything that the provider leaves unset left unset. What the library answers is what the engine said of the item (it stands in the
 * file), and what libcrypto says of it here.
 *
 *     node LIBRARY ITEMS THREADS
 *
 * An item: x, y, message, r, s, 32 bytes each, and a byte: 0 valid, 1 not valid, 2 the key is no point.
 */
#include "host.h"

#include <pthread.h>

#include "sm2.h"

enum { THREADS_MAX = 64, VALID = 0, INVALID = 1, NO_POINT = 2 };

struct item { unsigned char key[2 * NUMBER], message[NUMBER], signature[2 * NUMBER], verdict; };

static SGD_HANDLE device;
static struct item *items;
static size_t items_len, threads_len;

static void check(const struct item *item, size_t number)
{
    SGD_HANDLE session;
    unsigned char e[NUMBER] = {0};
    ECCrefPublicKey key = public_key(item->key);
    ECCSignature rs = signature(item->signature);
    OK(sdf.OpenSession(device, &session));
    ANSWERS(hash(session, &key, item->message, sizeof item->message, e), item->verdict == NO_POINT ? SDR_PKOPERR : SDR_OK);
    OK(sdf.CloseSession(session));
    OK(sdf.OpenSession(device, &session));
    SGD_RV answer = sdf.ExternalVerify_ECC(session, number % 2 ? SGD_SM2 : SGD_SM2_1, &key, e, sizeof e, &rs);
    OK(sdf.CloseSession(session));
    if (answer != (SGD_RV)(item->verdict == VALID ? SDR_OK : SDR_VERIFYERR))
        FAIL("item %zu, verdict %d, was answered %#x", number, item->verdict, answer);
    int libcrypto = sm2_verify(item->key, item->key + NUMBER, e, item->signature, item->signature + NUMBER);
    if (libcrypto != (item->verdict == VALID))
        FAIL("item %zu, verdict %d, and libcrypto says %d", number, item->verdict, libcrypto);
}

static void *work(void *first)
{
    for (size_t at = (size_t)(uintptr_t)first; at < items_len; at += threads_len)
        check(&items[at], at);
    return NULL;
}

static void read_items(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    long bytes = ftell(file);
    CHECK(bytes > 0 && (size_t)bytes % sizeof *items == 0);
    rewind(file);
    items_len = (size_t)bytes / sizeof *items;
    items = malloc((size_t)bytes);
    CHECK(items != NULL && fread(items, sizeof *items, items_len, file) == items_len);
    fclose(file);
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    CHECK(argc == 4);
    load(argv[1]);
    read_items(argv[2]);
    threads_len = strtoul(argv[3], NULL, 10);
    CHECK(threads_len >= 1 && threads_len <= THREADS_MAX);
    OK(sdf.OpenDevice(&device));
    for (size_t at = 0; at < threads_len; at++)
        CHECK(pthread_create(&threads[at], NULL, work, (void *)(uintptr_t)at) == 0);
    for (size_t at = 0; at < threads_len; at++)
        CHECK(pthread_join(threads[at], NULL) == 0);
    OK(sdf.CloseDevice(device));
    printf("%zu items\n", items_len);
    free(items);
    return 0;
}
