/* A GM/T 0018 library as a FISCO BCOS 3 node calls it, by way of hsm-crypto: one device, a pool of sessions, a session taken and given back for each step. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "fisco_node.h"

static struct {
    int (*OpenDevice)(void **device);
    int (*CloseDevice)(void *device);
    int (*OpenSession)(void *device, void **session);
    int (*CloseSession)(void *session);
    int (*GetPrivateKeyAccessRight)(void *session, unsigned int index, unsigned char *password, unsigned int length);
    int (*ReleasePrivateKeyAccessRight)(void *session, unsigned int index);
    int (*ExportSignPublicKey_ECC)(void *session, unsigned int index, ECCrefPublicKey *key);
    int (*InternalSign_ECC)(void *session, unsigned int index, unsigned char *data, unsigned int length, ECCSignature *signature);
    int (*ExternalVerify_ECC)(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *data, unsigned int length, ECCSignature *signature);
    int (*HashInit)(void *session, unsigned int algorithm, ECCrefPublicKey *key, unsigned char *id, unsigned int length);
    int (*HashUpdate)(void *session, unsigned char *data, unsigned int length);
    int (*HashFinal)(void *session, unsigned char *hash, unsigned int *length);
} sdf;

static void look_up(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    if (address == NULL)
        die("the library has no %s", name);
    memcpy(function, &address, sizeof address);
}

void node_open_library(const char *path)
{
    void *library = dlopen(path, RTLD_LAZY);
    /* The node refuses a library that leaves an error behind, even where it was loaded. */
    const char *error = dlerror();
    if (library == NULL || error != NULL)
        die("%s cannot be loaded: %s; name it with --library PATH", path, error != NULL ? error : "no reason given");
#define LOOK_UP(name) look_up(library, "SDF_" #name, &sdf.name)
    LOOK_UP(OpenDevice), LOOK_UP(CloseDevice), LOOK_UP(OpenSession), LOOK_UP(CloseSession);
    LOOK_UP(GetPrivateKeyAccessRight), LOOK_UP(ReleasePrivateKeyAccessRight), LOOK_UP(ExportSignPublicKey_ECC);
    LOOK_UP(InternalSign_ECC), LOOK_UP(ExternalVerify_ECC), LOOK_UP(HashInit), LOOK_UP(HashUpdate), LOOK_UP(HashFinal);
#undef LOOK_UP
}

/* The node's pool: sessions in the order in which they came back; whoever finds none waits. */
static struct {
    void *device;
    void *sessions[THREADS_MAX];
    size_t first, available, size;
    pthread_mutex_t lock;
    pthread_cond_t returned;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .returned = PTHREAD_COND_INITIALIZER };

static void *session_take(void)
{
    pthread_mutex_lock(&pool.lock);
    while (pool.available == 0)
        pthread_cond_wait(&pool.returned, &pool.lock);
    void *session = pool.sessions[pool.first];
    pool.first = (pool.first + 1) % pool.size;
    pool.available--;
    pthread_mutex_unlock(&pool.lock);
    return session;
}

static void session_return(void *session)
{
    pthread_mutex_lock(&pool.lock);
    pool.sessions[(pool.first + pool.available++) % pool.size] = session;
    pthread_mutex_unlock(&pool.lock);
    pthread_cond_signal(&pool.returned);
}

void node_open_device(size_t sessions)
{
    int code = sdf.OpenDevice(&pool.device);
    if (code != SDR_OK)
        die("SDF_OpenDevice answers 0x%08X; the library's log says why", (unsigned int)code);
    for (pool.size = sessions; pool.available < sessions; pool.available++) {
        code = sdf.OpenSession(pool.device, &pool.sessions[pool.available]);
        if (code != SDR_OK)
            die("SDF_OpenSession answers 0x%08X to number %zu", (unsigned int)code, pool.available + 1);
    }
}

void node_close_device(void)
{
    while (pool.available > 0)
        sdf.CloseSession(session_take());
    sdf.CloseDevice(pool.device);
}

/* The node writes the lower halves of fields on its stack and leaves the upper ones as they were: a library must not look at them. */
static void lower_half(unsigned char field[ECCref_MAX_LEN], const unsigned char *number)
{
    memset(field, 0xA5, ECCref_MAX_LEN - BYTES);
    memcpy(field + ECCref_MAX_LEN - BYTES, number, BYTES);
}

static ECCrefPublicKey public_key(const unsigned char *point)
{
    ECCrefPublicKey key = { .bits = 256 };
    lower_half(key.x, point);
    lower_half(key.y, point + BYTES);
    return key;
}

void node_public_key(unsigned int index, unsigned char *point)
{
    void *session = session_take();
    ECCrefPublicKey key;
    int code = sdf.ExportSignPublicKey_ECC(session, index, &key);
    session_return(session);
    if (code != SDR_OK)
        die("SDF_ExportSignPublicKey_ECC answers 0x%08X for index %u: [[sdf.key]] of the library's settings names the keys", (unsigned int)code, index);
    memcpy(point, key.x + ECCref_MAX_LEN - BYTES, BYTES);
    memcpy(point + BYTES, key.y + ECCref_MAX_LEN - BYTES, BYTES);
}

/* e = SM3(Z_A || hash): a transaction's own hash is the message that is signed. */
static int node_hash(const unsigned char *point, const unsigned char *hash, unsigned char e[BYTES])
{
    void *session = session_take();
    ECCrefPublicKey key = public_key(point);
    unsigned int length = 0; /* the node gives one that it never set */
    int code = sdf.HashInit(session, SGD_SM3, &key, (unsigned char *)ID, ID_LEN);
    if (code == SDR_OK)
        code = sdf.HashUpdate(session, (unsigned char *)hash, BYTES);
    if (code == SDR_OK)
        code = sdf.HashFinal(session, e, &length);
    session_return(session);
    return code;
}

int node_verify(const unsigned char *point, const unsigned char *hash, const unsigned char *rs)
{
    unsigned char e[BYTES];
    int code = node_hash(point, hash, e);
    if (code != SDR_OK)
        return code;
    void *session = session_take();
    ECCrefPublicKey key = public_key(point);
    ECCSignature signature;
    lower_half(signature.r, rs);
    lower_half(signature.s, rs + BYTES);
    code = sdf.ExternalVerify_ECC(session, SGD_SM2_1, &key, e, BYTES, &signature);
    session_return(session);
    return code;
}

int node_sign(unsigned int index, const char *password, const unsigned char *point, const unsigned char *hash, unsigned char *rs)
{
    unsigned char e[BYTES];
    int code = node_hash(point, hash, e);
    if (code != SDR_OK)
        return code;
    void *session = session_take();
    ECCSignature signature;
    size_t length = strlen(password);
    if (length > 0)
        code = sdf.GetPrivateKeyAccessRight(session, index, (unsigned char *)password, (unsigned int)length);
    if (code == SDR_OK) {
        code = sdf.InternalSign_ECC(session, index, e, BYTES, &signature);
        memcpy(rs, signature.r + ECCref_MAX_LEN - BYTES, BYTES);
        memcpy(rs + BYTES, signature.s + ECCref_MAX_LEN - BYTES, BYTES);
        if (length > 0)
            sdf.ReleasePrivateKeyAccessRight(session, index);
    }
    session_return(session);
    return code;
}
