/* The calls of Fabric's node, in its order (bccsp/pkcs11): the token by its label, a login, a pair whose halves have names of their own, both renamed by
 * C_SetAttributeValue to the SHA-256 of the public key, found by that, signing a digest, verifying.
 *
 * fabric LIBRARY make prints the SHA-256; fabric LIBRARY use HEX finds what another process made; fabric LIBRARY find HEX does so for a key that Fabric
 * did not make. The card has a file of keys, its password is "correct horse". */

#include "check.h"

static CK_SESSION_HANDLE session;

static void set_up(void)
{
    CK_SLOT_ID slots[8];
    CK_ULONG count = 0;
    CK_TOKEN_INFO token;
    CK_C_INITIALIZE_ARGS arguments = {.flags = CKF_OS_LOCKING_OK};
    OK(p11->C_Initialize(&arguments));
    OK(p11->C_GetSlotList(CK_TRUE, NULL, &count));
    CHECK(count == 1);
    OK(p11->C_GetSlotList(CK_TRUE, slots, &count));
    OK(p11->C_GetTokenInfo(slots[0], &token));
    CHECK(memcmp(token.label, "chainbox ", 9) == 0);
    session = open_session();
    OK(login(session, "correct horse"));
    ANSWERS(login(session, "correct horse"), CKR_USER_ALREADY_LOGGED_IN);
}

static CK_OBJECT_HANDLE find(CK_OBJECT_CLASS class, CK_BYTE *ski, CK_ULONG *count)
{
    CK_OBJECT_HANDLE found = CK_INVALID_HANDLE;
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, ski, 32}};
    OK(p11->C_FindObjectsInit(session, template, 2));
    OK(p11->C_FindObjects(session, &found, 1, count));
    OK(p11->C_FindObjectsFinal(session));
    return found;
}

/* The point in two passes, then its SHA-256 on the token. */
static void ski_of(CK_OBJECT_HANDLE public, CK_BYTE ski[32])
{
    CK_BYTE point[128];
    CK_ATTRIBUTE asked = {CKA_EC_POINT, NULL, 0};
    CK_ULONG len = 32;
    OK(p11->C_GetAttributeValue(session, public, &asked, 1));
    CHECK(asked.ulValueLen == 67);
    asked.pValue = point;
    OK(p11->C_GetAttributeValue(session, public, &asked, 1));
    CHECK(point[0] == 0x04 && point[1] == 65 && point[2] == 0x04);
    OK(p11->C_DigestInit(session, &sha256));
    OK(p11->C_Digest(session, point + 2, 65, ski, &len));
}

static void make(CK_BYTE ski[32])
{
    CK_OBJECT_HANDLE public, private;
    CK_ATTRIBUTE public_half[] = {
        {CKA_KEY_TYPE, &ec, sizeof ec}, {CKA_CLASS, &public_class, sizeof public_class}, {CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
        {CKA_EC_PARAMS, P256, sizeof P256}, {CKA_ID, "BCPUB1", 6}, {CKA_LABEL, "BCPUB1", 6},
    };
    CK_ATTRIBUTE private_half[] = {
        {CKA_KEY_TYPE, &ec, sizeof ec}, {CKA_CLASS, &private_class, sizeof private_class}, {CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},
        {CKA_SIGN, &yes, 1}, {CKA_ID, "BCPRV1", 6}, {CKA_LABEL, "BCPRV1", 6}, {CKA_EXTRACTABLE, &no, 1}, {CKA_SENSITIVE, &yes, 1},
    };
    OK(p11->C_GenerateKeyPair(session, &generate, public_half, 7, private_half, 9, &public, &private));
    CK_BYTE label[8];
    CK_ATTRIBUTE named = {CKA_LABEL, label, sizeof label};
    OK(p11->C_GetAttributeValue(session, public, &named, 1));
    CHECK(named.ulValueLen == 6 && memcmp(label, "BCPUB1", 6) == 0);
    ski_of(public, ski);
    CK_ATTRIBUTE renamed[] = {{CKA_ID, ski, 32}, {CKA_LABEL, ski, 32}};
    OK(p11->C_SetAttributeValue(session, public, renamed, 2));
    OK(p11->C_SetAttributeValue(session, private, renamed, 2));
}

static void use(CK_BYTE ski[32])
{
    CK_BYTE signature[64], again[32], none[32] = {0};
    CK_ULONG count = 0, len = 0;
    CK_OBJECT_HANDLE private = find(CKO_PRIVATE_KEY, ski, &count);
    CHECK(count == 1);
    OK(p11->C_SignInit(session, &ecdsa, private));
    OK(p11->C_Sign(session, DIGEST, 32, NULL, &len));
    OK(p11->C_Sign(session, DIGEST, 32, signature, &len));
    CHECK(len == 64);
    CK_OBJECT_HANDLE public = find(CKO_PUBLIC_KEY, ski, &count);
    CHECK(count == 1);
    OK(verify(session, public, DIGEST, signature));
    signature[0] ^= 1;
    ANSWERS(verify(session, public, DIGEST, signature), CKR_SIGNATURE_INVALID);
    ski_of(public, again);
    CHECK(memcmp(ski, again, 32) == 0);
    find(CKO_PRIVATE_KEY, none, &count);
    CHECK(count == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc >= 3);
    load(argv[1]);
    set_up();
    CK_BYTE ski[32];
    if (strcmp(argv[2], "make") == 0) {
        make(ski);
        for (size_t i = 0; i < sizeof ski; i++)
            printf("%02x", ski[i]);
    } else {
        CHECK(argc == 4 && strlen(argv[3]) == 64);
        for (size_t i = 0; i < sizeof ski; i++)
            CHECK(sscanf(argv[3] + 2 * i, "%2hhx", &ski[i]) == 1);
    }
    use(ski);
    OK(p11->C_Finalize(NULL));
    return EXIT_SUCCESS;
}
