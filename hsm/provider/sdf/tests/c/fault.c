/*
 * A service that goes away, and settings that let nobody stand in for it: what nobody could verify is neither valid nor invalid, and what needs no service is
 * done. It says when the service may go, and waits for a line that says that it went.
 */
#include "host.h"

int main(int argc, char **argv)
{
    SGD_HANDLE device, session;
    ECCrefPublicKey key;
    ECCrefPrivateKey d;
    ECCSignature made;
    unsigned char e[NUMBER];
    CHECK(argc == 2);
    load(argv[1]);
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    OK(sdf.GenerateKeyPair_ECC(session, SGD_SM2, BITS, &key, &d));
    OK(hash(session, &key, (const unsigned char *)"block", 5, e));
    OK(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, e, sizeof e, &made));
    OK(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made));
    puts("the service may go");
    CHECK(fflush(stdout) == 0 && getchar() == '\n');
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made), SDR_COMMFAIL);
    e[0] ^= 1;
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made), SDR_COMMFAIL);
    OK(hash(session, &key, (const unsigned char *)"block", 5, e));
    OK(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, e, sizeof e, &made));
    OK(sdf.CloseDevice(device));
    return 0;
}
