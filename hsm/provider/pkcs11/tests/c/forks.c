/* A host that forks, while its threads are inside the library: the child initialises anew, the parent goes on. forks LIBRARY: the card has a file of keys,
 * its password is "correct horse". */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { FORKS = 8, THREADS = 4 };

static atomic_int done;

static void *verify_on(void *nothing)
{
    CK_SESSION_HANDLE session = open_session();
    CK_OBJECT_HANDLE key = known_key(session);
    while (!atomic_load(&done))
        OK(verify(session, key, DIGEST, SIGNATURE));
    return nothing;
}

static void child(CK_SESSION_HANDLE of_parent)
{
    CK_SESSION_INFO info;
    CK_BYTE signature[64];
    CK_OBJECT_HANDLE pair[2];
    ANSWERS(p11->C_GetSessionInfo(of_parent, &info), CKR_CRYPTOKI_NOT_INITIALIZED);
    ANSWERS(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
    OK(p11->C_Initialize(NULL));
    CK_SESSION_HANDLE session = open_session();
    OK(verify(session, known_key(session), DIGEST, SIGNATURE));
    ANSWERS(make_pair(session, &generate, "child", CK_FALSE, pair), CKR_USER_NOT_LOGGED_IN);
    OK(login(session, "correct horse"));
    OK(make_pair(session, &generate, "child", CK_FALSE, pair));
    OK(sign(session, pair[1], DIGEST, signature));
    OK(verify(session, pair[0], DIGEST, signature));
    OK(p11->C_Finalize(NULL));
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    load(argv[1]);
    OK(p11->C_Initialize(NULL));
    CK_SESSION_HANDLE session = open_session();
    OK(login(session, "correct horse"));
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, verify_on, NULL) == 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            child(session);
            _exit(EXIT_SUCCESS);
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    }
    atomic_store(&done, 1);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    OK(verify(session, known_key(session), DIGEST, SIGNATURE));
    OK(p11->C_Finalize(NULL));
    return EXIT_SUCCESS;
}
