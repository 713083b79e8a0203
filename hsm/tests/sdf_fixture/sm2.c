#include "sm2.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

/* What every function needs, made and freed together. */
struct curve {
    EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *n;
    EC_POINT *point;
};

static void curve_close(struct curve *curve)
{
    EC_POINT_free(curve->point);
    BN_free(curve->n);
    BN_CTX_free(curve->ctx);
    EC_GROUP_free(curve->group);
}

static int curve_open(struct curve *curve)
{
    memset(curve, 0, sizeof *curve);
    curve->group = EC_GROUP_new_by_curve_name(NID_sm2);
    curve->ctx = BN_CTX_new();
    curve->n = BN_new();
    if (curve->group != NULL && curve->ctx != NULL && curve->n != NULL && (curve->point = EC_POINT_new(curve->group)) != NULL &&
        EC_GROUP_get_order(curve->group, curve->n, curve->ctx))
        return 1;
    curve_close(curve);
    return 0;
}

/* d = 1 + SHA-256("chainbox sdf fixture key NUMBER") mod (n - 2): in [1, n - 2], as 6.1 wants it. */
static int private_key(const struct curve *curve, unsigned int number, BIGNUM *d)
{
    char text[64];
    unsigned char hash[SM2_BYTES];
    int length = snprintf(text, sizeof text, "chainbox sdf fixture key %u", number);
    BIGNUM *limit = BN_dup(curve->n);
    int done = limit != NULL && EVP_Digest(text, (size_t)length, hash, NULL, EVP_sha256(), NULL) && BN_bin2bn(hash, sizeof hash, d) != NULL &&
               BN_sub_word(limit, 2) && BN_mod(d, d, limit, curve->ctx) && BN_add_word(d, 1);
    BN_free(limit);
    return done;
}

int sm2_public(unsigned int number, unsigned char x[SM2_BYTES], unsigned char y[SM2_BYTES])
{
    struct curve curve;
    if (!curve_open(&curve))
        return 0;
    BN_CTX_start(curve.ctx);
    BIGNUM *d = BN_CTX_get(curve.ctx), *bx = BN_CTX_get(curve.ctx), *by = BN_CTX_get(curve.ctx);
    int done = by != NULL && private_key(&curve, number, d) && EC_POINT_mul(curve.group, curve.point, d, NULL, NULL, curve.ctx) &&
               EC_POINT_get_affine_coordinates(curve.group, curve.point, bx, by, curve.ctx) && BN_bn2binpad(bx, x, SM2_BYTES) == SM2_BYTES &&
               BN_bn2binpad(by, y, SM2_BYTES) == SM2_BYTES;
    BN_CTX_end(curve.ctx);
    curve_close(&curve);
    return done;
}

/* r = e + x1 mod n with (x1, y1) = kG; s = (1 + d)^-1 (k - r d) mod n (6.1, steps A4 to A6). Anew where r = 0, r + k = n or s = 0. */
int sm2_sign(unsigned int number, const unsigned char e[SM2_BYTES], unsigned char r[SM2_BYTES], unsigned char s[SM2_BYTES])
{
    struct curve curve;
    if (!curve_open(&curve))
        return 0;
    BN_CTX_start(curve.ctx);
    BIGNUM *d = BN_CTX_get(curve.ctx), *k = BN_CTX_get(curve.ctx), *x = BN_CTX_get(curve.ctx), *br = BN_CTX_get(curve.ctx);
    BIGNUM *be = BN_CTX_get(curve.ctx), *t = BN_CTX_get(curve.ctx), *bs = BN_CTX_get(curve.ctx);
    int done = bs != NULL && private_key(&curve, number, d) && BN_bin2bn(e, SM2_BYTES, be) != NULL;
    int again = 1;
    while (done && again) {
        done = BN_priv_rand_range(k, curve.n) && EC_POINT_mul(curve.group, curve.point, k, NULL, NULL, curve.ctx) &&
               EC_POINT_get_affine_coordinates(curve.group, curve.point, x, NULL, curve.ctx) && BN_mod_add(br, be, x, curve.n, curve.ctx) &&
               BN_add(t, br, k) && BN_mod_mul(bs, br, d, curve.n, curve.ctx) && BN_mod_sub(bs, k, bs, curve.n, curve.ctx);
        again = BN_is_zero(k) || BN_is_zero(br) || BN_cmp(t, curve.n) == 0;
        done = done && BN_copy(t, d) != NULL && BN_add_word(t, 1) && BN_mod_inverse(t, t, curve.n, curve.ctx) != NULL &&
               BN_mod_mul(bs, bs, t, curve.n, curve.ctx);
        again = again || BN_is_zero(bs);
    }
    done = done && BN_bn2binpad(br, r, SM2_BYTES) == SM2_BYTES && BN_bn2binpad(bs, s, SM2_BYTES) == SM2_BYTES;
    BN_CTX_end(curve.ctx);
    curve_close(&curve);
    return done;
}

/* R = e + x1 mod n with (x1, y1) = sG + (r + s)P, and R = r (7.1, steps B1 to B7). */
int sm2_verify(const unsigned char x[SM2_BYTES], const unsigned char y[SM2_BYTES], const unsigned char e[SM2_BYTES], const unsigned char r[SM2_BYTES],
               const unsigned char s[SM2_BYTES])
{
    struct curve curve;
    if (!curve_open(&curve))
        return 0;
    BN_CTX_start(curve.ctx);
    BIGNUM *bx = BN_CTX_get(curve.ctx), *by = BN_CTX_get(curve.ctx), *be = BN_CTX_get(curve.ctx), *t = BN_CTX_get(curve.ctx);
    BIGNUM *br = BN_CTX_get(curve.ctx), *bs = BN_CTX_get(curve.ctx);
    EC_POINT *key = EC_POINT_new(curve.group);
    int valid = key != NULL && bs != NULL && BN_bin2bn(x, SM2_BYTES, bx) != NULL && BN_bin2bn(y, SM2_BYTES, by) != NULL &&
                BN_bin2bn(e, SM2_BYTES, be) != NULL && BN_bin2bn(r, SM2_BYTES, br) != NULL && BN_bin2bn(s, SM2_BYTES, bs) != NULL &&
                !BN_is_zero(br) && !BN_is_zero(bs) && BN_cmp(br, curve.n) < 0 && BN_cmp(bs, curve.n) < 0 &&
                EC_POINT_set_affine_coordinates(curve.group, key, bx, by, curve.ctx) && BN_mod_add(t, br, bs, curve.n, curve.ctx) && !BN_is_zero(t) &&
                EC_POINT_mul(curve.group, curve.point, bs, key, t, curve.ctx) && !EC_POINT_is_at_infinity(curve.group, curve.point) &&
                EC_POINT_get_affine_coordinates(curve.group, curve.point, bx, NULL, curve.ctx) && BN_mod_add(bx, bx, be, curve.n, curve.ctx) &&
                BN_cmp(bx, br) == 0;
    EC_POINT_free(key);
    BN_CTX_end(curve.ctx);
    curve_close(&curve);
    return valid;
}
