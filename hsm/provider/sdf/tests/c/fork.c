/*
 * A host that forks while its threads work and write lines of the log: the child is told that the handles it inherited are none, opens anew and works, and the
 * parent goes on.
 *
 *     fork LIBRARY FORKS
 */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { THREADS = 4 };

static SGD_HANDLE device, session;
static atomic_bool is_over;

static void verify(SGD_HANDLE in)
{
    ECCrefPublicKey key;
    ECCSignature made;
    unsigned char e[NUMBER];
    OK(sdf.ExportSignPublicKey_ECC(in, GUARDED, &key));
    OK(hash(in, &key, (const unsigned char *)"block", 5, e));
    OK(sdf.InternalSign_ECC(in, GUARDED, e, sizeof e, &made));
    OK(sdf.ExternalVerify_ECC(in, SGD_SM2_1, &key, e, sizeof e, &made));
    e[0] ^= 1;
    ANSWERS(sdf.ExternalVerify_ECC(in, SGD_SM2_1, &key, e, sizeof e, &made), SDR_VERIFYERR);
}

static void *work(void *unused)
{
    SGD_HANDLE own;
    OK(sdf.OpenSession(device, &own));
    get_right(own, GUARDED);
    while (!atomic_load(&is_over)) {
        verify(own);
        ANSWERS(sdf.GetPrivateKeyAccessRight(own, GUARDED, password(), 3), SDR_PRKRERR);
    }
    OK(sdf.CloseSession(own));
    return unused;
}

static void child(void)
{
    SGD_HANDLE other, inside;
    unsigned char e[NUMBER] = {1};
    ECCSignature made;
    DEVICEINFO info;
    ANSWERS(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.OpenSession(device, &inside), SDR_INARGERR);
    OK(sdf.OpenDevice(&other));
    ANSWERS(sdf.GetDeviceInfo(session, &info), SDR_INARGERR);
    ANSWERS(sdf.OpenSession(device, &inside), SDR_INARGERR);
    ANSWERS(sdf.CloseSession(session), SDR_INARGERR);
    ANSWERS(sdf.CloseDevice(device), SDR_INARGERR);
    OK(sdf.OpenSession(other, &inside));
    ANSWERS(sdf.InternalSign_ECC(inside, GUARDED, e, sizeof e, &made), SDR_PARDENY);
    ANSWERS(sdf.GetPrivateKeyAccessRight(inside, GUARDED, password(), 3), SDR_PRKRERR);
    get_right(inside, GUARDED);
    verify(inside);
    OK(sdf.CloseSession(inside));
    OK(sdf.CloseDevice(other));
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    CHECK(argc == 3);
    size_t forks = strtoul(argv[2], NULL, 10);
    load(argv[1]);
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    get_right(session, GUARDED);
    for (size_t at = 0; at < THREADS; at++)
        CHECK(pthread_create(&threads[at], NULL, work, NULL) == 0);
    for (size_t at = 0; at < forks; at++) {
        int status;
        pid_t process = fork();
        CHECK(process >= 0);
        if (process == 0) {
            child();
            _exit(0);
        }
        verify(session);
        CHECK(waitpid(process, &status, 0) == process);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&is_over, true);
    for (size_t at = 0; at < THREADS; at++)
        CHECK(pthread_join(threads[at], NULL) == 0);
    verify(session);
    OK(sdf.CloseDevice(device));
    return 0;
}
