/*
 * The interface of cryptographic devices (SDF), GM/T 0018-2012, as libchainbox_sdf.so offers it: numbers, structures, functions. Written from the
 * standard's definitions, with the names that headers in the field have, so that a program compiles with this one or with theirs. Numbers of algorithms
 * are those of GM/T 0006-2012. docs/card-sdf.md says what each function does here, and where it differs from the standard.
 *
 * Handles are numbers: they are looked up, never followed. Sessions may be used by several threads at once. Unless NULL is allowed, a pointer names memory
 * of the size that its type or the length beside it says, which is there until the call returns. An output is written where the function answers SDR_OK, and
 * lengths of outputs are outputs alone: the caller provides the room that the function's description says. Input and output of SDF_Encrypt and SDF_Decrypt
 * may be the same memory.
 */
#ifndef CHAINBOX_SDF_H
#define CHAINBOX_SDF_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef char SGD_CHAR;
typedef signed char SGD_INT8;
typedef short SGD_INT16;
typedef int SGD_INT32;
typedef long long SGD_INT64;
typedef unsigned char SGD_UCHAR;
typedef unsigned char SGD_UINT8;
typedef unsigned short SGD_UINT16;
typedef unsigned int SGD_UINT32;
typedef unsigned long long SGD_UINT64;
typedef unsigned int SGD_RV;
typedef void *SGD_OBJ;
typedef int SGD_BOOL;
typedef void *SGD_HANDLE;

#define SGD_TRUE 0x00000001
#define SGD_FALSE 0x00000000

/* Symmetric algorithms and modes that are offered. */
#define SGD_SM4_ECB 0x00000401
#define SGD_SM4_CBC 0x00000402
#define SGD_SM4_MAC 0x00000410
#define SGD_SMS4_ECB SGD_SM4_ECB
#define SGD_SMS4_CBC SGD_SM4_CBC
#define SGD_SMS4_MAC SGD_SM4_MAC

/*
 * SM2. In headers from before GM/T 0006-2012 SGD_SM2_1 (signatures) is 0x00020100, SGD_SM2_2 0x00020200 and SGD_SM2_3 (encryption) 0x00020400. Signatures
 * take 0x00020100 and 0x00020200, encryption 0x00020100, 0x00020400 and 0x00020800, and key pairs all of these.
 */
#define SGD_SM2 0x00020100
#define SGD_SM2_1 0x00020200
#define SGD_SM2_2 0x00020400
#define SGD_SM2_3 0x00020800

/* Hashes that are offered. */
#define SGD_SM3 0x00000001
#define SGD_SHA256 0x00000004

/* Return codes (annex A), and what they mean here. */
#define SDR_OK 0x0
#define SDR_BASE 0x01000000
#define SDR_UNKNOWERR (SDR_BASE + 0x00000001) /* unknown error */
#define SDR_NOTSUPPORT (SDR_BASE + 0x00000002) /* the function is not offered */
#define SDR_COMMFAIL (SDR_BASE + 0x00000003) /* the service does not answer */
#define SDR_HARDFAIL (SDR_BASE + 0x00000004) /* the library itself failed */
#define SDR_OPENDEVICE (SDR_BASE + 0x00000005) /* the device cannot be opened: the log says why */
#define SDR_OPENSESSION (SDR_BASE + 0x00000006) /* no session is left */
#define SDR_PARDENY (SDR_BASE + 0x00000007) /* no right to use the private key */
#define SDR_KEYNOTEXIST (SDR_BASE + 0x00000008) /* there is no such key */
#define SDR_ALGNOTSUPPORT (SDR_BASE + 0x00000009) /* the algorithm is not offered */
#define SDR_ALGMODNOTSUPPORT (SDR_BASE + 0x0000000a) /* the mode of the algorithm is not offered */
#define SDR_PKOPERR (SDR_BASE + 0x0000000b) /* the public key is not usable */
#define SDR_SKOPERR (SDR_BASE + 0x0000000c) /* the private key is not usable */
#define SDR_SIGNERR (SDR_BASE + 0x0000000d) /* no signature was made */
#define SDR_VERIFYERR (SDR_BASE + 0x0000000e) /* the signature is not valid */
#define SDR_SYMOPERR (SDR_BASE + 0x0000000f) /* the symmetric operation failed */
#define SDR_STEPERR (SDR_BASE + 0x00000010) /* the steps are out of order */
#define SDR_FILESIZEERR (SDR_BASE + 0x00000011) /* the file would be too large, or has fewer bytes */
#define SDR_FILENOEXIST (SDR_BASE + 0x00000012) /* there is no such file */
#define SDR_FILEOFSERR (SDR_BASE + 0x00000013) /* the offset is beyond the end of the file */
#define SDR_KEYTYPEERR (SDR_BASE + 0x00000014) /* the key is of another algorithm */
#define SDR_KEYERR (SDR_BASE + 0x00000015) /* the key is not usable */
#define SDR_ENCDATAERR (SDR_BASE + 0x00000016) /* the ciphertext was made for another key, or was changed */
#define SDR_RANDERR (SDR_BASE + 0x00000017) /* no random bytes could be made */
#define SDR_PRKRERR (SDR_BASE + 0x00000018) /* the password is wrong, or there is none */
#define SDR_MACERR (SDR_BASE + 0x00000019) /* the MAC failed */
#define SDR_FILEEXISTS (SDR_BASE + 0x0000001a) /* there is such a file already */
#define SDR_FILEWERR (SDR_BASE + 0x0000001b) /* the file cannot be written */
#define SDR_NOBUFFER (SDR_BASE + 0x0000001c) /* no room is left */
#define SDR_INARGERR (SDR_BASE + 0x0000001d) /* an argument is wrong: a handle, a length, NULL */
#define SDR_OUTARGERR (SDR_BASE + 0x0000001e) /* an output is NULL */
#define SDR_FILEEXSITS SDR_FILEEXISTS /* as some headers spell it */

#define RSAref_MAX_BITS 2048
#define RSAref_MAX_LEN ((RSAref_MAX_BITS + 7) / 8)
#define RSAref_MAX_PBITS ((RSAref_MAX_BITS + 1) / 2)
#define RSAref_MAX_PLEN ((RSAref_MAX_PBITS + 7) / 8)
#define ECCref_MAX_BITS 512
#define ECCref_MAX_LEN ((ECCref_MAX_BITS + 7) / 8)

#pragma pack(push, 1)

typedef struct DeviceInfo_st {
    unsigned char IssuerName[40];
    unsigned char DeviceName[16];
    unsigned char DeviceSerial[16];
    unsigned int DeviceVersion;
    unsigned int StandardVersion;
    unsigned int AsymAlgAbility[2];
    unsigned int SymAlgAbility;
    unsigned int HashAlgAbility;
    unsigned int BufferSize;
} DEVICEINFO;

typedef struct RSArefPublicKey_st {
    unsigned int bits;
    unsigned char m[RSAref_MAX_LEN];
    unsigned char e[RSAref_MAX_LEN];
} RSArefPublicKey;

typedef struct RSArefPrivateKey_st {
    unsigned int bits;
    unsigned char m[RSAref_MAX_LEN];
    unsigned char e[RSAref_MAX_LEN];
    unsigned char d[RSAref_MAX_LEN];
    unsigned char prime[2][RSAref_MAX_PLEN];
    unsigned char pexp[2][RSAref_MAX_PLEN];
    unsigned char coef[RSAref_MAX_PLEN];
} RSArefPrivateKey;

/*
 * Numbers of SM2 are the 32 bytes at the right of their fields, big-endian. Written, the left 32 are zeros; given, they are not read: programs in the
 * field leave them as they find them.
 */
typedef struct ECCrefPublicKey_st {
    unsigned int bits;
    unsigned char x[ECCref_MAX_LEN];
    unsigned char y[ECCref_MAX_LEN];
} ECCrefPublicKey;

typedef struct ECCrefPrivateKey_st {
    unsigned int bits;
    unsigned char K[ECCref_MAX_LEN];
} ECCrefPrivateKey;

/* The ciphertext of L bytes: C has as many, so that the whole takes offsetof(ECCCipher, C) + L bytes. */
typedef struct ECCCipher_st {
    unsigned char x[ECCref_MAX_LEN];
    unsigned char y[ECCref_MAX_LEN];
    unsigned char M[32];
    unsigned int L;
    unsigned char C[1];
} ECCCipher;

typedef struct ECCSignature_st {
    unsigned char r[ECCref_MAX_LEN];
    unsigned char s[ECCref_MAX_LEN];
} ECCSignature;

#pragma pack(pop)

/* The layouts, byte by byte. hsm/src/sdf/abi.rs asserts the same numbers. */
#ifdef __cplusplus
#define CHAINBOX_SDF_ASSERT(condition, what) static_assert(condition, what)
#else
#define CHAINBOX_SDF_ASSERT(condition, what) _Static_assert(condition, what)
#endif
CHAINBOX_SDF_ASSERT(sizeof(SGD_UINT32) == 4, "SGD_UINT32");
CHAINBOX_SDF_ASSERT(sizeof(DEVICEINFO) == 100, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, IssuerName) == 0, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, DeviceName) == 40, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, DeviceSerial) == 56, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, DeviceVersion) == 72, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, StandardVersion) == 76, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, AsymAlgAbility) == 80, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, SymAlgAbility) == 88, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, HashAlgAbility) == 92, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(offsetof(DEVICEINFO, BufferSize) == 96, "DEVICEINFO");
CHAINBOX_SDF_ASSERT(sizeof(ECCrefPublicKey) == 132, "ECCrefPublicKey");
CHAINBOX_SDF_ASSERT(offsetof(ECCrefPublicKey, bits) == 0, "ECCrefPublicKey");
CHAINBOX_SDF_ASSERT(offsetof(ECCrefPublicKey, x) == 4, "ECCrefPublicKey");
CHAINBOX_SDF_ASSERT(offsetof(ECCrefPublicKey, y) == 68, "ECCrefPublicKey");
CHAINBOX_SDF_ASSERT(sizeof(ECCrefPrivateKey) == 68, "ECCrefPrivateKey");
CHAINBOX_SDF_ASSERT(offsetof(ECCrefPrivateKey, bits) == 0, "ECCrefPrivateKey");
CHAINBOX_SDF_ASSERT(offsetof(ECCrefPrivateKey, K) == 4, "ECCrefPrivateKey");
CHAINBOX_SDF_ASSERT(offsetof(ECCCipher, x) == 0, "ECCCipher");
CHAINBOX_SDF_ASSERT(offsetof(ECCCipher, y) == 64, "ECCCipher");
CHAINBOX_SDF_ASSERT(offsetof(ECCCipher, M) == 128, "ECCCipher");
CHAINBOX_SDF_ASSERT(offsetof(ECCCipher, L) == 160, "ECCCipher");
CHAINBOX_SDF_ASSERT(offsetof(ECCCipher, C) == 164, "ECCCipher");
CHAINBOX_SDF_ASSERT(sizeof(ECCSignature) == 128, "ECCSignature");
CHAINBOX_SDF_ASSERT(offsetof(ECCSignature, r) == 0, "ECCSignature");
CHAINBOX_SDF_ASSERT(offsetof(ECCSignature, s) == 64, "ECCSignature");

/* Without #pragma pack they are the same: no member needs padding. So it does not matter whether a vendor's header packs them. */
struct chainbox_sdf_unpacked_info { unsigned char names[72]; unsigned int numbers[7]; };
struct chainbox_sdf_unpacked_key { unsigned int bits; unsigned char x[ECCref_MAX_LEN], y[ECCref_MAX_LEN]; };
struct chainbox_sdf_unpacked_cipher { unsigned char x[ECCref_MAX_LEN], y[ECCref_MAX_LEN], M[32]; unsigned int L; unsigned char C[1]; };
CHAINBOX_SDF_ASSERT(sizeof(struct chainbox_sdf_unpacked_info) == sizeof(DEVICEINFO), "padding");
CHAINBOX_SDF_ASSERT(sizeof(struct chainbox_sdf_unpacked_key) == sizeof(ECCrefPublicKey), "padding");
CHAINBOX_SDF_ASSERT(offsetof(struct chainbox_sdf_unpacked_cipher, C) == offsetof(ECCCipher, C), "padding");

/* 6.2: the device, sessions, rights. */
SGD_RV SDF_OpenDevice(SGD_HANDLE *phDeviceHandle);
SGD_RV SDF_CloseDevice(SGD_HANDLE hDeviceHandle);
SGD_RV SDF_OpenSession(SGD_HANDLE hDeviceHandle, SGD_HANDLE *phSessionHandle);
SGD_RV SDF_CloseSession(SGD_HANDLE hSessionHandle);
SGD_RV SDF_GetDeviceInfo(SGD_HANDLE hSessionHandle, DEVICEINFO *pstDeviceInfo);
SGD_RV SDF_GenerateRandom(SGD_HANDLE hSessionHandle, SGD_UINT32 uiLength, SGD_UCHAR *pucRandom);
SGD_RV SDF_GetPrivateKeyAccessRight(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, SGD_UCHAR *pucPassword, SGD_UINT32 uiPwdLength);
SGD_RV SDF_ReleasePrivateKeyAccessRight(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex);

/* 6.3: keys. Session keys have 128 bits. */
SGD_RV SDF_ExportSignPublicKey_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, ECCrefPublicKey *pucPublicKey);
SGD_RV SDF_ExportEncPublicKey_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, ECCrefPublicKey *pucPublicKey);
SGD_RV SDF_GenerateKeyPair_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, SGD_UINT32 uiKeyBits, ECCrefPublicKey *pucPublicKey,
                               ECCrefPrivateKey *pucPrivateKey);
SGD_RV SDF_GenerateKeyWithIPK_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiIPKIndex, SGD_UINT32 uiKeyBits, ECCCipher *pucKey, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_GenerateKeyWithEPK_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyBits, SGD_UINT32 uiAlgID, ECCrefPublicKey *pucPublicKey, ECCCipher *pucKey,
                                  SGD_HANDLE *phKeyHandle);
SGD_RV SDF_ImportKeyWithISK_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, ECCCipher *pucKey, SGD_HANDLE *phKeyHandle);
/* In use in the field: the standard lacks it. */
SGD_RV SDF_ImportKey(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucKey, SGD_UINT32 uiKeyLength, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_DestroyKey(SGD_HANDLE hSessionHandle, SGD_HANDLE hKeyHandle);

/* 6.4: SM2. What is signed and verified are the 32 bytes e = SM3(Z_A || M), which SDF_HashInit with a public key and an id leads to. */
SGD_RV SDF_ExternalVerify_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, ECCrefPublicKey *pucPublicKey, SGD_UCHAR *pucDataInput,
                              SGD_UINT32 uiInputLength, ECCSignature *pucSignature);
SGD_RV SDF_InternalSign_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength, ECCSignature *pucSignature);
SGD_RV SDF_InternalVerify_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength, ECCSignature *pucSignature);
SGD_RV SDF_ExternalEncrypt_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, ECCrefPublicKey *pucPublicKey, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength,
                               ECCCipher *pucEncData);
/* In use in the field: the standard lacks them. The last two without uiAlgID, as the edition of 2023 has them, are another interface. */
SGD_RV SDF_ExternalSign_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, ECCrefPrivateKey *pucPrivateKey, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength,
                            ECCSignature *pucSignature);
SGD_RV SDF_ExternalDecrypt_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, ECCrefPrivateKey *pucPrivateKey, ECCCipher *pucEncData, SGD_UCHAR *pucData,
                               SGD_UINT32 *puiDataLength);
SGD_RV SDF_InternalEncrypt_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiIPKIndex, SGD_UINT32 uiAlgID, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength,
                               ECCCipher *pucEncData);
SGD_RV SDF_InternalDecrypt_ECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, SGD_UINT32 uiAlgID, ECCCipher *pucEncData, SGD_UCHAR *pucData,
                               SGD_UINT32 *puiDataLength);

/* 6.5: SM4. Data are whole blocks of 16 bytes, output has as many bytes as input, a MAC 16. The 16 bytes of pucIV go in and come out; ECB has none. */
SGD_RV SDF_Encrypt(SGD_HANDLE hSessionHandle, SGD_HANDLE hKeyHandle, SGD_UINT32 uiAlgID, SGD_UCHAR *pucIV, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength,
                   SGD_UCHAR *pucEncData, SGD_UINT32 *puiEncDataLength);
SGD_RV SDF_Decrypt(SGD_HANDLE hSessionHandle, SGD_HANDLE hKeyHandle, SGD_UINT32 uiAlgID, SGD_UCHAR *pucIV, SGD_UCHAR *pucEncData,
                   SGD_UINT32 uiEncDataLength, SGD_UCHAR *pucData, SGD_UINT32 *puiDataLength);
SGD_RV SDF_CalculateMAC(SGD_HANDLE hSessionHandle, SGD_HANDLE hKeyHandle, SGD_UINT32 uiAlgID, SGD_UCHAR *pucIV, SGD_UCHAR *pucData,
                        SGD_UINT32 uiDataLength, SGD_UCHAR *pucMAC, SGD_UINT32 *puiMACLength);

/* 6.6: hashes. With SM3 and uiIDLength above 0 the hash begins with Z_A of the public key and the id; otherwise both may be NULL. */
SGD_RV SDF_HashInit(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, ECCrefPublicKey *pucPublicKey, SGD_UCHAR *pucID, SGD_UINT32 uiIDLength);
SGD_RV SDF_HashUpdate(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucData, SGD_UINT32 uiDataLength);
SGD_RV SDF_HashFinal(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucHash, SGD_UINT32 *puiHashLength);

/* 6.7: files. *puiReadLength is how many bytes are wanted, and how many were read. */
SGD_RV SDF_CreateFile(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucFileName, SGD_UINT32 uiNameLen, SGD_UINT32 uiFileSize);
SGD_RV SDF_ReadFile(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucFileName, SGD_UINT32 uiNameLen, SGD_UINT32 uiOffset, SGD_UINT32 *puiReadLength,
                    SGD_UCHAR *pucBuffer);
SGD_RV SDF_WriteFile(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucFileName, SGD_UINT32 uiNameLen, SGD_UINT32 uiOffset, SGD_UINT32 uiWriteLength,
                     SGD_UCHAR *pucBuffer);
SGD_RV SDF_DeleteFile(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucFileName, SGD_UINT32 uiNameLen);

/* Not offered: SDR_NOTSUPPORT, whatever the arguments. */
SGD_RV SDF_ExportSignPublicKey_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, RSArefPublicKey *pucPublicKey);
SGD_RV SDF_ExportEncPublicKey_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, RSArefPublicKey *pucPublicKey);
SGD_RV SDF_GenerateKeyPair_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyBits, RSArefPublicKey *pucPublicKey, RSArefPrivateKey *pucPrivateKey);
SGD_RV SDF_GenerateKeyWithIPK_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiIPKIndex, SGD_UINT32 uiKeyBits, SGD_UCHAR *pucKey, SGD_UINT32 *puiKeyLength,
                                  SGD_HANDLE *phKeyHandle);
SGD_RV SDF_GenerateKeyWithEPK_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyBits, RSArefPublicKey *pucPublicKey, SGD_UCHAR *pucKey,
                                  SGD_UINT32 *puiKeyLength, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_ImportKeyWithISK_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, SGD_UCHAR *pucKey, SGD_UINT32 uiKeyLength, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_ExchangeDigitEnvelopeBaseOnRSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, RSArefPublicKey *pucPublicKey, SGD_UCHAR *pucDEInput,
                                          SGD_UINT32 uiDELength, SGD_UCHAR *pucDEOutput, SGD_UINT32 *puiDELength);
SGD_RV SDF_ExternalPublicKeyOperation_RSA(SGD_HANDLE hSessionHandle, RSArefPublicKey *pucPublicKey, SGD_UCHAR *pucDataInput, SGD_UINT32 uiInputLength,
                                          SGD_UCHAR *pucDataOutput, SGD_UINT32 *puiOutputLength);
SGD_RV SDF_ExternalPrivateKeyOperation_RSA(SGD_HANDLE hSessionHandle, RSArefPrivateKey *pucPrivateKey, SGD_UCHAR *pucDataInput, SGD_UINT32 uiInputLength,
                                           SGD_UCHAR *pucDataOutput, SGD_UINT32 *puiOutputLength);
SGD_RV SDF_InternalPublicKeyOperation_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, SGD_UCHAR *pucDataInput, SGD_UINT32 uiInputLength,
                                          SGD_UCHAR *pucDataOutput, SGD_UINT32 *puiOutputLength);
SGD_RV SDF_InternalPrivateKeyOperation_RSA(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, SGD_UCHAR *pucDataInput, SGD_UINT32 uiInputLength,
                                           SGD_UCHAR *pucDataOutput, SGD_UINT32 *puiOutputLength);
SGD_RV SDF_GenerateAgreementDataWithECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, SGD_UINT32 uiKeyBits, SGD_UCHAR *pucSponsorID,
                                        SGD_UINT32 uiSponsorIDLength, ECCrefPublicKey *pucSponsorPublicKey, ECCrefPublicKey *pucSponsorTmpPublicKey,
                                        SGD_HANDLE *phAgreementHandle);
SGD_RV SDF_GenerateKeyWithECC(SGD_HANDLE hSessionHandle, SGD_UCHAR *pucResponseID, SGD_UINT32 uiResponseIDLength, ECCrefPublicKey *pucResponsePublicKey,
                              ECCrefPublicKey *pucResponseTmpPublicKey, SGD_HANDLE hAgreementHandle, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_GenerateAgreementDataAndKeyWithECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiISKIndex, SGD_UINT32 uiKeyBits, SGD_UCHAR *pucResponseID,
                                              SGD_UINT32 uiResponseIDLength, SGD_UCHAR *pucSponsorID, SGD_UINT32 uiSponsorIDLength,
                                              ECCrefPublicKey *pucSponsorPublicKey, ECCrefPublicKey *pucSponsorTmpPublicKey,
                                              ECCrefPublicKey *pucResponsePublicKey, ECCrefPublicKey *pucResponseTmpPublicKey, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_ExchangeDigitEnvelopeBaseOnECC(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyIndex, SGD_UINT32 uiAlgID, ECCrefPublicKey *pucPublicKey,
                                          ECCCipher *pucEncDataIn, ECCCipher *pucEncDataOut);
SGD_RV SDF_GenerateKeyWithKEK(SGD_HANDLE hSessionHandle, SGD_UINT32 uiKeyBits, SGD_UINT32 uiAlgID, SGD_UINT32 uiKEKIndex, SGD_UCHAR *pucKey,
                              SGD_UINT32 *puiKeyLength, SGD_HANDLE *phKeyHandle);
SGD_RV SDF_ImportKeyWithKEK(SGD_HANDLE hSessionHandle, SGD_UINT32 uiAlgID, SGD_UINT32 uiKEKIndex, SGD_UCHAR *pucKey, SGD_UINT32 uiKeyLength,
                            SGD_HANDLE *phKeyHandle);

#ifdef __cplusplus
}
#endif

#endif
