/* What callers get wrong, and the codes of annex A for it. Nothing is read or written that is not there: this program runs under valgrind and AddressSanitizer too. */
#include "host.h"

static SGD_HANDLE device, session;
static unsigned char e[NUMBER] = {1};
static ECCrefPublicKey key;
static ECCrefPrivateKey d;
static ECCSignature made;

/* Every offered function with a handle of a session that is none. */
static void refuses_session(SGD_HANDLE none)
{
    DEVICEINFO info;
    SGD_HANDLE handle;
    struct cipher cipher;
    unsigned char bytes[64] = {0};
    unsigned int length = 1;
    memset(&cipher, 0, sizeof cipher);
    ANSWERS(sdf.CloseSession(none), SDR_INARGERR);
    ANSWERS(sdf.GetDeviceInfo(none, &info), SDR_INARGERR);
    ANSWERS(sdf.GenerateRandom(none, 1, bytes), SDR_INARGERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(none, GUARDED, password(), 1), SDR_INARGERR);
    ANSWERS(sdf.ReleasePrivateKeyAccessRight(none, GUARDED), SDR_INARGERR);
    ANSWERS(sdf.ExportSignPublicKey_ECC(none, FREE, &key), SDR_INARGERR);
    ANSWERS(sdf.ExportEncPublicKey_ECC(none, GUARDED, &key), SDR_INARGERR);
    ANSWERS(sdf.GenerateKeyPair_ECC(none, SGD_SM2, BITS, &key, &d), SDR_INARGERR);
    ANSWERS(sdf.GenerateKeyWithIPK_ECC(none, GUARDED, KEY_BITS, &cipher.head, &handle), SDR_INARGERR);
    ANSWERS(sdf.GenerateKeyWithEPK_ECC(none, KEY_BITS, SGD_SM2_3, &key, &cipher.head, &handle), SDR_INARGERR);
    ANSWERS(sdf.ImportKeyWithISK_ECC(none, GUARDED, &cipher.head, &handle), SDR_INARGERR);
    ANSWERS(sdf.ImportKey(none, bytes, 16, &handle), SDR_INARGERR);
    ANSWERS(sdf.DestroyKey(none, none), SDR_INARGERR);
    ANSWERS(sdf.ExternalVerify_ECC(none, SGD_SM2_1, &key, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.InternalSign_ECC(none, FREE, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.InternalVerify_ECC(none, FREE, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.ExternalEncrypt_ECC(none, SGD_SM2_3, &key, bytes, 1, &cipher.head), SDR_INARGERR);
    ANSWERS(sdf.ExternalSign_ECC(none, SGD_SM2_1, &d, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.ExternalDecrypt_ECC(none, SGD_SM2_3, &d, &cipher.head, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.InternalEncrypt_ECC(none, GUARDED, SGD_SM2_3, bytes, 1, &cipher.head), SDR_INARGERR);
    ANSWERS(sdf.InternalDecrypt_ECC(none, GUARDED, SGD_SM2_3, &cipher.head, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.Encrypt(none, none, SGD_SM4_ECB, NULL, bytes, 16, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.Decrypt(none, none, SGD_SM4_ECB, NULL, bytes, 16, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.CalculateMAC(none, none, SGD_SM4_MAC, bytes, bytes, 16, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.HashInit(none, SGD_SM3, NULL, NULL, 0), SDR_INARGERR);
    ANSWERS(sdf.HashUpdate(none, bytes, 1), SDR_INARGERR);
    ANSWERS(sdf.HashFinal(none, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.CreateFile(none, bytes, 1, 1), SDR_INARGERR);
    ANSWERS(sdf.ReadFile(none, bytes, 1, 0, &length, bytes), SDR_INARGERR);
    ANSWERS(sdf.WriteFile(none, bytes, 1, 0, 1, bytes), SDR_INARGERR);
    ANSWERS(sdf.DeleteFile(none, bytes, 1), SDR_INARGERR);
}

/* Handles of one kind are none of another, closed ones are none at all, and one that was closed is not given again. */
static void handles(void)
{
    SGD_HANDLE other, closed, again;
    ANSWERS(sdf.OpenDevice(NULL), SDR_OUTARGERR);
    ANSWERS(sdf.OpenSession(device, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.OpenSession(session, &other), SDR_INARGERR);
    ANSWERS(sdf.OpenSession(NULL, &other), SDR_INARGERR);
    ANSWERS(sdf.CloseDevice(session), SDR_INARGERR);
    ANSWERS(sdf.CloseDevice(NULL), SDR_INARGERR);
    OK(sdf.OpenSession(device, &closed));
    OK(sdf.CloseSession(closed));
    OK(sdf.OpenSession(device, &again));
    CHECK(again != closed);
    OK(sdf.CloseSession(again));
    refuses_session(closed);
    refuses_session(device);
    refuses_session(NULL);
    refuses_session((SGD_HANDLE)(uintptr_t)1);
    refuses_session((SGD_HANDLE)UINTPTR_MAX);
    refuses_session(&other);
}

/* A device that is opened twice is open twice; one that is closed takes its own sessions along. */
static void devices(void)
{
    SGD_HANDLE second, of_second;
    OK(sdf.OpenDevice(&second));
    CHECK(second != device);
    OK(sdf.OpenSession(second, &of_second));
    OK(sdf.HashInit(of_second, SGD_SM3, NULL, NULL, 0));
    OK(sdf.CloseDevice(second));
    ANSWERS(sdf.CloseDevice(second), SDR_INARGERR);
    refuses_session(of_second);
    ANSWERS(sdf.OpenSession(second, &of_second), SDR_INARGERR);
    OK(sdf.HashInit(session, SGD_SM3, NULL, NULL, 0));
}

static void limits(void)
{
    enum { MANY = 5000 };
    static SGD_HANDLE many[MANY];
    size_t opened = 0;
    SGD_RV answer = SDR_OK;
    while (opened < MANY && (answer = sdf.OpenSession(device, &many[opened])) == SDR_OK)
        opened++;
    ANSWERS(answer, SDR_OPENSESSION);
    CHECK(opened >= 1024);
    for (size_t at = 0; at < opened; at++)
        OK(sdf.CloseSession(many[at]));
    OK(sdf.OpenSession(device, &many[0]));
    unsigned char bytes[16] = {0};
    for (opened = 0; opened < MANY; opened++)
        if ((answer = sdf.ImportKey(many[0], bytes, sizeof bytes, &many[1])) != SDR_OK)
            break;
    ANSWERS(answer, SDR_NOBUFFER);
    OK(sdf.CloseSession(many[0]));
    ANSWERS(sdf.GenerateRandom(session, (1 << 20) + 1, bytes), SDR_INARGERR);
    ANSWERS(sdf.HashUpdate(session, bytes, UINT32_MAX), SDR_INARGERR);
    for (opened = 0; opened < MANY; opened++)
        if ((answer = sdf.OpenDevice(&many[opened])) != SDR_OK)
            break;
    ANSWERS(answer, SDR_OPENDEVICE);
    while (opened-- > 0)
        OK(sdf.CloseDevice(many[opened]));
}

static void rights(void)
{
    SGD_HANDLE other;
    unsigned char wrong[] = "the right of index two";
    struct cipher cipher;
    unsigned char bytes[64];
    unsigned int length;
    OK(sdf.InternalEncrypt_ECC(session, GUARDED, SGD_SM2_3, e, sizeof e, &cipher.head));
    ANSWERS(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made), SDR_PARDENY);
    ANSWERS(sdf.InternalDecrypt_ECC(session, GUARDED, SGD_SM2_3, &cipher.head, bytes, &length), SDR_PARDENY);
    ANSWERS(sdf.ImportKeyWithISK_ECC(session, GUARDED, &cipher.head, &other), SDR_PARDENY);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, GUARDED, wrong, sizeof wrong - 1), SDR_PRKRERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, GUARDED, password(), sizeof PASSWORD), SDR_PRKRERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, GUARDED, password(), sizeof PASSWORD - 2), SDR_PRKRERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, GUARDED, NULL, 0), SDR_PRKRERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, GUARDED, NULL, 8), SDR_INARGERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, GUARDED, password(), UINT32_MAX), SDR_INARGERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, FREE, password(), 8), SDR_PRKRERR);
    ANSWERS(sdf.GetPrivateKeyAccessRight(session, ABSENT, password(), 8), SDR_KEYNOTEXIST);
    ANSWERS(sdf.ReleasePrivateKeyAccessRight(session, ABSENT), SDR_KEYNOTEXIST);
    ANSWERS(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made), SDR_PARDENY);
    get_right(session, GUARDED);
    OK(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made));
    OK(sdf.InternalDecrypt_ECC(session, GUARDED, SGD_SM2_3, &cipher.head, bytes, &length));
    ANSWERS(sdf.ImportKeyWithISK_ECC(session, GUARDED, &cipher.head, &other), SDR_KEYERR);
    /* A right is of one session. */
    OK(sdf.OpenSession(device, &other));
    ANSWERS(sdf.InternalSign_ECC(other, GUARDED, e, sizeof e, &made), SDR_PARDENY);
    OK(sdf.CloseSession(other));
    OK(sdf.ReleasePrivateKeyAccessRight(session, GUARDED));
    ANSWERS(sdf.InternalSign_ECC(session, GUARDED, e, sizeof e, &made), SDR_PARDENY);
    OK(sdf.InternalSign_ECC(session, FREE, e, sizeof e, &made));
}

static void keys(void)
{
    struct cipher cipher;
    SGD_HANDLE handle;
    ANSWERS(sdf.InternalSign_ECC(session, ABSENT, e, sizeof e, &made), SDR_KEYNOTEXIST);
    ANSWERS(sdf.InternalSign_ECC(session, UINT32_MAX, e, sizeof e, &made), SDR_KEYNOTEXIST);
    ANSWERS(sdf.InternalVerify_ECC(session, 0, e, sizeof e, &made), SDR_KEYNOTEXIST);
    ANSWERS(sdf.ExportSignPublicKey_ECC(session, ABSENT, &key), SDR_KEYNOTEXIST);
    ANSWERS(sdf.ExportEncPublicKey_ECC(session, FREE, &key), SDR_KEYNOTEXIST);
    ANSWERS(sdf.ExportSignPublicKey_ECC(session, NOT_SM2, &key), SDR_KEYTYPEERR);
    ANSWERS(sdf.InternalVerify_ECC(session, NOT_SM2, e, sizeof e, &made), SDR_KEYTYPEERR);
    ANSWERS(sdf.InternalSign_ECC(session, NOT_SM2, e, sizeof e, &made), SDR_KEYTYPEERR);
    ANSWERS(sdf.GenerateKeyWithIPK_ECC(session, FREE, KEY_BITS, &cipher.head, &handle), SDR_KEYNOTEXIST);
    ANSWERS(sdf.InternalEncrypt_ECC(session, FREE, SGD_SM2_3, e, sizeof e, &cipher.head), SDR_KEYNOTEXIST);
    ANSWERS(sdf.ExportSignPublicKey_ECC(session, FREE, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.ExportEncPublicKey_ECC(session, GUARDED, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.GenerateKeyPair_ECC(session, SGD_SM2, 384, &key, &d), SDR_INARGERR);
    ANSWERS(sdf.GenerateKeyPair_ECC(session, 0x00010000, BITS, &key, &d), SDR_ALGNOTSUPPORT);
    ANSWERS(sdf.GenerateKeyPair_ECC(session, SGD_SM2, BITS, NULL, &d), SDR_OUTARGERR);
    ANSWERS(sdf.GenerateKeyPair_ECC(session, SGD_SM2, BITS, &key, NULL), SDR_OUTARGERR);
    OK(sdf.GenerateKeyPair_ECC(session, SGD_SM2, BITS, &key, &d));
}

static void signatures(void)
{
    ECCrefPublicKey bad = key;
    ECCrefPrivateKey out_of_range = d;
    OK(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, e, sizeof e, &made));
    OK(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made));
    for (unsigned int length = 0; length < 70; length++) {
        static unsigned char long_one[70];
        if (length == NUMBER)
            continue;
        ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, long_one, length, &made), SDR_INARGERR);
        ANSWERS(sdf.InternalVerify_ECC(session, FREE, long_one, length, &made), SDR_INARGERR);
        ANSWERS(sdf.InternalSign_ECC(session, FREE, long_one, length, &made), SDR_INARGERR);
        ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, long_one, length, &made), SDR_INARGERR);
    }
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, UINT32_MAX, &made), SDR_INARGERR);
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_3, &key, e, sizeof e, &made), SDR_ALGNOTSUPPORT);
    ANSWERS(sdf.ExternalVerify_ECC(session, 0, &key, e, sizeof e, &made), SDR_ALGNOTSUPPORT);
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, NULL, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, NULL, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, NULL), SDR_INARGERR);
    ANSWERS(sdf.InternalVerify_ECC(session, FREE, NULL, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.InternalVerify_ECC(session, FREE, e, sizeof e, NULL), SDR_INARGERR);
    ANSWERS(sdf.InternalSign_ECC(session, FREE, NULL, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.InternalSign_ECC(session, FREE, e, sizeof e, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_1, NULL, e, sizeof e, &made), SDR_INARGERR);
    ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, e, sizeof e, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_2, &d, e, sizeof e, &made), SDR_ALGNOTSUPPORT);
    memset(out_of_range.K, 0xff, sizeof out_of_range.K);
    ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_1, &out_of_range, e, sizeof e, &made), SDR_SKOPERR);
    memset(out_of_range.K, 0, sizeof out_of_range.K);
    ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_1, &out_of_range, e, sizeof e, &made), SDR_SKOPERR);
    out_of_range.bits = 255;
    ANSWERS(sdf.ExternalSign_ECC(session, SGD_SM2_1, &out_of_range, e, sizeof e, &made), SDR_INARGERR);
    bad.bits = 512;
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &bad, e, sizeof e, &made), SDR_INARGERR);
    bad = key;
    bad.y[ECCref_MAX_LEN - 1] ^= 1;
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &bad, e, sizeof e, &made), SDR_VERIFYERR);
    unsigned char id[] = "id";
    ANSWERS(sdf.HashInit(session, SGD_SM3, &bad, id, 2), SDR_PKOPERR);
}

static void ciphertexts(void)
{
    struct cipher cipher;
    unsigned char bytes[5000] = {0};
    unsigned int length;
    SGD_HANDLE handle;
    ECCrefPublicKey bad = key;
    bad.x[ECCref_MAX_LEN - 1] ^= 1;
    clear(&cipher);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &bad, bytes, 16, &cipher.head), SDR_PKOPERR);
    ANSWERS(sdf.GenerateKeyWithEPK_ECC(session, KEY_BITS, SGD_SM2_3, &bad, &cipher.head, &handle), SDR_PKOPERR);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, bytes, 0, &cipher.head), SDR_INARGERR);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, bytes, 4097, &cipher.head), SDR_INARGERR);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_1, &key, bytes, 16, &cipher.head), SDR_ALGNOTSUPPORT);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, NULL, bytes, 16, &cipher.head), SDR_INARGERR);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, NULL, 16, &cipher.head), SDR_INARGERR);
    ANSWERS(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, bytes, 16, NULL), SDR_OUTARGERR);

    for (size_t at = 0; at < sizeof cipher; at++)
        CHECK(((unsigned char *)&cipher)[at] == 0xee);
    OK(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, bytes, 16, &cipher.head));
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, NULL, &length), SDR_OUTARGERR);
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, bytes, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, NULL, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, NULL, &cipher.head, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.InternalDecrypt_ECC(session, GUARDED, SGD_SM2_1, &cipher.head, bytes, &length), SDR_ALGNOTSUPPORT);
    /* As the edition of 2023 has it: a pointer stands where the number of the algorithm is looked for. */
    typedef SGD_RV (*edition_2023)(SGD_HANDLE, SGD_UINT32, ECCCipher *, SGD_UCHAR *, SGD_UINT32 *);
    edition_2023 decrypt = (edition_2023)(void (*)(void))sdf.InternalDecrypt_ECC;
    ANSWERS(decrypt(session, GUARDED, &cipher.head, bytes, &length), SDR_ALGNOTSUPPORT);
    get_right(session, GUARDED);
    ANSWERS(sdf.InternalDecrypt_ECC(session, GUARDED, SGD_SM2_3, &cipher.head, bytes, &length), SDR_ENCDATAERR);
    ANSWERS(sdf.ImportKeyWithISK_ECC(session, GUARDED, &cipher.head, &handle), SDR_ENCDATAERR);
    OK(sdf.ReleasePrivateKeyAccessRight(session, GUARDED));
    cipher.head.L = 0;
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, bytes, &length), SDR_INARGERR);
    cipher.head.L = UINT32_MAX;
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, bytes, &length), SDR_INARGERR);
}

static void hashes(void)
{
    unsigned char bytes[64] = {0}, id[] = "id";
    unsigned int length = 0;
    SGD_HANDLE fresh;
    OK(sdf.OpenSession(device, &fresh));
    ANSWERS(sdf.HashUpdate(fresh, bytes, 1), SDR_STEPERR);
    ANSWERS(sdf.HashFinal(fresh, bytes, &length), SDR_STEPERR);
    ANSWERS(sdf.HashInit(fresh, 2, NULL, NULL, 0), SDR_ALGNOTSUPPORT);
    ANSWERS(sdf.HashInit(fresh, SGD_SM3, NULL, id, 2), SDR_INARGERR);
    ANSWERS(sdf.HashInit(fresh, SGD_SM3, &key, NULL, 2), SDR_INARGERR);
    ANSWERS(sdf.HashInit(fresh, SGD_SM3, &key, id, 8192), SDR_INARGERR);
    ANSWERS(sdf.HashUpdate(fresh, bytes, 1), SDR_STEPERR);
    OK(sdf.HashInit(fresh, SGD_SM3, &key, id, 2));
    ANSWERS(sdf.HashUpdate(fresh, NULL, 1), SDR_INARGERR);
    ANSWERS(sdf.HashFinal(fresh, NULL, &length), SDR_OUTARGERR);
    ANSWERS(sdf.HashFinal(fresh, bytes, NULL), SDR_OUTARGERR);
    OK(sdf.HashUpdate(fresh, NULL, 0));
    OK(sdf.HashFinal(fresh, bytes, &length));
    ANSWERS(sdf.HashFinal(fresh, bytes, &length), SDR_STEPERR);
    OK(sdf.CloseSession(fresh));
}

static void ciphers(void)
{
    unsigned char bytes[48] = {0}, iv[16] = {0};
    unsigned int length;
    SGD_HANDLE handle, other;
    for (unsigned int size = 0; size < 40; size++)
        if (size != 16)
            ANSWERS(sdf.ImportKey(session, bytes, size, &handle), SDR_INARGERR);
    ANSWERS(sdf.ImportKey(session, NULL, 16, &handle), SDR_INARGERR);
    ANSWERS(sdf.ImportKey(session, bytes, 16, NULL), SDR_OUTARGERR);
    OK(sdf.ImportKey(session, bytes, 16, &handle));
    for (unsigned int size = 0; size < sizeof bytes; size++) {
        if (size % 16 == 0 && size > 0)
            continue;
        ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_ECB, NULL, bytes, size, bytes, &length), SDR_INARGERR);
        ANSWERS(sdf.Decrypt(session, handle, SGD_SM4_CBC, iv, bytes, size, bytes, &length), SDR_INARGERR);
        ANSWERS(sdf.CalculateMAC(session, handle, SGD_SM4_MAC, iv, bytes, size, bytes, &length), SDR_INARGERR);
    }
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_CBC, NULL, bytes, 16, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_CBC, iv, NULL, 16, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_CBC, iv, bytes, 16, NULL, &length), SDR_OUTARGERR);
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_CBC, iv, bytes, 16, bytes, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_CBC, iv, bytes, UINT32_MAX, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.Encrypt(session, handle, 0x00000404, iv, bytes, 16, bytes, &length), SDR_ALGMODNOTSUPPORT);
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_MAC, iv, bytes, 16, bytes, &length), SDR_ALGMODNOTSUPPORT);
    ANSWERS(sdf.CalculateMAC(session, handle, SGD_SM4_CBC, iv, bytes, 16, bytes, &length), SDR_ALGMODNOTSUPPORT);
    ANSWERS(sdf.CalculateMAC(session, handle, SGD_SM4_MAC, NULL, bytes, 16, bytes, &length), SDR_INARGERR);
    ANSWERS(sdf.CalculateMAC(session, handle, SGD_SM4_MAC, iv, bytes, 16, NULL, &length), SDR_OUTARGERR);
    ANSWERS(sdf.Encrypt(session, handle, 0x00000102, iv, bytes, 16, bytes, &length), SDR_ALGNOTSUPPORT);
    /* A key is of one session. */
    OK(sdf.OpenSession(device, &other));
    ANSWERS(sdf.Encrypt(other, handle, SGD_SM4_ECB, NULL, bytes, 16, bytes, &length), SDR_KEYNOTEXIST);
    ANSWERS(sdf.DestroyKey(other, handle), SDR_KEYNOTEXIST);
    OK(sdf.CloseSession(other));
    OK(sdf.DestroyKey(session, handle));
    ANSWERS(sdf.DestroyKey(session, handle), SDR_KEYNOTEXIST);
    ANSWERS(sdf.Encrypt(session, handle, SGD_SM4_ECB, NULL, bytes, 16, bytes, &length), SDR_KEYNOTEXIST);
    ANSWERS(sdf.DestroyKey(session, session), SDR_KEYNOTEXIST);
}

/* Their arguments are not looked at. */
static void not_offered(void)
{
    ANSWERS(sdf.ExportSignPublicKey_RSA(NULL, 1, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ExportEncPublicKey_RSA(session, 1, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateKeyPair_RSA(session, 2048, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateKeyWithIPK_RSA(session, 1, 128, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateKeyWithEPK_RSA(session, 128, NULL, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ImportKeyWithISK_RSA(session, 1, NULL, 0, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ExchangeDigitEnvelopeBaseOnRSA(session, 1, NULL, NULL, 0, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ExternalPublicKeyOperation_RSA(session, NULL, NULL, 0, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ExternalPrivateKeyOperation_RSA(session, NULL, NULL, 0, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.InternalPublicKeyOperation_RSA(session, 1, NULL, 0, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.InternalPrivateKeyOperation_RSA(session, 1, NULL, 0, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateAgreementDataWithECC(session, 1, 128, NULL, 0, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateKeyWithECC(session, NULL, 0, NULL, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateAgreementDataAndKeyWithECC(session, 1, 128, NULL, 0, NULL, 0, NULL, NULL, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ExchangeDigitEnvelopeBaseOnECC(session, 1, SGD_SM2_3, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.GenerateKeyWithKEK(session, 128, SGD_SM4_ECB, 1, NULL, NULL, NULL), SDR_NOTSUPPORT);
    ANSWERS(sdf.ImportKeyWithKEK(session, SGD_SM4_ECB, 1, NULL, 0, NULL), SDR_NOTSUPPORT);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    load(argv[1]);
    refuses_session((SGD_HANDLE)(uintptr_t)1);
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    ANSWERS(sdf.GetDeviceInfo(session, NULL), SDR_OUTARGERR);
    ANSWERS(sdf.GenerateRandom(session, 1, NULL), SDR_OUTARGERR);
    handles();
    devices();
    limits();
    rights();
    keys();
    signatures();
    ciphertexts();
    hashes();
    ciphers();
    not_offered();
    OK(sdf.CloseDevice(device));
    refuses_session(session);
    return 0;
}
