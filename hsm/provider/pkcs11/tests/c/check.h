/* What the test programs share: CHECK, the library by dlopen as a host program loads it, and one signature that is valid. The header is p11-kit's, so that
 * layouts and numbers come from somebody else. */
#ifndef CHECK_H
#define CHECK_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)
#define ANSWERS(call, code) answers((call), (code), #call, __FILE__, __LINE__)
#define OK(call) ANSWERS(call, CKR_OK)

static inline void check(int holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: %s does not hold\n", file, line, condition);
        exit(EXIT_FAILURE);
    }
}

static inline void answers(CK_RV answer, CK_RV expected, const char *call, const char *file, int line)
{
    if (answer != expected) {
        fprintf(stderr, "%s:%d: %s answers 0x%lx and not 0x%lx\n", file, line, call, answer, expected);
        exit(EXIT_FAILURE);
    }
}

/* Numbers of vendors, as docs/card-pkcs11.md lists them. */
#define CKK_SM2 0x80000004UL
#define CKM_SM2_KEY_PAIR_GEN 0x80008001UL
#define CKM_SM3_SM2_APPID1 0x80008102UL
#define CKM_SM3_SM2_APPID1_DER 0x80008103UL
#define CKM_SM2_SIGN 0x80008104UL
#define CKM_SM2_SIGN_NO_DER 0x80008105UL
#define CKM_SM3_HASH 0x80009001UL

static CK_FUNCTION_LIST *p11;

/* The library that the first argument names. */
static inline void load(const char *library)
{
    void *loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(EXIT_FAILURE);
    }
    CK_RV (*list)(CK_FUNCTION_LIST **);
    *(void **)&list = dlsym(loaded, "C_GetFunctionList");
    CHECK(list != NULL);
    OK(list(&p11));
    CHECK(p11->version.major == 2 && p11->version.minor == 40);
}

static inline CK_SESSION_HANDLE open_session(void)
{
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session));
    return session;
}

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS public_class = CKO_PUBLIC_KEY, private_class = CKO_PRIVATE_KEY;
static CK_KEY_TYPE ec = CKK_EC;
static CK_BYTE P256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static CK_BYTE SM2[] = {0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d};
static CK_MECHANISM ecdsa = {CKM_ECDSA, NULL, 0}, ecdsa_sha256 = {CKM_ECDSA_SHA256, NULL, 0}, generate = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
static CK_MECHANISM generate_sm2 = {CKM_SM2_KEY_PAIR_GEN, NULL, 0}, sm2_message = {CKM_SM3_SM2_APPID1, NULL, 0};
static CK_MECHANISM sm2_der = {CKM_SM3_SM2_APPID1_DER, NULL, 0}, sm2_e_der = {CKM_SM2_SIGN, NULL, 0}, sm2_e = {CKM_SM2_SIGN_NO_DER, NULL, 0};
static CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0}, sm3 = {CKM_SM3_HASH, NULL, 0};

/* From the known answers: ECDSA on P-256 with SHA-256 over a digest, valid; the key as CKA_EC_POINT. */
static CK_BYTE POINT[67] = {
    0x04, 0x41, 0x04, 0xd7, 0x23, 0xb8, 0x8a, 0xa4, 0x5d, 0xfa, 0x6c, 0x95, 0x6a, 0x1f, 0xc1, 0x47, 0xd9, 0x77,
    0x73, 0x7d, 0x4d, 0x42, 0x59, 0x98, 0x18, 0x73, 0x3e, 0x47, 0xc4, 0x90, 0x06, 0xca, 0x8c, 0x3d, 0x06,
    0x64, 0xdf, 0x73, 0xcd, 0xd9, 0x03, 0xe8, 0xb9, 0xbd, 0xc9, 0x97, 0xb6, 0x45, 0x50, 0xf2, 0xdb,
    0x43, 0x00, 0xc7, 0x71, 0x63, 0x07, 0x52, 0x2f, 0x8b, 0xf2, 0x77, 0xf7, 0x7c, 0xe4, 0x1f, 0x9e,
};
static CK_BYTE DIGEST[32] = {
    0x1a, 0x1b, 0xf5, 0x07, 0x17, 0x21, 0x86, 0xce, 0xb9, 0x97, 0x9a, 0x50, 0x4c, 0x8a, 0xb8, 0x87,
    0x9f, 0xe7, 0xbf, 0x6c, 0x17, 0x80, 0x76, 0x36, 0x48, 0x3c, 0x60, 0xfe, 0xfd, 0x9d, 0x3b, 0xba,
};
static CK_BYTE SIGNATURE[64] = {
    0xe8, 0xfe, 0xe5, 0xb8, 0x0a, 0x24, 0xf4, 0xc1, 0x2c, 0x1d, 0xa4, 0x11, 0xab, 0x93, 0xa6, 0xe2,
    0x75, 0x1c, 0x22, 0xd9, 0x67, 0x8e, 0x9b, 0xce, 0xf2, 0xe6, 0x29, 0x04, 0x4d, 0x7f, 0x0e, 0xcb,
    0x2e, 0x0f, 0xe0, 0x1c, 0xd8, 0x45, 0x02, 0x88, 0x60, 0xb7, 0x29, 0x79, 0x6e, 0x0c, 0xba, 0x51,
    0xef, 0x6b, 0x1d, 0x69, 0xca, 0xa0, 0x06, 0xe1, 0xf6, 0x9e, 0xe0, 0x71, 0xdd, 0x87, 0x69, 0xc1,
};

/* That public key, in the session. */
static inline CK_OBJECT_HANDLE known_key(CK_SESSION_HANDLE session)
{
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &public_class, sizeof public_class}, {CKA_KEY_TYPE, &ec, sizeof ec}, {CKA_TOKEN, &no, 1}, {CKA_VERIFY, &yes, 1},
        {CKA_EC_PARAMS, P256, sizeof P256}, {CKA_EC_POINT, POINT, sizeof POINT},
    };
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    OK(p11->C_CreateObject(session, template, 6, &key));
    return key;
}

/* A key pair with a label: on the card, or in the session. */
static inline CK_RV make_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, char *label, CK_BBOOL on_card, CK_OBJECT_HANDLE pair[2])
{
    CK_BYTE *params = mechanism == &generate_sm2 ? SM2 : P256;
    CK_ATTRIBUTE public_half[] = {
        {CKA_TOKEN, &on_card, 1}, {CKA_LABEL, label, strlen(label)}, {CKA_EC_PARAMS, params, 10}, {CKA_VERIFY, &yes, 1},
    };
    CK_ATTRIBUTE private_half[] = {
        {CKA_TOKEN, &on_card, 1}, {CKA_LABEL, label, strlen(label)}, {CKA_SIGN, &yes, 1}, {CKA_SENSITIVE, &yes, 1},
    };
    return p11->C_GenerateKeyPair(session, mechanism, public_half, 4, private_half, 4, &pair[0], &pair[1]);
}

static inline CK_RV verify(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *digest, CK_BYTE *signature)
{
    CK_RV answer = p11->C_VerifyInit(session, &ecdsa, key);
    return answer == CKR_OK ? p11->C_Verify(session, digest, 32, signature, 64) : answer;
}

static inline CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_BYTE *digest, CK_BYTE *signature)
{
    CK_ULONG len = 64;
    CK_RV answer = p11->C_SignInit(session, &ecdsa, key);
    return answer == CKR_OK ? p11->C_Sign(session, digest, 32, signature, &len) : answer;
}

static inline CK_RV login(CK_SESSION_HANDLE session, char *pin)
{
    return p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
}

#endif
