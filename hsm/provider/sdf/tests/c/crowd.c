/*
 * Fifty threads at once: valid and invalid signatures, keys with and without rights, hashes, session keys, random bytes, and sessions that are closed while
 * others use them. An answer is right, or says that the session is gone.
 *
 *     crowd LIBRARY ROUNDS
 */
#include "host.h"

#include <pthread.h>

enum { THREADS = 50, SHARED = 4 };

static SGD_HANDLE device;
static size_t rounds;
static ECCrefPublicKey key;
static ECCrefPrivateKey d;

/* Sessions that all threads use, and that some close. */
static SGD_HANDLE shared[SHARED];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static SGD_HANDLE any(size_t at)
{
    pthread_mutex_lock(&lock);
    SGD_HANDLE session = shared[at % SHARED];
    pthread_mutex_unlock(&lock);
    return session;
}

static void exchange(size_t at)
{
    SGD_HANDLE fresh, closed;
    OK(sdf.OpenSession(device, &fresh));
    pthread_mutex_lock(&lock);
    closed = shared[at % SHARED];
    shared[at % SHARED] = fresh;
    pthread_mutex_unlock(&lock);
    OK(sdf.CloseSession(closed));
}

static void is_one_of(SGD_RV answer, SGD_RV one, SGD_RV other)
{
    if (answer != one && answer != other)
        FAIL("answered %#x, neither %#x nor %#x", answer, one, other);
}

/* In a session of its own everything is as it is alone. */
static void alone(unsigned char seed)
{
    SGD_HANDLE session, handle;
    unsigned char e[NUMBER], data[64], out[64], iv[16] = {0};
    unsigned int length;
    ECCSignature made;
    memset(data, seed, sizeof data);
    OK(sdf.OpenSession(device, &session));
    OK(hash(session, &key, data, sizeof data, e));
    OK(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, e, sizeof e, &made));
    OK(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made));
    e[seed % NUMBER] ^= 1;
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made), SDR_VERIFYERR);
    ANSWERS(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made), SDR_PARDENY);
    get_right(session, GUARDED);
    OK(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made));
    OK(sdf.InternalVerify_ECC(session, GUARDED, e, sizeof e, &made));
    ANSWERS(sdf.InternalVerify_ECC(session, FREE, e, sizeof e, &made), SDR_VERIFYERR);
    OK(sdf.ImportKey(session, data, 16, &handle));
    OK(sdf.Encrypt(session, handle, SGD_SM4_CBC, iv, data, sizeof data, out, &length));
    memset(iv, 0, sizeof iv);
    OK(sdf.Decrypt(session, handle, SGD_SM4_CBC, iv, out, sizeof out, out, &length));
    CHECK(memcmp(out, data, sizeof data) == 0);
    OK(sdf.CloseSession(session));
    ANSWERS(sdf.HashInit(session, SGD_SM3, NULL, NULL, 0), SDR_INARGERR);
}

/* In a session that others use and close, each call does its work or says why not. */
static void together(size_t thread, size_t round)
{
    SGD_HANDLE session = any(thread + round);
    unsigned char e[NUMBER] = {7}, digest[NUMBER];
    unsigned int length;
    ECCSignature made;
    is_one_of(sdf.InternalSign_ECC(session, FREE, e, sizeof e, &made), SDR_OK, SDR_INARGERR);
    is_one_of(sdf.GenerateRandom(session, sizeof digest, digest), SDR_OK, SDR_INARGERR);
    is_one_of(sdf.HashInit(session, SGD_SM3, NULL, NULL, 0), SDR_OK, SDR_INARGERR);
    SGD_RV answer = sdf.HashUpdate(session, e, sizeof e);
    if (answer != SDR_STEPERR)
        is_one_of(answer, SDR_OK, SDR_INARGERR);
    answer = sdf.HashFinal(session, digest, &length);
    if (answer != SDR_STEPERR)
        is_one_of(answer, SDR_OK, SDR_INARGERR);
    if ((thread + round) % 5 == 0)
        exchange(round);
}

static void *work(void *number)
{
    size_t thread = (size_t)(uintptr_t)number;
    for (size_t round = 0; round < rounds; round++) {
        alone((unsigned char)(thread * 5 + round));
        together(thread, round);
        SGD_HANDLE other;
        if (thread % 10 == 0) {
            OK(sdf.OpenDevice(&other));
            OK(sdf.CloseDevice(other));
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    CHECK(argc == 3);
    load(argv[1]);
    rounds = strtoul(argv[2], NULL, 10);
    OK(sdf.OpenDevice(&device));
    for (size_t at = 0; at < SHARED; at++)
        OK(sdf.OpenSession(device, &shared[at]));
    OK(sdf.GenerateKeyPair_ECC(shared[0], SGD_SM2, BITS, &key, &d));
    for (size_t at = 0; at < THREADS; at++)
        CHECK(pthread_create(&threads[at], NULL, work, (void *)(uintptr_t)at) == 0);
    for (size_t at = 0; at < THREADS; at++)
        CHECK(pthread_join(threads[at], NULL) == 0);
    for (size_t at = 0; at < SHARED; at++)
        OK(sdf.CloseSession(shared[at]));
    OK(sdf.CloseDevice(device));
    return 0;
}
