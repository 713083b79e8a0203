/* What the files of the stand-in have in common. main.c says what it is. */
#ifndef FISCO_NODE_H
#define FISCO_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#include "chainbox_sdf.h"

/* The identity of every signer of a chain. */
#define ID "1234567812345678"
#define ID_LEN (sizeof ID - 1)

enum {
    BYTES = 32,         /* of a number, which is the end of a field of ECCref_MAX_LEN bytes */
    DER_BYTES_MAX = 80, /* of a signature in DER */
    THREADS_MAX = 1024, /* and sessions */
};

/* Ends the program with status 2. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* node.c. A point is x || y, a signature r || s; the answers are codes of the standard. */
void node_open_library(const char *path);
void node_open_device(size_t sessions);
void node_close_device(void);
/* The node's own key, which must be there. */
void node_public_key(unsigned int index, unsigned char *point);
int node_verify(const unsigned char *point, const unsigned char *hash, const unsigned char *rs);
int node_sign(unsigned int index, const char *password, const unsigned char *point, const unsigned char *hash, unsigned char *rs);

/* software.c. */
/* A public key, or NULL where there is none at these coordinates. */
EVP_PKEY *key_load(const unsigned char *point);
EVP_PKEY *key_generate(unsigned char *point);
/* A signature in DER; its length. */
size_t signature_encode(const unsigned char *rs, unsigned char der[DER_BYTES_MAX]);
void signature_decode(const unsigned char *der, size_t length, unsigned char *rs);
bool libcrypto_verify(EVP_MD_CTX *md, EVP_PKEY *key, const unsigned char *hash, const unsigned char *der, size_t length);
size_t libcrypto_sign(EVP_MD_CTX *md, EVP_PKEY *key, const unsigned char *hash, unsigned char der[DER_BYTES_MAX]);

#endif
