/* The examples of the standards, and what follows from what the library made itself. */
#include "host.h"

static void bytes(const char *text, unsigned char *out)
{
    for (size_t at = 0; text[2 * at] != '\0'; at++) {
        unsigned int byte;
        CHECK(sscanf(text + 2 * at, "%2x", &byte) == 1);
        out[at] = (unsigned char)byte;
    }
}

static void is(const unsigned char *is, const char *text)
{
    unsigned char expected[256];
    CHECK(strlen(text) <= 2 * sizeof expected);
    bytes(text, expected);
    CHECK(memcmp(is, expected, strlen(text) / 2) == 0);
}

/* GB/T 32918.5-2017: the key of annexes A to C. */
static const char D[] = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
static const char P[] = "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

static ECCrefPrivateKey private_key(void)
{
    ECCrefPrivateKey key;
    memset(&key, 0xa5, sizeof key);
    key.bits = BITS;
    bytes(D, key.K + PAD);
    return key;
}

/* Annex A: the message "message digest" under the usual id. */
static void signs(SGD_HANDLE session)
{
    unsigned char xy[2 * NUMBER], rs[2 * NUMBER], e[NUMBER];
    bytes(P, xy);
    bytes("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa", rs);
    ECCrefPublicKey key = public_key(xy);
    ECCSignature given = signature(rs), made;
    OK(hash(session, &key, (const unsigned char *)"message digest", 14, e));
    is(e, "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
    OK(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &given));
    given.s[ECCref_MAX_LEN - 1] ^= 1;
    ANSWERS(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &given), SDR_VERIFYERR);
    ECCrefPrivateKey d = private_key();
    OK(sdf.ExternalSign_ECC(session, SGD_SM2_1, &d, e, sizeof e, &made));
    OK(sdf.ExternalVerify_ECC(session, SGD_SM2, &key, e, sizeof e, &made));
    for (size_t at = 0; at < PAD; at++)
        CHECK(made.r[at] == 0 && made.s[at] == 0);
}

/* Annex C: the message "encryption standard". */
static void decrypts(SGD_HANDLE session)
{
    struct cipher cipher;
    unsigned char message[64];
    unsigned int length = 0xa5a5a5a5;
    clear(&cipher);
    memset(cipher.head.x, 0xa5, sizeof cipher.head.x);
    bytes("04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73", cipher.head.x + PAD);
    bytes("e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0", cipher.head.y + PAD);
    bytes("59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766", cipher.head.M);
    bytes("21886ca989ca9c7d58087307ca93092d651efa", (unsigned char *)&cipher + offsetof(ECCCipher, C));
    cipher.head.L = 19;
    ECCrefPrivateKey d = private_key();
    OK(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, message, &length));
    CHECK(length == 19 && memcmp(message, "encryption standard", length) == 0);
    cipher.head.M[0] ^= 1;
    ANSWERS(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, message, &length), SDR_ENCDATAERR);
}

static void encrypts(SGD_HANDLE session)
{
    ECCrefPublicKey key;
    ECCrefPrivateKey d;
    struct cipher cipher;
    unsigned char message[4096], decrypted[4096];
    unsigned int length;
    for (size_t at = 0; at < sizeof message; at++)
        message[at] = (unsigned char)(at * 7);
    for (unsigned int i = 0; i < 4; i++) {
        unsigned int algorithm = ((const unsigned int[]){SGD_SM2, SGD_SM2_1, SGD_SM2_2, SGD_SM2_3})[i];
        OK(sdf.GenerateKeyPair_ECC(session, algorithm, BITS, &key, &d));
        CHECK(key.bits == BITS && d.bits == BITS && key.x[PAD - 1] == 0 && key.y[0] == 0 && d.K[PAD - 1] == 0);
    }
    for (unsigned int i = 0; i < 5; i++) {
        unsigned int bytes = ((const unsigned int[]){1, 16, 33, 1000, 4096})[i];
        clear(&cipher);
        OK(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, message, bytes, &cipher.head));
        check_written(&cipher, bytes);
        OK(sdf.ExternalDecrypt_ECC(session, SGD_SM2, &d, &cipher.head, decrypted, &length));
        CHECK(length == bytes && memcmp(message, decrypted, bytes) == 0);
    }
}

/* GB/T 32905-2016, A.1 and A.2; FIPS 180-4's "abc". */
static void hashes(SGD_HANDLE session)
{
    unsigned char abcd[64], digest[NUMBER];
    unsigned int length;
    for (size_t at = 0; at < sizeof abcd; at++)
        abcd[at] = (unsigned char)('a' + at % 4);
    OK(hash(session, NULL, abcd, 3, digest));
    is(digest, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    OK(sdf.HashInit(session, SGD_SM3, NULL, NULL, 0));
    for (size_t at = 0; at < sizeof abcd; at += 16)
        OK(sdf.HashUpdate(session, abcd + at, 16));
    OK(sdf.HashFinal(session, digest, &length));
    is(digest, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    OK(sdf.HashInit(session, SGD_SHA256, NULL, NULL, 0));
    OK(sdf.HashUpdate(session, abcd, 3));
    OK(sdf.HashFinal(session, digest, &length));
    is(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* GB/T 32907-2016, A.1; what CBC does follows from ECB. */
static void encrypts_blocks(SGD_HANDLE session)
{
    unsigned char key[16], data[64], out[64], iv[16], mac[16];
    unsigned int length = 0;
    SGD_HANDLE handle;
    bytes("0123456789abcdeffedcba9876543210", key);
    OK(sdf.ImportKey(session, key, sizeof key, &handle));
    memcpy(data, key, sizeof key);
    OK(sdf.Encrypt(session, handle, SGD_SM4_ECB, NULL, data, 16, out, &length));
    is(out, "681edf34d206965e86b3e94f536e4246");
    CHECK(length == 16);
    OK(sdf.Decrypt(session, handle, SGD_SM4_ECB, NULL, out, 16, out, &length));
    CHECK(memcmp(out, key, 16) == 0);
    memset(iv, 0, sizeof iv);
    for (size_t at = 0; at < sizeof data; at++)
        data[at] = (unsigned char)at;
    memcpy(data, key, sizeof key);
    OK(sdf.Encrypt(session, handle, SGD_SM4_CBC, iv, data, sizeof data, out, &length));
    is(out, "681edf34d206965e86b3e94f536e4246");
    CHECK(length == sizeof data && memcmp(iv, out + 48, 16) == 0);
    memset(iv, 0, sizeof iv);
    OK(sdf.CalculateMAC(session, handle, SGD_SM4_MAC, iv, data, sizeof data, mac, &length));
    CHECK(length == 16 && memcmp(mac, out + 48, 16) == 0 && memcmp(iv, mac, 16) == 0);
    memset(iv, 0, sizeof iv);
    OK(sdf.Decrypt(session, handle, SGD_SM4_CBC, iv, out, sizeof data, out, &length));
    CHECK(memcmp(out, data, sizeof data) == 0);
    OK(sdf.DestroyKey(session, handle));
}

/* A session key goes to the card and to somebody else, and comes back as the same key. */
static void exchanges_keys(SGD_HANDLE session)
{
    struct cipher cipher;
    SGD_HANDLE made, imported;
    unsigned char data[32] = "two blocks of it, thirty-two ok.", one[32], other[32];
    unsigned int length;
    ECCrefPublicKey key;
    ECCrefPrivateKey d;
    get_right(session, GUARDED);
    clear(&cipher);
    OK(sdf.GenerateKeyWithIPK_ECC(session, GUARDED, KEY_BITS, &cipher.head, &made));
    check_written(&cipher, 16);
    OK(sdf.ImportKeyWithISK_ECC(session, GUARDED, &cipher.head, &imported));
    OK(sdf.Encrypt(session, made, SGD_SM4_ECB, NULL, data, sizeof data, one, &length));
    OK(sdf.Encrypt(session, imported, SGD_SM4_ECB, NULL, data, sizeof data, other, &length));
    CHECK(memcmp(one, other, sizeof one) == 0 && memcmp(one, data, sizeof one) != 0);
    OK(sdf.GenerateKeyPair_ECC(session, SGD_SM2_3, BITS, &key, &d));
    clear(&cipher);
    OK(sdf.GenerateKeyWithEPK_ECC(session, KEY_BITS, SGD_SM2_3, &key, &cipher.head, &made));
    check_written(&cipher, 16);
    unsigned char bytes[16];
    OK(sdf.ExternalDecrypt_ECC(session, SGD_SM2_3, &d, &cipher.head, bytes, &length));
    CHECK(length == sizeof bytes);
    OK(sdf.ImportKey(session, bytes, sizeof bytes, &imported));
    OK(sdf.Encrypt(session, made, SGD_SM4_ECB, NULL, data, sizeof data, one, &length));
    OK(sdf.Encrypt(session, imported, SGD_SM4_ECB, NULL, data, sizeof data, other, &length));
    CHECK(memcmp(one, other, sizeof one) == 0);
    clear(&cipher);
    OK(sdf.InternalEncrypt_ECC(session, GUARDED, SGD_SM2_3, data, 20, &cipher.head));
    check_written(&cipher, 20);
    OK(sdf.InternalDecrypt_ECC(session, GUARDED, SGD_SM2_3, &cipher.head, other, &length));
    CHECK(length == 20 && memcmp(other, data, 20) == 0);
    OK(sdf.ExportEncPublicKey_ECC(session, GUARDED, &key));
    clear(&cipher);
    OK(sdf.ExternalEncrypt_ECC(session, SGD_SM2_3, &key, data, 20, &cipher.head));
    OK(sdf.InternalDecrypt_ECC(session, GUARDED, SGD_SM2_3, &cipher.head, other, &length));
    CHECK(length == 20 && memcmp(other, data, 20) == 0);
}

static void signs_with_its_own_keys(SGD_HANDLE session)
{
    ECCrefPublicKey key;
    ECCSignature made;
    unsigned char e[NUMBER];
    get_right(session, GUARDED);
    for (unsigned int index = GUARDED; index <= FREE; index++) {
        OK(sdf.ExportSignPublicKey_ECC(session, index, &key));
        OK(hash(session, &key, (const unsigned char *)"block", 5, e));
        OK(sdf.InternalSign_ECC(session, index, e, sizeof e, &made));
        OK(sdf.InternalVerify_ECC(session, index, e, sizeof e, &made));
        OK(sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, sizeof e, &made));
        ANSWERS(sdf.InternalVerify_ECC(session, 3 - index, e, sizeof e, &made), SDR_VERIFYERR);
        e[0] ^= 1;
        ANSWERS(sdf.InternalVerify_ECC(session, index, e, sizeof e, &made), SDR_VERIFYERR);
    }
}

static void says_what_it_is(SGD_HANDLE session)
{
    DEVICEINFO info;
    unsigned char random[64] = {0};
    size_t zeros = 0;
    OK(sdf.GetDeviceInfo(session, &info));
    CHECK(strcmp((char *)info.IssuerName, "Chainbox") == 0 && strcmp((char *)info.DeviceName, "Chainbox SDF") == 0);
    CHECK(info.StandardVersion == 0x2012 && info.AsymAlgAbility[1] == 256 && info.BufferSize == 16 << 20);
    CHECK((info.AsymAlgAbility[0] & SGD_SM2_1) == SGD_SM2_1 && (info.AsymAlgAbility[0] & SGD_SM2_3) == SGD_SM2_3);
    CHECK(info.SymAlgAbility == (SGD_SM4_ECB | SGD_SM4_CBC | SGD_SM4_MAC) && info.HashAlgAbility == (SGD_SM3 | SGD_SHA256));
    OK(sdf.GenerateRandom(session, sizeof random, random));
    for (size_t at = 0; at < sizeof random; at++)
        zeros += random[at] == 0;
    CHECK(zeros < 16);
}

int main(int argc, char **argv)
{
    SGD_HANDLE device, session;
    CHECK(argc == 2);
    load(argv[1]);
    OK(sdf.OpenDevice(&device));
    OK(sdf.OpenSession(device, &session));
    signs(session);
    decrypts(session);
    encrypts(session);
    hashes(session);
    encrypts_blocks(session);
    exchanges_keys(session);
    signs_with_its_own_keys(session);
    says_what_it_is(session);
    OK(sdf.CloseSession(session));
    OK(sdf.CloseDevice(device));
    return 0;
}
