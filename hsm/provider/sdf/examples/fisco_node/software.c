/* libcrypto: what the node does without a device. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "fisco_node.h"

EVP_PKEY *key_load(const unsigned char *point)
{
    unsigned char sec1[1 + 2 * BYTES] = { 4 };
    memcpy(sec1 + 1, point, 2 * BYTES);
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, sec1, sizeof sec1),
        OSSL_PARAM_construct_end(),
    };
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0)
        die("libcrypto knows no SM2: OpenSSL 3 does");
    if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return key;
}

EVP_PKEY *key_generate(unsigned char *point)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    unsigned char sec1[1 + 2 * BYTES];
    size_t length = 0;
    if (key == NULL || EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, sec1, sizeof sec1, &length) != 1 || length != sizeof sec1)
        die("libcrypto makes no SM2 keys: OpenSSL 3 does");
    memcpy(point, sec1 + 1, 2 * BYTES);
    return key;
}

size_t signature_encode(const unsigned char *rs, unsigned char der[DER_BYTES_MAX])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    if (signature == NULL || ECDSA_SIG_set0(signature, BN_bin2bn(rs, BYTES, NULL), BN_bin2bn(rs + BYTES, BYTES, NULL)) != 1)
        die("libcrypto has no memory");
    unsigned char *end = der;
    int length = i2d_ECDSA_SIG(signature, &end);
    ECDSA_SIG_free(signature);
    if (length <= 0)
        die("libcrypto cannot encode a signature");
    return (size_t)length;
}

void signature_decode(const unsigned char *der, size_t length, unsigned char *rs)
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)length);
    if (signature == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(signature), rs, BYTES) != BYTES ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), rs + BYTES, BYTES) != BYTES)
        die("libcrypto made no signature of 64 bytes");
    ECDSA_SIG_free(signature);
}

bool libcrypto_verify(EVP_MD_CTX *md, EVP_PKEY *key, const unsigned char *hash, const unsigned char *der, size_t length)
{
    EVP_PKEY_CTX *ctx = NULL; /* belongs to md */
    bool valid = key != NULL && EVP_DigestVerifyInit(md, &ctx, EVP_sm3(), NULL, key) > 0 && EVP_PKEY_CTX_set1_id(ctx, ID, (int)ID_LEN) > 0 &&
                 EVP_DigestVerify(md, der, length, hash, BYTES) == 1;
    EVP_MD_CTX_reset(md);
    if (!valid)
        ERR_clear_error();
    return valid;
}

size_t libcrypto_sign(EVP_MD_CTX *md, EVP_PKEY *key, const unsigned char *hash, unsigned char der[DER_BYTES_MAX])
{
    EVP_PKEY_CTX *ctx = NULL; /* belongs to md */
    size_t length = DER_BYTES_MAX;
    if (EVP_DigestSignInit(md, &ctx, EVP_sm3(), NULL, key) <= 0 || EVP_PKEY_CTX_set1_id(ctx, ID, (int)ID_LEN) <= 0 ||
        EVP_DigestSign(md, der, &length, hash, BYTES) <= 0)
        die("libcrypto does not sign");
    EVP_MD_CTX_reset(md);
    return length;
}
