/*
 * A PKCS#11 module that forwards to another one and fails on request.
 *
 * CHAINBOX_FAULTS_MODULE names the module behind it. CHAINBOX_FAULTS names a file of `struct control`, mapped into memory: whoever runs the test writes
 * faults into it and reads what was called. Definitions follow PKCS#11 2.40 on a 64-bit system with natural alignment.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

typedef unsigned long CK_RV, CK_SLOT_ID, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ULONG;

enum { CKR_OK = 0, CKR_DEVICE_REMOVED = 0x32, CKR_TOKEN_NOT_PRESENT = 0xe0, CKR_FUNCTION_FAILED = 6 };
enum { CKA_VALUE = 0x11, CKA_SENSITIVE = 0x103, CKA_EXTRACTABLE = 0x162, CKA_EC_POINT = 0x181 };
enum { CKM_EC_KEY_PAIR_GEN = 0x1040 };
enum { CKF_SIGN = 0x800, CKF_GENERATE_KEY_PAIR = 0x10000 };
#define CK_UNAVAILABLE (~0UL)

/* A vendor's own mechanisms. */
static const CK_ULONG SM2_GENERATE = 0x80000101, SM2_SIGN = 0x80000102;

struct attribute {
    CK_ULONG type;
    void *value;
    CK_ULONG bytes;
};

struct mechanism {
    CK_ULONG mechanism;
    void *parameter;
    CK_ULONG bytes;
};

struct mechanism_info {
    CK_ULONG bits_min, bits_max, flags;
};

struct initialize_args {
    void *mutex_functions[4];
    CK_ULONG flags;
    void *reserved;
};

/* The functions in the order of CK_FUNCTION_LIST. */
#define EVERY(X) \
    X(Initialize) X(Finalize) X(GetInfo) X(GetFunctionList) X(GetSlotList) X(GetSlotInfo) X(GetTokenInfo) X(GetMechanismList) X(GetMechanismInfo) \
    X(InitToken) X(InitPIN) X(SetPIN) X(OpenSession) X(CloseSession) X(CloseAllSessions) X(GetSessionInfo) X(GetOperationState) X(SetOperationState) \
    X(Login) X(Logout) X(CreateObject) X(CopyObject) X(DestroyObject) X(GetObjectSize) X(GetAttributeValue) X(SetAttributeValue) X(FindObjectsInit) \
    X(FindObjects) X(FindObjectsFinal) X(EncryptInit) X(Encrypt) X(EncryptUpdate) X(EncryptFinal) X(DecryptInit) X(Decrypt) X(DecryptUpdate) \
    X(DecryptFinal) X(DigestInit) X(Digest) X(DigestUpdate) X(DigestKey) X(DigestFinal) X(SignInit) X(Sign) X(SignUpdate) X(SignFinal) \
    X(SignRecoverInit) X(SignRecover) X(VerifyInit) X(Verify) X(VerifyUpdate) X(VerifyFinal) X(VerifyRecoverInit) X(VerifyRecover) \
    X(DigestEncryptUpdate) X(DecryptDigestUpdate) X(SignEncryptUpdate) X(DecryptVerifyUpdate) X(GenerateKey) X(GenerateKeyPair) X(WrapKey) \
    X(UnwrapKey) X(DeriveKey) X(SeedRandom) X(GenerateRandom) X(GetFunctionStatus) X(CancelFunction) X(WaitForSlotEvent)

#define NUMBER(name) F_##name,
enum { EVERY(NUMBER) FUNCTIONS };

struct function_list {
    unsigned char version[2];
    void *functions[FUNCTIONS];
};

/* What is done instead of, before or after a call. */
enum action { FORWARD, ANSWER, HANG, CRASH, ANSWER_AFTER, SLEEP, CLOSE_SESSIONS, LOG_OUT };

/* Of one function: the action is taken in `times` calls after `skip` others. */
struct fault {
    _Atomic uint64_t action, value, skip, times, calls;
};

struct control {
    /* Most calls that were in the module at once, and how many are. */
    _Atomic uint64_t overlap_max, inside;
    /* The thread that called first, and whether another one did. */
    _Atomic uint64_t thread, threads_differ;
    /* Hung calls go on. */
    _Atomic uint64_t released;
    /* The token is not in its slot. */
    _Atomic uint64_t token_gone;
    /* CKA_EC_POINT is not wrapped in an OCTET STRING. */
    _Atomic uint64_t bare_points;
    /* Flags of the last C_Initialize. */
    _Atomic uint64_t initialize_flags;
    struct fault faults[FUNCTIONS];
};

static struct control *control;
static struct function_list *real;
static CK_SLOT_ID slot_used;
static _Atomic int was_gone;

static CK_RV real_C_CloseAllSessions(CK_SLOT_ID slot) {
    return ((CK_RV (*)(CK_SLOT_ID))real->functions[F_CloseAllSessions])(slot);
}

static void load(void) {
    if (real != NULL) return;
    void *library = dlopen(getenv("CHAINBOX_FAULTS_MODULE"), RTLD_NOW | RTLD_LOCAL);
    int file = open(getenv("CHAINBOX_FAULTS"), O_RDWR | O_CLOEXEC);
    if (library == NULL || file < 0) abort();
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (control == MAP_FAILED) abort();
    close(file);
    CK_RV (*get)(struct function_list **) = (CK_RV (*)(struct function_list **))dlsym(library, "C_GetFunctionList");
    if (get == NULL || get(&real) != CKR_OK) abort();
}

static void enter(void) {
    uint64_t inside = atomic_fetch_add(&control->inside, 1) + 1;
    uint64_t most = atomic_load(&control->overlap_max);
    while (inside > most && !atomic_compare_exchange_weak(&control->overlap_max, &most, inside)) {}
    uint64_t thread = (uint64_t)syscall(SYS_gettid), none = 0;
    if (!atomic_compare_exchange_strong(&control->thread, &none, thread) && none != thread) atomic_store(&control->threads_differ, 1);
}

static CK_RV leave(CK_RV code) {
    atomic_fetch_sub(&control->inside, 1);
    return code;
}

/* Whether the fault of this function strikes in this call. */
static int strikes(struct fault *fault) {
    atomic_fetch_add(&fault->calls, 1);
    uint64_t left = atomic_load(&fault->skip);
    while (left > 0)
        if (atomic_compare_exchange_weak(&fault->skip, &left, left - 1)) return 0;
    left = atomic_load(&fault->times);
    while (left > 0)
        if (atomic_compare_exchange_weak(&fault->times, &left, left - 1)) return 1;
    return 0;
}

static void log_out(CK_SESSION_HANDLE session) {
    ((CK_RV (*)(CK_SESSION_HANDLE))real->functions[F_Logout])(session);
}

/* What happens before a call is forwarded; CKR_OK where it is. `first` is its first argument: in most functions the session. */
static CK_RV before(int function, uint64_t first, CK_RV *after) {
    *after = CKR_OK;
    int about_sessions = function >= F_CloseSession || function == F_OpenSession;
    if (about_sessions && atomic_load(&control->token_gone)) {
        /* Whoever pulls a token closes its sessions. */
        if (!atomic_exchange(&was_gone, 1)) real_C_CloseAllSessions(slot_used);
        return function == F_OpenSession ? CKR_TOKEN_NOT_PRESENT : CKR_DEVICE_REMOVED;
    }
    if (!atomic_load(&control->token_gone)) atomic_store(&was_gone, 0);
    struct fault *fault = &control->faults[function];
    if (!strikes(fault)) return CKR_OK;
    switch ((enum action)atomic_load(&fault->action)) {
    case FORWARD: break;
    case ANSWER: return atomic_load(&fault->value);
    case HANG:
        while (!atomic_load(&control->released)) usleep(1000);
        break;
    case CRASH: abort();
    case ANSWER_AFTER: *after = atomic_load(&fault->value); break;
    case SLEEP: usleep((useconds_t)atomic_load(&fault->value) * 1000); break;
    case CLOSE_SESSIONS: real_C_CloseAllSessions(slot_used); break;
    case LOG_OUT: log_out(first); break;
    }
    return CKR_OK;
}

typedef CK_RV function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* Up to eight arguments of the size of a register: all functions of the standard have such. */
static CK_RV forward(int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
    CK_RV after;
    enter();
    CK_RV code = before(number, a, &after);
    if (code != CKR_OK) return leave(code);
    code = ((function *)real->functions[number])(a, b, c, d, e, f, g, h);
    return leave(after != CKR_OK ? after : code);
}

#define WRAP(name)                                                                                                         \
    static CK_RV name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h) { \
        return forward(F_##name, a, b, c, d, e, f, g, h);                                                                  \
    }
EVERY(WRAP)

static CK_RV initialize(struct initialize_args *args) {
    atomic_store(&control->initialize_flags, args == NULL ? 0 : args->flags);
    return Initialize((uint64_t)args, 0, 0, 0, 0, 0, 0, 0);
}

static CK_RV get_slot_list(unsigned char with_token, CK_SLOT_ID *slots, CK_ULONG *count) {
    if (with_token && atomic_load(&control->token_gone)) {
        *count = 0;
        return CKR_OK;
    }
    return GetSlotList(with_token, (uint64_t)slots, (uint64_t)count, 0, 0, 0, 0, 0);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_ULONG flags, void *application, void *notify, CK_SESSION_HANDLE *session) {
    slot_used = slot;
    return OpenSession(slot, flags, (uint64_t)application, (uint64_t)notify, (uint64_t)session, 0, 0, 0);
}

static CK_RV get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, struct attribute *attributes, CK_ULONG count) {
    CK_RV code = GetAttributeValue(session, object, (uint64_t)attributes, count, 0, 0, 0, 0);
    for (CK_ULONG i = 0; i < count && atomic_load(&control->bare_points); i++) {
        struct attribute *point = &attributes[i];
        if (point->type != CKA_EC_POINT || point->value == NULL || point->bytes == CK_UNAVAILABLE || point->bytes < 2) continue;
        point->bytes -= 2;
        memmove(point->value, (char *)point->value + 2, point->bytes);
    }
    return code;
}

/* SM2 by two mechanisms of a vendor: keys that are readable in SoftHSM, signatures by libcrypto's big numbers (GB/T 32918.2, section 6.1). */

enum { SIGNING_MAX = 64 };
static struct { CK_SESSION_HANDLE session; unsigned char d[32]; } signing[SIGNING_MAX];
static pthread_mutex_t signing_lock = PTHREAD_MUTEX_INITIALIZER;

static int of_session(CK_SESSION_HANDLE session) {
    for (int i = 0; i < SIGNING_MAX; i++)
        if (signing[i].session == session) return i;
    return -1;
}

static CK_RV get_mechanism_info(CK_SLOT_ID slot, CK_ULONG mechanism, struct mechanism_info *info) {
    if (mechanism != SM2_GENERATE && mechanism != SM2_SIGN) return GetMechanismInfo(slot, mechanism, (uint64_t)info, 0, 0, 0, 0, 0);
    *info = (struct mechanism_info){256, 256, mechanism == SM2_SIGN ? CKF_SIGN : CKF_GENERATE_KEY_PAIR};
    return CKR_OK;
}

static CK_RV generate_key_pair(CK_SESSION_HANDLE session, struct mechanism *mechanism, struct attribute *public, CK_ULONG publics,
                               struct attribute *private, CK_ULONG privates, CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key) {
    struct mechanism plain = *mechanism;
    struct attribute readable[32];
    unsigned char yes = 1, no = 0;
    if (mechanism->mechanism == SM2_GENERATE && privates <= 32) {
        plain.mechanism = CKM_EC_KEY_PAIR_GEN;
        memcpy(readable, private, privates * sizeof *private);
        for (CK_ULONG i = 0; i < privates; i++) {
            if (readable[i].type == CKA_SENSITIVE) readable[i].value = &no;
            if (readable[i].type == CKA_EXTRACTABLE) readable[i].value = &yes;
        }
        private = readable;
    }
    return GenerateKeyPair(session, (uint64_t)&plain, (uint64_t)public, publics, (uint64_t)private, privates, (uint64_t)public_key, (uint64_t)private_key);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, struct mechanism *mechanism, CK_OBJECT_HANDLE key) {
    if (mechanism->mechanism != SM2_SIGN) return SignInit(session, (uint64_t)mechanism, key, 0, 0, 0, 0, 0);
    unsigned char d[32] = {0};
    struct attribute value = {CKA_VALUE, d, sizeof d};
    CK_RV code = GetAttributeValue(session, key, (uint64_t)&value, 1, 0, 0, 0, 0);
    if (code != CKR_OK) return code;
    pthread_mutex_lock(&signing_lock);
    int at = of_session(session);
    if (at < 0) at = of_session(0);
    if (at >= 0) {
        signing[at].session = session;
        memset(signing[at].d, 0, 32);
        memcpy(signing[at].d + 32 - value.bytes, d, value.bytes);
    }
    pthread_mutex_unlock(&signing_lock);
    return at < 0 ? CKR_FUNCTION_FAILED : CKR_OK;
}

static int sm2_sign(const unsigned char *private, const unsigned char *digest, unsigned char *signature) {
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    BN_CTX *context = BN_CTX_new();
    BN_CTX_start(context);
    const BIGNUM *n = EC_GROUP_get0_order(group);
    BIGNUM *d = BN_CTX_get(context), *e = BN_CTX_get(context), *k = BN_CTX_get(context), *x = BN_CTX_get(context), *r = BN_CTX_get(context),
           *s = BN_CTX_get(context), *inverse = BN_CTX_get(context);
    EC_POINT *point = EC_POINT_new(group);
    BN_bin2bn(private, 32, d);
    BN_bin2bn(digest, 32, e);
    int good;
    do {
        good = BN_priv_rand_range(k, n) && !BN_is_zero(k) && EC_POINT_mul(group, point, k, NULL, NULL, context)
            && EC_POINT_get_affine_coordinates(group, point, x, NULL, context) && BN_mod_add(r, e, x, n, context);
    } while (good && BN_is_zero(r));
    /* s = (1 + d)^-1 (k - r d) */
    good = good && BN_copy(inverse, d) && BN_add_word(inverse, 1) && BN_mod_inverse(inverse, inverse, n, context) && BN_mod_mul(s, r, d, n, context)
        && BN_mod_sub(s, k, s, n, context) && BN_mod_mul(s, s, inverse, n, context) && BN_bn2binpad(r, signature, 32) == 32
        && BN_bn2binpad(s, signature + 32, 32) == 32;
    EC_POINT_free(point);
    BN_CTX_end(context);
    BN_CTX_free(context);
    EC_GROUP_free(group);
    return good;
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG bytes, unsigned char *signature, CK_ULONG *signature_bytes) {
    unsigned char d[32];
    pthread_mutex_lock(&signing_lock);
    int at = session == 0 ? -1 : of_session(session);
    if (at >= 0) {
        memcpy(d, signing[at].d, sizeof d);
        if (signature != NULL) signing[at].session = 0;
    }
    pthread_mutex_unlock(&signing_lock);
    if (at < 0) return Sign(session, (uint64_t)data, bytes, (uint64_t)signature, (uint64_t)signature_bytes, 0, 0, 0);
    *signature_bytes = 64;
    if (signature == NULL) return CKR_OK;
    return bytes == 32 && sm2_sign(d, data, signature) ? CKR_OK : CKR_FUNCTION_FAILED;
}

#define ENTRY(name) name,
static struct function_list list = {{2, 40}, {EVERY(ENTRY)}};

static CK_RV get_function_list(struct function_list **out) {
    *out = &list;
    return CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(struct function_list **out) {
    load();
    list.functions[F_Initialize] = initialize;
    list.functions[F_GetFunctionList] = get_function_list;
    list.functions[F_GetSlotList] = get_slot_list;
    list.functions[F_OpenSession] = open_session;
    list.functions[F_GetAttributeValue] = get_attribute_value;
    list.functions[F_GetMechanismInfo] = get_mechanism_info;
    list.functions[F_GenerateKeyPair] = generate_key_pair;
    list.functions[F_SignInit] = sign_init;
    list.functions[F_Sign] = sign;
    return get_function_list(out);
}
