/* Many threads with one handle, each with items of its own and its own answers; handles opened and closed beside them. */

#include <pthread.h>

#include "check.h"

/* More items than stay on the calling thread. */
enum { THREADS = 16, ROUNDS = 8, ITEMS = 48 };

static chainbox_t *handle;

/* The thread's number says which of its items are spoiled, so that an answer that went to another thread is noticed. */
static void *work(void *number)
{
    size_t thread = (size_t)(uintptr_t)number;
    uint8_t keys[ITEMS][sizeof KEY], digests[ITEMS][sizeof DIGEST], signatures[ITEMS][sizeof SIGNATURE];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t item = 0; item < ITEMS; item++) {
            memcpy(keys[item], KEY, sizeof KEY);
            memcpy(digests[item], DIGEST, sizeof DIGEST);
            memcpy(signatures[item], SIGNATURE, sizeof SIGNATURE);
            if ((item * thread + round) % 3 == 0)
                digests[item][0] ^= 1;
        }
        chainbox_verify_request request = valid_request();
        request.items = ITEMS;
        request.keys = column_of(keys, sizeof keys, sizeof keys[0]);
        request.inputs = column_of(digests, sizeof digests, sizeof digests[0]);
        request.signatures = column_of(signatures, sizeof signatures, sizeof signatures[0]);
        uint8_t verdicts[ITEMS];
        chainbox_error error;
        CHECK(chainbox_verify(handle, &request, verdicts, sizeof verdicts, NULL, &error) == CHAINBOX_STATUS_OK);
        for (size_t item = 0; item < ITEMS; item++) {
            uint8_t expected = (item * thread + round) % 3 == 0 ? CHAINBOX_VERDICT_EQUATION : CHAINBOX_VERDICT_VALID;
            CHECK(verdicts[item] == expected);
        }
        if (round == thread % ROUNDS) {
            chainbox_options options = {.size = sizeof options, .threads = 1};
            chainbox_t *other;
            CHECK(chainbox_open(&options, &other, &error) == CHAINBOX_STATUS_OK);
            chainbox_close(other);
        }
    }
    return NULL;
}

/* threads [ADDRESS] */
int main(int argc, char **argv)
{
    chainbox_options options = {.size = sizeof options, .threads = 2, .key_table_bytes = 16 << 20};
    options.address = argc > 1 ? argv[1] : NULL;
    chainbox_error error;
    CHECK(chainbox_open(&options, &handle, &error) == CHAINBOX_STATUS_OK);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    chainbox_close(handle);
    return EXIT_SUCCESS;
}
