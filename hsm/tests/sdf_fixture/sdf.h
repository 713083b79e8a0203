/*
 * What of GM/T 0018-2012 (interface of cryptographic devices, "SDF") the adapter uses, written from the standard's definitions: numbers, structures,
 * functions. Numbers of algorithms are those of GM/T 0006-2012.
 */
#ifndef SDF_H
#define SDF_H

#include <assert.h>
#include <stddef.h>

/* Return codes (annex A). */
enum {
    SDR_OK = 0,
    SDR_UNKNOWERR = 0x01000001,
    SDR_NOTSUPPORT = 0x01000002,
    SDR_COMMFAIL = 0x01000003,
    SDR_OPENDEVICE = 0x01000005,
    SDR_OPENSESSION = 0x01000006,
    SDR_PARDENY = 0x01000007,
    SDR_KEYNOTEXIST = 0x01000008,
    SDR_ALGNOTSUPPORT = 0x01000009,
    SDR_SKOPERR = 0x0100000C,
    SDR_VERIFYERR = 0x0100000E,
    SDR_RANDERR = 0x01000017,
    SDR_PRKRERR = 0x01000018,
    SDR_INARGERR = 0x0100001D,
};

/* SM2 signatures, by GM/T 0006-2012, and as libraries number them that are older than it. */
#define SGD_SM2_1 0x00020200u
#define SGD_SM2_1_EARLY 0x00020100u
#define SGD_SM3 0x00000001u

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

typedef struct ECCrefPublicKey_st {
    unsigned int bits;
    unsigned char x[ECCref_MAX_LEN];
    unsigned char y[ECCref_MAX_LEN];
} ECCrefPublicKey;

typedef struct ECCSignature_st {
    unsigned char r[ECCref_MAX_LEN];
    unsigned char s[ECCref_MAX_LEN];
} ECCSignature;

#pragma pack(pop)

/* The layouts, byte by byte. src/sdf/abi.rs asserts the same numbers. */
static_assert(sizeof(unsigned int) == 4, "SGD_UINT32");
static_assert(sizeof(DEVICEINFO) == 100, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, IssuerName) == 0, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, DeviceName) == 40, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, DeviceSerial) == 56, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, DeviceVersion) == 72, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, StandardVersion) == 76, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, AsymAlgAbility) == 80, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, SymAlgAbility) == 88, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, HashAlgAbility) == 92, "DEVICEINFO");
static_assert(offsetof(DEVICEINFO, BufferSize) == 96, "DEVICEINFO");
static_assert(sizeof(ECCrefPublicKey) == 132, "ECCrefPublicKey");
static_assert(offsetof(ECCrefPublicKey, bits) == 0, "ECCrefPublicKey");
static_assert(offsetof(ECCrefPublicKey, x) == 4, "ECCrefPublicKey");
static_assert(offsetof(ECCrefPublicKey, y) == 68, "ECCrefPublicKey");
static_assert(sizeof(ECCSignature) == 128, "ECCSignature");
static_assert(offsetof(ECCSignature, r) == 0, "ECCSignature");
static_assert(offsetof(ECCSignature, s) == 64, "ECCSignature");

/* Without #pragma pack they are the same: no member needs padding. So it does not matter whether a vendor's header packs them. */
struct unpacked_info { unsigned char names[72]; unsigned int numbers[7]; };
struct unpacked_key { unsigned int bits; unsigned char x[ECCref_MAX_LEN], y[ECCref_MAX_LEN]; };
static_assert(sizeof(struct unpacked_info) == sizeof(DEVICEINFO), "padding");
static_assert(sizeof(struct unpacked_key) == sizeof(ECCrefPublicKey), "padding");

int SDF_OpenDevice(void **phDeviceHandle);
int SDF_CloseDevice(void *hDeviceHandle);
int SDF_OpenSession(void *hDeviceHandle, void **phSessionHandle);
int SDF_CloseSession(void *hSessionHandle);
int SDF_GetDeviceInfo(void *hSessionHandle, DEVICEINFO *pstDeviceInfo);
int SDF_GenerateRandom(void *hSessionHandle, unsigned int uiLength, unsigned char *pucRandom);
int SDF_GetPrivateKeyAccessRight(void *hSessionHandle, unsigned int uiKeyIndex, unsigned char *pucPassword, unsigned int uiPwdLength);
int SDF_ReleasePrivateKeyAccessRight(void *hSessionHandle, unsigned int uiKeyIndex);
int SDF_ExportSignPublicKey_ECC(void *hSessionHandle, unsigned int uiKeyIndex, ECCrefPublicKey *pucPublicKey);
int SDF_InternalSign_ECC(void *hSessionHandle, unsigned int uiISKIndex, unsigned char *pucData, unsigned int uiDataLength, ECCSignature *pucSignature);
int SDF_ExternalVerify_ECC(void *hSessionHandle, unsigned int uiAlgID, ECCrefPublicKey *pucPublicKey, unsigned char *pucDataInput,
                           unsigned int uiInputLength, ECCSignature *pucSignature);

#endif
