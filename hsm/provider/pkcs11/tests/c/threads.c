/* Fifty threads at once: each verifies valid and invalid signatures and signs with a key of its own in a session of its own, while others close
 * sessions under their users. threads LIBRARY ROUNDS: the card has a file of keys, its password is "correct horse". */

#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

enum { WORKERS = 44, CLOSERS = 6, THREADS = WORKERS + CLOSERS, VICTIMS = 8 };

static int rounds;
static _Atomic CK_SESSION_HANDLE victims[VICTIMS];
static atomic_int working = WORKERS;

/* Which items are spoiled depends on the thread, so that an answer that went to another thread is noticed. */
static void *work(void *number)
{
    int thread = (int)(uintptr_t)number;
    CK_SESSION_HANDLE session = open_session();
    CK_OBJECT_HANDLE known = known_key(session), pair[2];
    char label[16];
    snprintf(label, sizeof label, "thread %d", thread);
    CK_BYTE digest[32], signature[64];
    /* Every tenth thread has a key on the card, the others one in memory. */
    OK(make_pair(session, &generate, label, thread % 10 == 0, pair));
    for (int round = 0; round < rounds; round++) {
        int spoiled = (thread + round) % 3 == 0;
        memcpy(digest, DIGEST, 32);
        digest[round % 32] ^= (CK_BYTE)spoiled;
        ANSWERS(verify(session, known, digest, SIGNATURE), spoiled ? CKR_SIGNATURE_INVALID : CKR_OK);
        digest[0] = (CK_BYTE)thread;
        digest[1] = (CK_BYTE)round;
        OK(sign(session, pair[1], digest, signature));
        signature[thread % 64] ^= (CK_BYTE)spoiled;
        ANSWERS(verify(session, pair[0], digest, signature), spoiled ? CKR_SIGNATURE_INVALID : CKR_OK);
        /* A session that somebody else closes meanwhile, or a moment ago. */
        CK_SESSION_HANDLE victim = atomic_load(&victims[(thread + round) % VICTIMS]);
        CK_RV answer = p11->C_VerifyInit(victim, &ecdsa, known);
        if (answer == CKR_OK)
            answer = p11->C_Verify(victim, DIGEST, 32, SIGNATURE, 64);
        CHECK(answer == CKR_OK || answer == CKR_SESSION_HANDLE_INVALID || answer == CKR_OPERATION_ACTIVE || answer == CKR_OPERATION_NOT_INITIALIZED);
    }
    if (thread % 10 == 0)
        OK(p11->C_DestroyObject(session, pair[1]));
    OK(p11->C_CloseSession(session));
    ANSWERS(p11->C_CloseSession(session), CKR_SESSION_HANDLE_INVALID);
    atomic_fetch_sub(&working, 1);
    return NULL;
}

static void *close_under_others(void *number)
{
    size_t turn = (size_t)(uintptr_t)number;
    while (atomic_load(&working) > 0) {
        CK_SESSION_HANDLE before = atomic_exchange(&victims[turn++ % VICTIMS], open_session());
        if (before != CK_INVALID_HANDLE)
            OK(p11->C_CloseSession(before));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    load(argv[1]);
    rounds = atoi(argv[2]);
    OK(p11->C_Initialize(NULL));
    CK_SESSION_HANDLE session = open_session();
    OK(login(session, "correct horse"));
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, i < WORKERS ? work : close_under_others, (void *)(uintptr_t)i) == 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    OK(p11->C_Finalize(NULL));
    return EXIT_SUCCESS;
}
