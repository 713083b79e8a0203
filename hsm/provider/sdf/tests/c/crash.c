/*
 * A host that is killed while it works.
 *
 *     crash LIBRARY work     writes one file over and over, and signs; says so once, and goes on until it is killed
 *     crash LIBRARY check    what was left behind: the file is one of those that were written, whole, and everything works
 */
#include "host.h"

enum { BYTES = 4096 };

static unsigned char name[] = "state";
static SGD_HANDLE device, session;

static void put(unsigned char value)
{
    unsigned char bytes[BYTES];
    memset(bytes, value, sizeof bytes);
    OK(sdf.WriteFile(session, name, sizeof name - 1, 0, sizeof bytes, bytes));
}

static void sign(void)
{
    unsigned char e[NUMBER] = {7};
    ECCSignature made;
    OK(sdf.InternalSign_ECC(session, FREE, e, sizeof e, &made));
    OK(sdf.InternalVerify_ECC(session, FREE, e, sizeof e, &made));
}

static void work(void)
{
    SGD_RV created = sdf.CreateFile(session, name, sizeof name - 1, BYTES);
    CHECK(created == SDR_OK || created == SDR_FILEEXISTS);
    for (unsigned char value = 0;; value++) {
        put(value);
        sign();
        if (value == 0) {
            puts("works");
            fflush(stdout);
        }
    }
}

static void check(void)
{
    unsigned char bytes[BYTES];
    unsigned int length = sizeof bytes;
    OK(sdf.ReadFile(session, name, sizeof name - 1, 0, &length, bytes));
    CHECK(length == sizeof bytes);
    for (size_t at = 0; at < sizeof bytes; at++)
        CHECK(bytes[at] == bytes[0]);
    put(1);
    sign();
    OK(sdf.CloseSession(session));
    OK(sdf.CloseDevice(device));
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    load(argv[1]);
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    if (strcmp(argv[2], "work") == 0)
        work();
    check();
    return 0;
}
