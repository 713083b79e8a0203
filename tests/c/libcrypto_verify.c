/*
 * Asks libcrypto (OpenSSL 3) for verdicts, for the tests that compare the engine with it.
 *
 * Standard input is a sequence of items, standard output one byte for each:
 *
 *     item  = curve kind key input signature id
 *     curve = 'k' (secp256k1) | 'p' (P-256) | 's' (SM2)
 *     kind  = 'd' (input is the 32-byte digest) | 'm' (input is the message; SM2 with SM3 and the id)
 *     key, input, signature, id = length (4 bytes, big-endian), then that many bytes
 *     verdict = '1' (valid) | '0' (refused)
 *
 * The key is a SEC1 point, the signature is DER. Exit status 0: the input ended after an item.
 * Any other: what libcrypto could not say (no memory, unknown curve, input cut short) is on standard error.
 *
 *     cc -std=c11 -O2 -Wall -Wextra -Werror -o libcrypto_verify libcrypto_verify.c -lcrypto
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* The longest field in bytes: no test sends more, so more is a broken stream. */
enum { FIELD_BYTES_MAX = 1 << 20 };

enum outcome { OUTCOME_REFUSED, OUTCOME_VALID, OUTCOME_BROKEN };

/* A field that keeps its buffer from item to item. */
struct field {
    unsigned char *data;
    size_t len;
    size_t capacity;
};

struct item {
    int curve;
    int kind;
    struct field key;
    struct field input;
    struct field signature;
    struct field id;
};

static bool field_read(struct field *field)
{
    unsigned char prefix[4];
    if (fread(prefix, 1, sizeof prefix, stdin) != sizeof prefix)
        return false;
    size_t len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 | (size_t)prefix[2] << 8 | prefix[3];
    if (len > FIELD_BYTES_MAX)
        return false;
    if (len > field->capacity || field->data == NULL) {
        size_t capacity = len < 64 ? 64 : len;
        unsigned char *data = realloc(field->data, capacity);
        if (data == NULL)
            return false;
        field->data = data;
        field->capacity = capacity;
    }
    field->len = len;
    return fread(field->data, 1, len, stdin) == len;
}

static const char *group_name(int curve)
{
    switch (curve) {
    case 'k': return "secp256k1";
    case 'p': return "prime256v1";
    case 's': return "SM2";
    default: return NULL;
    }
}

/* The key, or NULL where libcrypto refuses it. */
static EVP_PKEY *key_load(const struct item *item, const char *group)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, item->curve == 's' ? "SM2" : "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, item->key.data, item->key.len),
        OSSL_PARAM_construct_end(),
    };
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static enum outcome verify_digest(const struct item *item, EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    enum outcome outcome = OUTCOME_BROKEN;
    if (ctx != NULL && EVP_PKEY_verify_init(ctx) > 0) {
        int rc = EVP_PKEY_verify(ctx, item->signature.data, item->signature.len, item->input.data, item->input.len);
        outcome = rc == 1 ? OUTCOME_VALID : OUTCOME_REFUSED;
    }
    EVP_PKEY_CTX_free(ctx);
    return outcome;
}

static enum outcome verify_sm2_message(const struct item *item, EVP_PKEY *key)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL; /* belongs to md */
    enum outcome outcome = OUTCOME_BROKEN;
    if (md != NULL && EVP_DigestVerifyInit(md, &ctx, EVP_sm3(), NULL, key) > 0 &&
        EVP_PKEY_CTX_set1_id(ctx, item->id.data, (int)item->id.len) > 0) {
        int rc = EVP_DigestVerify(md, item->signature.data, item->signature.len, item->input.data, item->input.len);
        outcome = rc == 1 ? OUTCOME_VALID : OUTCOME_REFUSED;
    }
    EVP_MD_CTX_free(md);
    return outcome;
}

static enum outcome verify(const struct item *item)
{
    const char *group = group_name(item->curve);
    bool is_message = item->kind == 'm';
    if (group == NULL || (!is_message && item->kind != 'd') || (is_message && item->curve != 's'))
        return OUTCOME_BROKEN;
    EVP_PKEY *key = key_load(item, group);
    if (key == NULL)
        return OUTCOME_REFUSED;
    enum outcome outcome = is_message ? verify_sm2_message(item, key) : verify_digest(item, key);
    EVP_PKEY_free(key);
    return outcome;
}

static bool item_read(struct item *item)
{
    item->kind = getchar();
    return item->kind != EOF && field_read(&item->key) && field_read(&item->input) && field_read(&item->signature) &&
           field_read(&item->id);
}

int main(void)
{
    struct item item = {0};
    unsigned long long index = 0;
    int status = EXIT_SUCCESS;
    for (; (item.curve = getchar()) != EOF; index++) {
        if (!item_read(&item)) {
            fprintf(stderr, "libcrypto_verify: item %llu is cut short, too long, or there is no memory for it\n", index);
            status = EXIT_FAILURE;
            break;
        }
        enum outcome outcome = verify(&item);
        if (outcome == OUTCOME_BROKEN) {
            fprintf(stderr, "libcrypto_verify: no verdict on item %llu (curve %d, kind %d)\n", index, item.curve, item.kind);
            ERR_print_errors_fp(stderr);
            status = EXIT_FAILURE;
            break;
        }
        ERR_clear_error();
        if (putchar(outcome == OUTCOME_VALID ? '1' : '0') == EOF) {
            perror("libcrypto_verify: standard output");
            status = EXIT_FAILURE;
            break;
        }
    }
    free(item.key.data);
    free(item.input.data);
    free(item.signature.data);
    free(item.id.data);
    if (fflush(stdout) == EOF) {
        perror("libcrypto_verify: standard output");
        status = EXIT_FAILURE;
    }
    return status;
}
