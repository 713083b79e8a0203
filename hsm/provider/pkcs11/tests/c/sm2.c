/* SM2 by the numbers of vendors: all four ways to sign and to verify, crossed where they mean the same. sm2 LIBRARY: keys need no login here. */

#include "check.h"

static CK_BYTE MESSAGE[] = "hello chainmaker";

static CK_RV in_one(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key, CK_BYTE *data, CK_ULONG bytes, CK_BYTE *signature, CK_ULONG len)
{
    OK(p11->C_VerifyInit(session, mechanism, key));
    return p11->C_Verify(session, data, bytes, signature, len);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    load(argv[1]);
    OK(p11->C_Initialize(NULL));
    CK_SESSION_HANDLE session = open_session();
    CK_TOKEN_INFO token;
    OK(p11->C_GetTokenInfo(0, &token));
    CHECK((token.flags & CKF_LOGIN_REQUIRED) == 0);
    CK_OBJECT_HANDLE pair[2], found = CK_INVALID_HANDLE;
    OK(make_pair(session, &generate_sm2, "node", CK_TRUE, pair));
    CK_KEY_TYPE of_vendor = CKK_SM2;
    CK_ATTRIBUTE by_type[] = {{CKA_CLASS, &private_class, sizeof private_class}, {CKA_KEY_TYPE, &of_vendor, sizeof of_vendor}};
    CK_ULONG count = 0;
    OK(p11->C_FindObjectsInit(session, by_type, 2));
    OK(p11->C_FindObjects(session, &found, 1, &count));
    OK(p11->C_FindObjectsFinal(session));
    CHECK(count == 1 && found == pair[1]);

    CK_BYTE raw[64], der[72], e[32] = {7};
    CK_ULONG raw_len = sizeof raw, der_len = 0;
    OK(p11->C_SignInit(session, &sm2_message, pair[1]));
    OK(p11->C_SignUpdate(session, MESSAGE, 5));
    OK(p11->C_SignUpdate(session, MESSAGE + 5, sizeof MESSAGE - 5));
    OK(p11->C_SignFinal(session, raw, &raw_len));
    CHECK(raw_len == 64);
    OK(in_one(session, &sm2_message, pair[0], MESSAGE, sizeof MESSAGE, raw, 64));
    ANSWERS(in_one(session, &sm2_message, pair[0], MESSAGE, sizeof MESSAGE - 1, raw, 64), CKR_SIGNATURE_INVALID);
    ANSWERS(in_one(session, &sm2_der, pair[0], MESSAGE, sizeof MESSAGE, raw, 64), CKR_SIGNATURE_INVALID);

    OK(p11->C_SignInit(session, &sm2_der, pair[1]));
    OK(p11->C_Sign(session, MESSAGE, sizeof MESSAGE, NULL, &der_len));
    CHECK(der_len == 72);
    OK(p11->C_Sign(session, MESSAGE, sizeof MESSAGE, der, &der_len));
    CHECK(der[0] == 0x30 && der_len == (CK_ULONG)der[1] + 2);
    OK(in_one(session, &sm2_der, pair[0], MESSAGE, sizeof MESSAGE, der, der_len));
    ANSWERS(in_one(session, &sm2_message, pair[0], MESSAGE, sizeof MESSAGE, der, der_len), CKR_SIGNATURE_LEN_RANGE);
    OK(p11->C_VerifyInit(session, &sm2_der, pair[0]));
    OK(p11->C_VerifyUpdate(session, MESSAGE, 1));
    OK(p11->C_VerifyUpdate(session, MESSAGE + 1, sizeof MESSAGE - 1));
    OK(p11->C_VerifyFinal(session, der, der_len));

    raw_len = sizeof raw;
    OK(p11->C_SignInit(session, &sm2_e, pair[1]));
    OK(p11->C_Sign(session, e, 32, raw, &raw_len));
    OK(in_one(session, &sm2_e, pair[0], e, 32, raw, 64));
    der_len = sizeof der;
    OK(p11->C_SignInit(session, &sm2_e_der, pair[1]));
    OK(p11->C_Sign(session, e, 32, der, &der_len));
    OK(in_one(session, &sm2_e_der, pair[0], e, 32, der, der_len));
    e[0] ^= 1;
    ANSWERS(in_one(session, &sm2_e_der, pair[0], e, 32, der, der_len), CKR_SIGNATURE_INVALID);
    OK(p11->C_DestroyObject(session, pair[1]));
    OK(p11->C_Finalize(NULL));
    return EXIT_SUCCESS;
}
