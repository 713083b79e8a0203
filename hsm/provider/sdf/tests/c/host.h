/* What every program here needs: the library, loaded as nodes load it, and checks that say what did not hold. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <unistd.h>

#include "chainbox_sdf.h"

/* The functions that are called, by their names without SDF_. */
#define FUNCTIONS(F)                                                                                                                               \
    F(OpenDevice) F(CloseDevice) F(OpenSession) F(CloseSession) F(GetDeviceInfo) F(GenerateRandom) F(GetPrivateKeyAccessRight)                     \
    F(ReleasePrivateKeyAccessRight) F(ExportSignPublicKey_ECC) F(ExportEncPublicKey_ECC) F(GenerateKeyPair_ECC) F(GenerateKeyWithIPK_ECC)          \
    F(GenerateKeyWithEPK_ECC) F(ImportKeyWithISK_ECC) F(ImportKey) F(DestroyKey) F(ExternalVerify_ECC) F(InternalSign_ECC) F(InternalVerify_ECC)   \
    F(ExternalEncrypt_ECC) F(ExternalSign_ECC) F(ExternalDecrypt_ECC) F(InternalEncrypt_ECC) F(InternalDecrypt_ECC) F(Encrypt) F(Decrypt)          \
    F(CalculateMAC) F(HashInit) F(HashUpdate) F(HashFinal) F(CreateFile) F(ReadFile) F(WriteFile) F(DeleteFile) F(ExportSignPublicKey_RSA)         \
    F(ExportEncPublicKey_RSA) F(GenerateKeyPair_RSA) F(GenerateKeyWithIPK_RSA) F(GenerateKeyWithEPK_RSA) F(ImportKeyWithISK_RSA)                   \
    F(ExchangeDigitEnvelopeBaseOnRSA) F(ExternalPublicKeyOperation_RSA) F(ExternalPrivateKeyOperation_RSA) F(InternalPublicKeyOperation_RSA)       \
    F(InternalPrivateKeyOperation_RSA) F(GenerateAgreementDataWithECC) F(GenerateKeyWithECC) F(GenerateAgreementDataAndKeyWithECC)                 \
    F(ExchangeDigitEnvelopeBaseOnECC) F(GenerateKeyWithKEK) F(ImportKeyWithKEK)

#define FIELD(name) __typeof__(&SDF_##name) name;
static struct { FUNCTIONS(FIELD) } sdf;
#undef FIELD

#define FAIL(...)                                                                                                                                  \
    do {                                                                                                                                           \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                                                            \
        fprintf(stderr, __VA_ARGS__);                                                                                                              \
        fputc('\n', stderr);                                                                                                                       \
        _exit(3);                                                                                                                                  \
    } while (0)

#define CHECK(condition)                                                                                                                           \
    do {                                                                                                                                           \
        if (!(condition))                                                                                                                          \
            FAIL("%s does not hold", #condition);                                                                                                  \
    } while (0)

/* That a call answers with this code. */
#define ANSWERS(call, expected)                                                                                                                    \
    do {                                                                                                                                           \
        SGD_RV answer_ = (call);                                                                                                                   \
        if (answer_ != (SGD_RV)(expected))                                                                                                         \
            FAIL("%s answered %#x, not %s", #call, answer_, #expected);                                                                            \
    } while (0)

#define OK(call) ANSWERS(call, SDR_OK)

/* Of the settings that the tests write: index 1 signs and decrypts and has this password, 2 signs and needs no right, 3 is no SM2 key. */
#define PASSWORD "the right of index one"
enum { GUARDED = 1, FREE = 2, NOT_SM2 = 3, ABSENT = 4, BITS = 256, KEY_BITS = 128, NUMBER = 32, PAD = ECCref_MAX_LEN - NUMBER };

static const unsigned char ID[16] = "1234567812345678";

static inline void load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        FAIL("%s", dlerror());
#define FIND(name)                                                                                                                                 \
    do {                                                                                                                                           \
        void *found = dlsym(library, "SDF_" #name);                                                                                                \
        if (found == NULL)                                                                                                                         \
            FAIL("%s", dlerror());                                                                                                                 \
        memcpy(&sdf.name, &found, sizeof found);                                                                                                   \
    } while (0);
    FUNCTIONS(FIND)
#undef FIND
}

static inline unsigned char *password(void)
{
    static unsigned char text[] = PASSWORD;
    return text;
}

static inline void get_right(SGD_HANDLE session, unsigned int index)
{
    OK(sdf.GetPrivateKeyAccessRight(session, index, password(), sizeof PASSWORD - 1));
}

/* A structure as programs in the field hand it over: what they do not set is whatever was there. */
static inline ECCrefPublicKey public_key(const unsigned char xy[2 * NUMBER])
{
    ECCrefPublicKey key;
    memset(&key, 0xa5, sizeof key);
    key.bits = BITS;
    memcpy(key.x + PAD, xy, NUMBER);
    memcpy(key.y + PAD, xy + NUMBER, NUMBER);
    return key;
}

static inline ECCSignature signature(const unsigned char rs[2 * NUMBER])
{
    ECCSignature signature;
    memset(&signature, 0xa5, sizeof signature);
    memcpy(signature.r + PAD, rs, NUMBER);
    memcpy(signature.s + PAD, rs + NUMBER, NUMBER);
    return signature;
}

/* Room for a ciphertext of so many bytes, and what must stay as it is behind it. */
enum { CIPHER_ROOM = 4096 + 8 };
struct cipher { ECCCipher head; unsigned char rest[CIPHER_ROOM]; };

static inline void clear(struct cipher *cipher)
{
    memset(cipher, 0xee, sizeof *cipher);
}

static inline void check_written(const struct cipher *cipher, size_t bytes)
{
    const unsigned char *start = (const unsigned char *)cipher;
    CHECK(cipher->head.L == bytes);
    for (size_t at = offsetof(ECCCipher, C) + bytes; at < sizeof *cipher; at++)
        CHECK(start[at] == 0xee);
    for (size_t at = 0; at < PAD; at++)
        CHECK(cipher->head.x[at] == 0 && cipher->head.y[at] == 0);
}

/* e = SM3(Z_A || message) in the steps that nodes take. */
static inline SGD_RV hash(SGD_HANDLE session, ECCrefPublicKey *key, const unsigned char *message, unsigned int length, unsigned char e[NUMBER])
{
    unsigned char id[sizeof ID], room[NUMBER];
    unsigned int written = 0xa5a5a5a5;
    memcpy(id, ID, sizeof id);
    SGD_RV answer = sdf.HashInit(session, SGD_SM3, key, id, key == NULL ? 0 : sizeof id);
    if (answer != SDR_OK)
        return answer;
    OK(sdf.HashUpdate(session, (unsigned char *)(uintptr_t)message, length));
    OK(sdf.HashFinal(session, room, &written));
    CHECK(written == NUMBER);
    memcpy(e, room, NUMBER);
    return SDR_OK;
}

#endif
