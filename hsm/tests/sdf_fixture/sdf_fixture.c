/*
 * An SDF library in software, for the tests of the adapter: handles, sessions, rights and keys as GM/T 0018-2012 has them, real SM2, and faults on command.
 * It is no device: its keys follow from their indexes.
 *
 *     cc -std=c11 -O2 -Wall -Wextra -Werror -shared -fPIC -I ../../provider/sdf/include -o libsdf_fixture.so sdf_fixture.c faults.c sm2.c -lcrypto -ldl
 */
#include "chainbox_sdf.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/rand.h>

#include "faults.h"
#include "sm2.h"

enum { KEYS = 8, DEVICES_MAX = 64, SESSIONS_MAX = 256, MAGIC_DEVICE = 0x5d, MAGIC_SESSION = 0x5e };

/* Keys at the indexes 1 to 4. The last needs no right. */
static const char *const passwords[KEYS] = {NULL, "first password", "second", "third \xff\x01", ""};

struct device {
    int magic;
    unsigned long age;
};

struct session {
    int magic;
    unsigned long age;
    struct device *device;
    bool rights[KEYS];
};

static struct device devices[DEVICES_MAX];
static struct session sessions[SESSIONS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define CALL(function, ...)                                                   \
    do {                                                                      \
        int code_ = SDR_UNKNOWERR;                                            \
        if (fault_enter(function, &code_))                                    \
            code_ = (__VA_ARGS__);                                            \
        return fault_leave(function, code_);                                  \
    } while (0)

static bool is_device(const struct device *device)
{
    return device >= devices && device < devices + DEVICES_MAX && device->magic == MAGIC_DEVICE && device->age == fault_age();
}

static bool is_session(const struct session *session)
{
    return session >= sessions && session < sessions + SESSIONS_MAX && session->magic == MAGIC_SESSION && session->age == fault_age();
}

static bool is_key(unsigned int index)
{
    return index < KEYS && passwords[index] != NULL;
}

static int open_device(void **handle)
{
    unsigned long most = DEVICES_MAX, open = 0;
    struct device *free = NULL;
    (void)fault_says("OpenDevice", "most", &most);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < DEVICES_MAX; i++) {
        open += devices[i].magic == MAGIC_DEVICE && devices[i].age == fault_age();
        free = devices[i].magic != MAGIC_DEVICE ? &devices[i] : free;
    }
    int code = free == NULL || open >= most ? SDR_OPENDEVICE : SDR_OK;
    if (code == SDR_OK) {
        *free = (struct device){.magic = MAGIC_DEVICE, .age = fault_age()};
        *handle = free;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int close_device(struct device *device)
{
    pthread_mutex_lock(&lock);
    bool was_open = device >= devices && device < devices + DEVICES_MAX && device->magic == MAGIC_DEVICE;
    if (was_open)
        device->magic = 0;
    pthread_mutex_unlock(&lock);
    return was_open ? SDR_OK : SDR_INARGERR;
}

static int open_session(struct device *device, void **handle)
{
    unsigned long most = SESSIONS_MAX, open = 0;
    struct session *free = NULL;
    (void)fault_says("OpenSession", "most", &most);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        open += sessions[i].magic == MAGIC_SESSION && sessions[i].age == fault_age();
        free = sessions[i].magic != MAGIC_SESSION ? &sessions[i] : free;
    }
    int code = !is_device(device) ? SDR_INARGERR : free == NULL || open >= most ? SDR_OPENSESSION : SDR_OK;
    if (code == SDR_OK) {
        *free = (struct session){.magic = MAGIC_SESSION, .age = fault_age(), .device = device};
        *handle = free;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

static int close_session(struct session *session)
{
    pthread_mutex_lock(&lock);
    bool was_open = session >= sessions && session < sessions + SESSIONS_MAX && session->magic == MAGIC_SESSION;
    if (was_open)
        session->magic = 0;
    pthread_mutex_unlock(&lock);
    return was_open ? SDR_OK : SDR_INARGERR;
}

static int device_info(const struct session *session, DEVICEINFO *info)
{
    if (!is_session(session) || info == NULL)
        return SDR_INARGERR;
    *info = (DEVICEINFO){.IssuerName = "Chainbox", .DeviceName = "SDF fixture", .DeviceVersion = 0x102, .StandardVersion = 1};
    /* All 16 bytes are used: no zero ends the text. */
    memcpy(info->DeviceSerial, "2026112500100001", sizeof info->DeviceSerial);
    info->AsymAlgAbility[0] = SGD_SM2_1;
    info->AsymAlgAbility[1] = 256;
    info->HashAlgAbility = SGD_SM3;
    return SDR_OK;
}

static int random_bytes(const struct session *session, unsigned int length, unsigned char *bytes)
{
    if (!is_session(session) || bytes == NULL || length > 4096)
        return SDR_INARGERR;
    return RAND_bytes(bytes, (int)length) == 1 ? SDR_OK : SDR_RANDERR;
}

static int get_right(struct session *session, unsigned int index, const unsigned char *password, unsigned int length)
{
    if (!is_session(session) || password == NULL)
        return SDR_INARGERR;
    if (!is_key(index))
        return SDR_KEYNOTEXIST;
    if (length != strlen(passwords[index]) || memcmp(password, passwords[index], length) != 0)
        return SDR_PRKRERR;
    session->rights[index] = true;
    return SDR_OK;
}

static int release_right(struct session *session, unsigned int index)
{
    if (!is_session(session) || !is_key(index))
        return SDR_INARGERR;
    session->rights[index] = false;
    return SDR_OK;
}

/* Puts a value of 32 bytes into its field, at its right unless a fault says otherwise. */
static void place(const char *function, unsigned char field[ECCref_MAX_LEN], const unsigned char value[SM2_BYTES])
{
    memset(field, 0, ECCref_MAX_LEN);
    memcpy(field + (fault_says(function, "left", NULL) ? 0 : ECCref_MAX_LEN - SM2_BYTES), value, SM2_BYTES);
}

static int export_key(const struct session *session, unsigned int index, ECCrefPublicKey *key)
{
    const char *function = "ExportSignPublicKey_ECC";
    unsigned char x[SM2_BYTES], y[SM2_BYTES];
    unsigned long bits = 256;
    if (!is_session(session) || key == NULL)
        return SDR_INARGERR;
    if (!is_key(index))
        return SDR_KEYNOTEXIST;
    if (!sm2_public(index + (fault_says(function, "wrong", NULL) ? 100 : 0), x, y))
        return SDR_UNKNOWERR;
    if (fault_says(function, "off", NULL))
        y[SM2_BYTES - 1] ^= 1;
    (void)fault_says(function, "bits", &bits);
    key->bits = (unsigned int)bits;
    if (fault_says(function, "narrow", NULL)) {
        memcpy(key->x, x, sizeof x);
        memcpy(key->x + sizeof x, y, sizeof y);
        return SDR_OK;
    }
    place(function, key->x, x);
    place(function, key->y, y);
    if (fault_says(function, "overrun", NULL))
        memset(key + 1, 0xee, 8);
    return SDR_OK;
}

static int sign(const struct session *session, unsigned int index, const unsigned char *e, unsigned int length, ECCSignature *signature)
{
    const char *function = "InternalSign_ECC";
    unsigned char r[SM2_BYTES], s[SM2_BYTES];
    if (!is_session(session) || e == NULL || length != SM2_BYTES || signature == NULL)
        return SDR_INARGERR;
    if (!is_key(index))
        return SDR_KEYNOTEXIST;
    if (!session->rights[index] && passwords[index][0] != '\0')
        return SDR_PARDENY;
    if (!sm2_sign(index + (fault_says(function, "wrong", NULL) ? 100 : 0), e, r, s))
        return SDR_SKOPERR;
    if (fault_says(function, "narrow", NULL)) {
        memcpy(signature->r, r, sizeof r);
        memcpy(signature->r + sizeof r, s, sizeof s);
        return SDR_OK;
    }
    place(function, signature->r, r);
    place(function, signature->s, s);
    if (fault_says(function, "overrun", NULL))
        memset(signature + 1, 0xee, 8);
    return SDR_OK;
}

static bool is_zero(const unsigned char *bytes, size_t length)
{
    unsigned char any = 0;
    while (length-- > 0)
        any |= *bytes++;
    return any == 0;
}

static int verify(const struct session *session, unsigned int algorithm, const ECCrefPublicKey *key, const unsigned char *e, unsigned int length,
                  const ECCSignature *signature)
{
    enum { PAD = ECCref_MAX_LEN - SM2_BYTES };
    unsigned long only = algorithm;
    if (!is_session(session) || key == NULL || e == NULL || length != SM2_BYTES || signature == NULL)
        return SDR_INARGERR;
    (void)fault_says("ExternalVerify_ECC", "only", &only);
    if (algorithm != only || (algorithm != SGD_SM2_1 && algorithm != SGD_SM2))
        return SDR_ALGNOTSUPPORT;
    if (key->bits != 256 || !is_zero(key->x, PAD) || !is_zero(key->y, PAD))
        return SDR_INARGERR;
    if (!is_zero(signature->r, PAD) || !is_zero(signature->s, PAD))
        return SDR_VERIFYERR;
    return sm2_verify(key->x + PAD, key->y + PAD, e, signature->r + PAD, signature->s + PAD) ? SDR_OK : SDR_VERIFYERR;
}

SGD_RV SDF_OpenDevice(void **phDeviceHandle)
{
    CALL("OpenDevice", open_device(phDeviceHandle));
}

SGD_RV SDF_CloseDevice(void *hDeviceHandle)
{
    CALL("CloseDevice", close_device(hDeviceHandle));
}

SGD_RV SDF_OpenSession(void *hDeviceHandle, void **phSessionHandle)
{
    CALL("OpenSession", open_session(hDeviceHandle, phSessionHandle));
}

SGD_RV SDF_CloseSession(void *hSessionHandle)
{
    CALL("CloseSession", close_session(hSessionHandle));
}

SGD_RV SDF_GetDeviceInfo(void *hSessionHandle, DEVICEINFO *pstDeviceInfo)
{
    CALL("GetDeviceInfo", device_info(hSessionHandle, pstDeviceInfo));
}

SGD_RV SDF_GenerateRandom(void *hSessionHandle, unsigned int uiLength, unsigned char *pucRandom)
{
    CALL("GenerateRandom", random_bytes(hSessionHandle, uiLength, pucRandom));
}

SGD_RV SDF_GetPrivateKeyAccessRight(void *hSessionHandle, unsigned int uiKeyIndex, unsigned char *pucPassword, unsigned int uiPwdLength)
{
    CALL("GetPrivateKeyAccessRight", get_right(hSessionHandle, uiKeyIndex, pucPassword, uiPwdLength));
}

SGD_RV SDF_ReleasePrivateKeyAccessRight(void *hSessionHandle, unsigned int uiKeyIndex)
{
    CALL("ReleasePrivateKeyAccessRight", release_right(hSessionHandle, uiKeyIndex));
}

SGD_RV SDF_ExportSignPublicKey_ECC(void *hSessionHandle, unsigned int uiKeyIndex, ECCrefPublicKey *pucPublicKey)
{
    CALL("ExportSignPublicKey_ECC", export_key(hSessionHandle, uiKeyIndex, pucPublicKey));
}

SGD_RV SDF_InternalSign_ECC(void *hSessionHandle, unsigned int uiISKIndex, unsigned char *pucData, unsigned int uiDataLength, ECCSignature *pucSignature)
{
    CALL("InternalSign_ECC", sign(hSessionHandle, uiISKIndex, pucData, uiDataLength, pucSignature));
}

SGD_RV SDF_ExternalVerify_ECC(void *hSessionHandle, unsigned int uiAlgID, ECCrefPublicKey *pucPublicKey, unsigned char *pucDataInput,
                           unsigned int uiInputLength, ECCSignature *pucSignature)
{
    CALL("ExternalVerify_ECC", verify(hSessionHandle, uiAlgID, pucPublicKey, pucDataInput, uiInputLength, pucSignature));
}
