/* What callers get wrong, and what they are told. misuse LIBRARY: the card has a file of keys, its password is "correct horse", and it holds none. */

#include "check.h"

static const CK_ULONG NOWHERE = 0x7777;
static CK_SESSION_HANDLE session;

static void nothing_works_before_and_after(void)
{
    CK_ULONG count = 0;
    CK_BYTE bytes[64];
    ANSWERS(p11->C_GetInfo((CK_INFO *)bytes), CKR_CRYPTOKI_NOT_INITIALIZED);
    ANSWERS(p11->C_GetSlotList(CK_TRUE, NULL, &count), CKR_CRYPTOKI_NOT_INITIALIZED);
    ANSWERS(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &count), CKR_CRYPTOKI_NOT_INITIALIZED);
    ANSWERS(p11->C_Sign(1, bytes, 1, bytes, &count), CKR_CRYPTOKI_NOT_INITIALIZED);
    ANSWERS(p11->C_EncryptInit(1, &ecdsa, 1), CKR_CRYPTOKI_NOT_INITIALIZED);
    ANSWERS(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}

static CK_RV some_mutex(void **mutex)
{
    (void)mutex;
    return CKR_OK;
}

static CK_RV some_lock(void *mutex)
{
    (void)mutex;
    return CKR_OK;
}

static void initialising(void)
{
    CK_C_INITIALIZE_ARGS arguments = {0};
    arguments.pReserved = &arguments;
    ANSWERS(p11->C_Initialize(&arguments), CKR_ARGUMENTS_BAD);
    arguments = (CK_C_INITIALIZE_ARGS){.flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS};
    ANSWERS(p11->C_Initialize(&arguments), CKR_NEED_TO_CREATE_THREADS);
    arguments = (CK_C_INITIALIZE_ARGS){.CreateMutex = some_mutex, .flags = CKF_OS_LOCKING_OK};
    ANSWERS(p11->C_Initialize(&arguments), CKR_ARGUMENTS_BAD);
    arguments = (CK_C_INITIALIZE_ARGS){some_mutex, some_lock, some_lock, some_lock, 0, NULL};
    ANSWERS(p11->C_Initialize(&arguments), CKR_CANT_LOCK);
    arguments.flags = CKF_OS_LOCKING_OK;
    OK(p11->C_Initialize(&arguments));
    ANSWERS(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
    ANSWERS(p11->C_Finalize(&arguments), CKR_ARGUMENTS_BAD);
    OK(p11->C_Finalize(NULL));
    nothing_works_before_and_after();
    OK(p11->C_Initialize(NULL));
}

static void slots_and_mechanisms(void)
{
    CK_SLOT_ID slot = NOWHERE;
    CK_ULONG count = 0;
    CK_TOKEN_INFO token;
    CK_MECHANISM_INFO mechanism;
    ANSWERS(p11->C_GetFunctionList(NULL), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_GetInfo(NULL), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_GetSlotList(CK_TRUE, NULL, NULL), CKR_ARGUMENTS_BAD);
    OK(p11->C_GetSlotList(CK_TRUE, NULL, &count));
    CHECK(count == 1);
    count = 0;
    ANSWERS(p11->C_GetSlotList(CK_TRUE, &slot, &count), CKR_BUFFER_TOO_SMALL);
    CHECK(count == 1 && slot == NOWHERE);
    OK(p11->C_GetSlotList(CK_TRUE, &slot, &count));
    CHECK(slot == 0);
    ANSWERS(p11->C_GetTokenInfo(1, &token), CKR_SLOT_ID_INVALID);
    ANSWERS(p11->C_GetTokenInfo(0, NULL), CKR_ARGUMENTS_BAD);
    OK(p11->C_GetTokenInfo(0, &token));
    CHECK(memcmp(token.label, "chainbox                        ", 32) == 0);
    CHECK(token.flags == (CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED));
    CK_MECHANISM_TYPE mechanisms[16];
    count = 3;
    ANSWERS(p11->C_GetMechanismList(0, mechanisms, &count), CKR_BUFFER_TOO_SMALL);
    CHECK(count == 10);
    OK(p11->C_GetMechanismList(0, mechanisms, &count));
    for (CK_ULONG i = 0; i < count; i++)
        OK(p11->C_GetMechanismInfo(0, mechanisms[i], &mechanism));
    ANSWERS(p11->C_GetMechanismInfo(0, CKM_RSA_PKCS, &mechanism), CKR_MECHANISM_INVALID);
    ANSWERS(p11->C_GetMechanismInfo(0, CKM_ECDSA, NULL), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, NULL), CKR_NO_EVENT);
    ANSWERS(p11->C_WaitForSlotEvent(0, &slot, NULL), CKR_FUNCTION_NOT_SUPPORTED);
}

static void sessions_and_login(void)
{
    CK_SESSION_INFO info;
    ANSWERS(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_OpenSession(0, 0, NULL, NULL, &session), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    ANSWERS(p11->C_OpenSession(9, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_SLOT_ID_INVALID);
    ANSWERS(p11->C_CloseSession(NOWHERE), CKR_SESSION_HANDLE_INVALID);
    ANSWERS(p11->C_CloseAllSessions(9), CKR_SLOT_ID_INVALID);
    session = open_session();
    OK(p11->C_GetSessionInfo(session, &info));
    CHECK(info.state == CKS_RW_PUBLIC_SESSION && info.flags == (CKF_RW_SESSION | CKF_SERIAL_SESSION));
    CK_OBJECT_HANDLE pair[2] = {NOWHERE, NOWHERE};
    ANSWERS(make_pair(session, &generate, "early", CK_TRUE, pair), CKR_USER_NOT_LOGGED_IN);
    CHECK(pair[0] == CK_INVALID_HANDLE && pair[1] == CK_INVALID_HANDLE);
    ANSWERS(p11->C_Logout(session), CKR_USER_NOT_LOGGED_IN);
    ANSWERS(login(session, "wrong horse"), CKR_PIN_INCORRECT);
    ANSWERS(login(session, ""), CKR_PIN_INCORRECT);
    ANSWERS(p11->C_Login(session, CKU_USER, NULL, 4), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)"x", 1UL << 40), CKR_PIN_INCORRECT);
    ANSWERS(p11->C_Login(session, CKU_SO, (CK_UTF8CHAR *)"correct horse", 13), CKR_USER_TYPE_INVALID);
    ANSWERS(p11->C_Login(session, CKU_CONTEXT_SPECIFIC, (CK_UTF8CHAR *)"correct horse", 13), CKR_OPERATION_NOT_INITIALIZED);
    OK(login(session, "correct horse"));
    ANSWERS(login(session, "correct horse"), CKR_USER_ALREADY_LOGGED_IN);
    OK(p11->C_GetSessionInfo(session, &info));
    CHECK(info.state == CKS_RW_USER_FUNCTIONS);
}

/* The login ends with the last session, and the keys of the card go with it. */
static void a_login_ends(void)
{
    CK_OBJECT_HANDLE pair[2], of_session[2], found[8];
    CK_ULONG count = 0;
    CK_BYTE signature[64];
    CK_ULONG len = sizeof signature;
    CHECK(make_pair(session, &generate, "ends", CK_TRUE, pair) == CKR_OK);
    CHECK(make_pair(session, &generate, "in memory", CK_FALSE, of_session) == CKR_OK);
    OK(p11->C_SignInit(session, &ecdsa, pair[1]));
    OK(p11->C_Logout(session));
    ANSWERS(p11->C_Sign(session, DIGEST, 32, signature, &len), CKR_USER_NOT_LOGGED_IN);
    ANSWERS(p11->C_SignInit(session, &ecdsa, pair[1]), CKR_KEY_HANDLE_INVALID);
    ANSWERS(p11->C_SignInit(session, &ecdsa, of_session[1]), CKR_KEY_HANDLE_INVALID);
    OK(p11->C_FindObjectsInit(session, NULL, 0));
    OK(p11->C_FindObjects(session, found, 8, &count));
    OK(p11->C_FindObjectsFinal(session));
    CHECK(count == 1 && found[0] == of_session[0]);
    OK(login(session, "correct horse"));
    CK_ATTRIBUTE by_label[] = {{CKA_CLASS, &private_class, sizeof private_class}, {CKA_LABEL, "ends", 4}};
    OK(p11->C_FindObjectsInit(session, by_label, 2));
    OK(p11->C_FindObjects(session, found, 8, &count));
    OK(p11->C_FindObjectsFinal(session));
    CHECK(count == 1 && found[0] != pair[1]);
    OK(sign(session, found[0], DIGEST, signature));
    OK(p11->C_DestroyObject(session, found[0]));
    ANSWERS(p11->C_SignInit(session, &ecdsa, found[0]), CKR_KEY_HANDLE_INVALID);
    CK_SESSION_HANDLE other = open_session();
    OK(p11->C_CloseSession(other));
    ANSWERS(login(session, "correct horse"), CKR_USER_ALREADY_LOGGED_IN);
    OK(p11->C_CloseAllSessions(0));
    ANSWERS(p11->C_GetSessionInfo(session, (CK_SESSION_INFO *)found), CKR_SESSION_HANDLE_INVALID);
    session = open_session();
    OK(login(session, "correct horse"));
}

static void templates(void)
{
    CK_OBJECT_HANDLE pair[2], key;
    CK_BYTE odd[] = {2}, off_curve[sizeof POINT], long_label[65];
    CK_ATTRIBUTE params = {CKA_EC_PARAMS, P256, sizeof P256}, no_params = {CKA_EC_PARAMS, POINT, 5};
    CK_ATTRIBUTE on_card = {CKA_TOKEN, &yes, 1}, odd_flag = {CKA_TOKEN, odd, 1}, value = {CKA_VALUE, odd, 1}, other = {CKA_CLASS, &private_class, 8};
    CK_ATTRIBUTE broken = {CKA_LABEL, NULL, 4}, sm2_curve = {CKA_EC_PARAMS, SM2, sizeof SM2};
    memset(long_label, 'x', sizeof long_label);
    CK_ATTRIBUTE too_long[] = {{CKA_TOKEN, &yes, 1}, {CKA_LABEL, long_label, sizeof long_label}};
#define PAIR(mechanism, public, private) p11->C_GenerateKeyPair(session, mechanism, public, 1, private, 1, &pair[0], &pair[1])
    ANSWERS(p11->C_GenerateKeyPair(session, &generate, NULL, 0, NULL, 0, &pair[0], &pair[1]), CKR_TEMPLATE_INCOMPLETE);
    ANSWERS(p11->C_GenerateKeyPair(session, &generate, NULL, 3, NULL, 0, &pair[0], &pair[1]), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_GenerateKeyPair(session, &generate, &params, 1UL << 40, NULL, 0, &pair[0], &pair[1]), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_GenerateKeyPair(session, &generate, &params, 1, NULL, 0, NULL, &pair[1]), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_GenerateKeyPair(session, NULL, &params, 1, NULL, 0, &pair[0], &pair[1]), CKR_ARGUMENTS_BAD);
    ANSWERS(PAIR(&ecdsa, &params, &on_card), CKR_MECHANISM_INVALID);
    ANSWERS(PAIR(&generate, &no_params, &on_card), CKR_CURVE_NOT_SUPPORTED);
    ANSWERS(PAIR(&generate, &sm2_curve, &on_card), CKR_CURVE_NOT_SUPPORTED);
    ANSWERS(PAIR(&generate_sm2, &params, &on_card), CKR_CURVE_NOT_SUPPORTED);
    ANSWERS(PAIR(&generate, &params, &on_card), CKR_TEMPLATE_INCONSISTENT);
    ANSWERS(PAIR(&generate, &params, &odd_flag), CKR_ATTRIBUTE_VALUE_INVALID);
    ANSWERS(PAIR(&generate, &params, &value), CKR_ATTRIBUTE_TYPE_INVALID);
    ANSWERS(PAIR(&generate, &params, &broken), CKR_ARGUMENTS_BAD);
    CK_ATTRIBUTE wrong_class[] = {params, other};
    ANSWERS(p11->C_GenerateKeyPair(session, &generate, wrong_class, 2, NULL, 0, &pair[0], &pair[1]), CKR_TEMPLATE_INCONSISTENT);
    CK_ATTRIBUTE on_the_card[] = {params, on_card};
    ANSWERS(p11->C_GenerateKeyPair(session, &generate, on_the_card, 2, too_long, 2, &pair[0], &pair[1]), CKR_ATTRIBUTE_VALUE_INVALID);
    CHECK(make_pair(session, &generate, "twice", CK_TRUE, pair) == CKR_OK);
    CHECK(make_pair(session, &generate, "twice", CK_TRUE, pair) == CKR_ATTRIBUTE_VALUE_INVALID);
    memcpy(off_curve, POINT, sizeof POINT);
    off_curve[66] ^= 1;
    CK_ATTRIBUTE object[] = {
        {CKA_CLASS, &public_class, 8}, {CKA_KEY_TYPE, &ec, 8}, params, {CKA_EC_POINT, off_curve, sizeof off_curve}, on_card,
    };
    ANSWERS(p11->C_CreateObject(session, object, 0, &key), CKR_TEMPLATE_INCOMPLETE);
    ANSWERS(p11->C_CreateObject(session, object, 3, &key), CKR_TEMPLATE_INCOMPLETE);
    ANSWERS(p11->C_CreateObject(session, object, 4, &key), CKR_ATTRIBUTE_VALUE_INVALID);
    object[3].pValue = POINT;
    ANSWERS(p11->C_CreateObject(session, object, 5, &key), CKR_TOKEN_WRITE_PROTECTED);
    ANSWERS(p11->C_CreateObject(session, object, 4, NULL), CKR_ARGUMENTS_BAD);
    object[2] = sm2_curve;
    ANSWERS(p11->C_CreateObject(session, object, 4, &key), CKR_ATTRIBUTE_VALUE_INVALID);
    object[0].pValue = &private_class;
    ANSWERS(p11->C_CreateObject(session, object, 4, &key), CKR_ATTRIBUTE_VALUE_INVALID);
}

/* Two passes, too little room, secrets, and what is not there (C_GetAttributeValue). */
static void attributes(void)
{
    CK_OBJECT_HANDLE pair[2];
    CHECK(make_pair(session, &generate_sm2, "attributes", CK_TRUE, pair) == CKR_OK);
    CK_BYTE room[256];
    CK_ATTRIBUTE asked[] = {{CKA_EC_POINT, NULL, 0}, {CKA_EC_PARAMS, room, 9}, {CKA_VALUE, room, 64}, {CKA_LABEL, room, sizeof room}};
    ANSWERS(p11->C_GetAttributeValue(session, pair[0], asked, 4), CKR_BUFFER_TOO_SMALL);
    CHECK(asked[0].ulValueLen == 67 && asked[1].ulValueLen == CK_UNAVAILABLE_INFORMATION && asked[2].ulValueLen == CK_UNAVAILABLE_INFORMATION);
    CHECK(asked[3].ulValueLen == 10 && memcmp(room, "attributes", 10) == 0);
    CK_ATTRIBUTE value = {CKA_VALUE, room, sizeof room}, absent = {CKA_MODULUS, room, sizeof room}, sized = {CKA_VALUE, NULL, 0};
    ANSWERS(p11->C_GetAttributeValue(session, pair[1], &value, 1), CKR_ATTRIBUTE_SENSITIVE);
    ANSWERS(p11->C_GetAttributeValue(session, pair[1], &sized, 1), CKR_ATTRIBUTE_SENSITIVE);
    ANSWERS(p11->C_GetAttributeValue(session, pair[1], &absent, 1), CKR_ATTRIBUTE_TYPE_INVALID);
    ANSWERS(p11->C_GetAttributeValue(session, NOWHERE, &value, 1), CKR_OBJECT_HANDLE_INVALID);
    ANSWERS(p11->C_GetAttributeValue(session, pair[1], NULL, 1), CKR_ARGUMENTS_BAD);
    CK_ATTRIBUTE id = {CKA_ID, "other", 5}, fixed = {CKA_SENSITIVE, &no, 1};
    ANSWERS(p11->C_SetAttributeValue(session, pair[1], &fixed, 1), CKR_ATTRIBUTE_READ_ONLY);
    ANSWERS(p11->C_SetAttributeValue(session, pair[1], &absent, 1), CKR_ATTRIBUTE_VALUE_INVALID);
    absent.ulValueLen = 1;
    ANSWERS(p11->C_SetAttributeValue(session, pair[1], &absent, 1), CKR_ATTRIBUTE_TYPE_INVALID);
    OK(p11->C_SetAttributeValue(session, pair[1], &id, 1));
    CK_ATTRIBUTE read = {CKA_ID, room, sizeof room};
    OK(p11->C_GetAttributeValue(session, pair[1], &read, 1));
    CHECK(read.ulValueLen == 5 && memcmp(room, "other", 5) == 0);
    ANSWERS(p11->C_DestroyObject(session, pair[0]), CKR_ACTION_PROHIBITED);
    CK_SESSION_HANDLE reader;
    OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &reader));
    ANSWERS(p11->C_DestroyObject(reader, pair[1]), CKR_SESSION_READ_ONLY);
    ANSWERS(p11->C_SetAttributeValue(reader, pair[1], &id, 1), CKR_SESSION_READ_ONLY);
    CK_OBJECT_HANDLE made[2];
    ANSWERS(make_pair(reader, &generate, "reader", CK_TRUE, made), CKR_SESSION_READ_ONLY);
    CHECK(make_pair(reader, &generate, "reader", CK_FALSE, made) == CKR_OK);
    OK(p11->C_CloseSession(reader));
    ANSWERS(p11->C_DestroyObject(session, made[1]), CKR_OBJECT_HANDLE_INVALID);
    OK(p11->C_DestroyObject(session, pair[1]));
}

static void finding(void)
{
    CK_OBJECT_HANDLE found[4];
    CK_ULONG count = NOWHERE;
    ANSWERS(p11->C_FindObjects(session, found, 4, &count), CKR_OPERATION_NOT_INITIALIZED);
    ANSWERS(p11->C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_FindObjectsInit(session, NULL, 0));
    ANSWERS(p11->C_FindObjectsInit(session, NULL, 0), CKR_OPERATION_ACTIVE);
    ANSWERS(p11->C_FindObjects(session, NULL, 4, &count), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_FindObjects(session, found, 4, NULL), CKR_ARGUMENTS_BAD);
    OK(p11->C_FindObjects(session, found, 1, &count));
    CHECK(count == 1);
    OK(p11->C_FindObjects(session, found, 4, &count));
    CHECK(count == 1);
    OK(p11->C_FindObjects(session, found, 4, &count));
    CHECK(count == 0);
    OK(p11->C_FindObjectsFinal(session));
}

static void signing(void)
{
    CK_OBJECT_HANDLE pair[2], sm2_pair[2];
    CK_BYTE signature[128], data[129] = {1};
    CK_ULONG len = 0;
    CK_MECHANISM unknown = {CKM_RSA_PKCS, NULL, 0}, with_parameter = {CKM_ECDSA, data, 4};
    CHECK(make_pair(session, &generate, "signs", CK_FALSE, pair) == CKR_OK);
    CHECK(make_pair(session, &generate_sm2, "signs", CK_FALSE, sm2_pair) == CKR_OK);
    ANSWERS(p11->C_Sign(session, data, 32, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
    ANSWERS(p11->C_SignInit(session, &unknown, pair[1]), CKR_MECHANISM_INVALID);
    ANSWERS(p11->C_SignInit(session, &with_parameter, pair[1]), CKR_MECHANISM_PARAM_INVALID);
    ANSWERS(p11->C_SignInit(session, &ecdsa, NOWHERE), CKR_KEY_HANDLE_INVALID);
    ANSWERS(p11->C_SignInit(session, &ecdsa, pair[0]), CKR_KEY_FUNCTION_NOT_PERMITTED);
    ANSWERS(p11->C_SignInit(session, &ecdsa, sm2_pair[1]), CKR_KEY_TYPE_INCONSISTENT);
    ANSWERS(p11->C_SignInit(session, &sm2_message, pair[1]), CKR_KEY_TYPE_INCONSISTENT);
    OK(p11->C_SignInit(session, &ecdsa, pair[1]));
    ANSWERS(p11->C_SignInit(session, &ecdsa, pair[1]), CKR_OPERATION_ACTIVE);
    OK(p11->C_Sign(session, data, 32, NULL, &len));
    CHECK(len == 64);
    len = 63;
    ANSWERS(p11->C_Sign(session, data, 32, signature, &len), CKR_BUFFER_TOO_SMALL);
    CHECK(len == 64);
    ANSWERS(p11->C_Sign(session, data, 32, signature, NULL), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_Sign(session, data, 32, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
    for (CK_ULONG bytes = 0; bytes <= 129; bytes++) {
        OK(p11->C_SignInit(session, &ecdsa, pair[1]));
        len = sizeof signature;
        ANSWERS(p11->C_Sign(session, data, bytes, signature, &len), bytes >= 1 && bytes <= 128 ? CKR_OK : CKR_DATA_LEN_RANGE);
        OK(p11->C_SignInit(session, &sm2_e, sm2_pair[1]));
        ANSWERS(p11->C_Sign(session, data, bytes, signature, &len), bytes == 32 ? CKR_OK : CKR_DATA_LEN_RANGE);
    }
    OK(p11->C_SignInit(session, &ecdsa, pair[1]));
    ANSWERS(p11->C_Sign(session, NULL, 32, signature, &len), CKR_ARGUMENTS_BAD);
    OK(p11->C_SignInit(session, &ecdsa, pair[1]));
    OK(p11->C_SignInit(session, NULL, pair[1]));
    ANSWERS(p11->C_Sign(session, data, 32, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_SignInit(session, &ecdsa, pair[1]));
    ANSWERS(p11->C_SignUpdate(session, data, 32), CKR_FUNCTION_NOT_SUPPORTED);
    OK(p11->C_SignInit(session, &ecdsa_sha256, pair[1]));
    OK(p11->C_SignUpdate(session, data, 5));
    ANSWERS(p11->C_Sign(session, data, 32, signature, &len), CKR_OPERATION_NOT_INITIALIZED);
}

static void verifying(void)
{
    CK_OBJECT_HANDLE key = known_key(session);
    CK_BYTE wrong[64];
    OK(verify(session, key, DIGEST, SIGNATURE));
    memcpy(wrong, SIGNATURE, 64);
    wrong[63] ^= 1;
    ANSWERS(verify(session, key, DIGEST, wrong), CKR_SIGNATURE_INVALID);
    ANSWERS(p11->C_Verify(session, DIGEST, 32, SIGNATURE, 64), CKR_OPERATION_NOT_INITIALIZED);
    const CK_ULONG lens[] = {0, 1, 63, 65, 4096, 4097, 1UL << 62};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        CK_BYTE *signature = calloc(1, lens[i] < 5000 ? lens[i] + 1 : 1);
        OK(p11->C_VerifyInit(session, &ecdsa, key));
        ANSWERS(p11->C_Verify(session, DIGEST, 32, signature, lens[i]), CKR_SIGNATURE_LEN_RANGE);
        free(signature);
    }
    OK(p11->C_VerifyInit(session, &ecdsa, key));
    ANSWERS(p11->C_Verify(session, NULL, 32, SIGNATURE, 64), CKR_ARGUMENTS_BAD);
    OK(p11->C_VerifyInit(session, &ecdsa, key));
    ANSWERS(p11->C_Verify(session, DIGEST, 32, NULL, 64), CKR_ARGUMENTS_BAD);
    OK(p11->C_VerifyInit(session, &ecdsa, key));
    ANSWERS(p11->C_Verify(session, DIGEST, 0, SIGNATURE, 64), CKR_DATA_LEN_RANGE);
    OK(p11->C_VerifyInit(session, &ecdsa, key));
    ANSWERS(p11->C_VerifyFinal(session, SIGNATURE, 64), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_SignInit(session, &ecdsa, key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    OK(p11->C_DestroyObject(session, key));
    ANSWERS(p11->C_VerifyInit(session, &ecdsa, key), CKR_KEY_HANDLE_INVALID);
}

static void digests_and_randomness(void)
{
    CK_BYTE digest[32], random[2][32] = {{0}};
    CK_ULONG len = 31;
    ANSWERS(p11->C_DigestInit(session, &ecdsa), CKR_MECHANISM_INVALID);
    OK(p11->C_DigestInit(session, &sm3));
    ANSWERS(p11->C_Digest(session, (CK_BYTE *)"abc", 3, digest, &len), CKR_BUFFER_TOO_SMALL);
    CHECK(len == 32);
    OK(p11->C_Digest(session, (CK_BYTE *)"abc", 3, digest, &len));
    CHECK(digest[0] == 0x66 && digest[31] == 0xe0);
    ANSWERS(p11->C_DigestUpdate(session, digest, 1), CKR_OPERATION_NOT_INITIALIZED);
    OK(p11->C_DigestInit(session, &sha256));
    OK(p11->C_DigestUpdate(session, (CK_BYTE *)"a", 1));
    OK(p11->C_DigestUpdate(session, NULL, 0));
    OK(p11->C_DigestUpdate(session, (CK_BYTE *)"bc", 2));
    OK(p11->C_DigestFinal(session, digest, &len));
    CHECK(digest[0] == 0xba && digest[31] == 0xad);
    OK(p11->C_DigestInit(session, &sha256));
    ANSWERS(p11->C_DigestUpdate(session, NULL, 1), CKR_ARGUMENTS_BAD);
    OK(p11->C_GenerateRandom(session, random[0], 32));
    OK(p11->C_GenerateRandom(session, random[1], 32));
    CHECK(memcmp(random[0], random[1], 32) != 0);
    ANSWERS(p11->C_GenerateRandom(session, NULL, 32), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_GenerateRandom(session, random[0], 1UL << 40), CKR_ARGUMENTS_BAD);
    ANSWERS(p11->C_SeedRandom(session, random[0], 32), CKR_RANDOM_SEED_NOT_SUPPORTED);
}

static void what_is_not_offered(void)
{
    CK_ULONG len = 0;
    ANSWERS(p11->C_InitToken(0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_SetPIN(session, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_DecryptInit(session, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_WrapKey(session, NULL, 0, 0, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_GetOperationState(session, NULL, &len), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_CopyObject(session, 0, NULL, 0, NULL), CKR_FUNCTION_NOT_SUPPORTED);
    ANSWERS(p11->C_GetFunctionStatus(session), CKR_FUNCTION_NOT_PARALLEL);
    ANSWERS(p11->C_CancelFunction(session), CKR_FUNCTION_NOT_PARALLEL);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    load(argv[1]);
    nothing_works_before_and_after();
    initialising();
    slots_and_mechanisms();
    sessions_and_login();
    a_login_ends();
    templates();
    attributes();
    finding();
    signing();
    verifying();
    digests_and_randomness();
    what_is_not_offered();
    OK(p11->C_Finalize(NULL));
    ANSWERS(p11->C_CloseSession(session), CKR_CRYPTOKI_NOT_INITIALIZED);
    return EXIT_SUCCESS;
}
