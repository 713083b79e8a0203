// Points of y^2 = x^3 + a x + b.

typedef struct {
    fe x;
    fe y;
} affine;

// x = X/Z^2, y = Y/Z^3; infinity has Z = 0.
typedef struct {
    fe x;
    fe y;
    fe z;
} jacobian;

// A point, or none.
typedef struct {
    affine point;
    uint found;
} lifted;

// A sum; h, by which its Z is that of the first point times h; and whether equal or opposite points met, so that it is no sum.
typedef struct {
    jacobian point;
    fe h;
    uint met;
} sum;

FUNCTION jacobian ge_infinity(void) {
    jacobian p;
    p.x = U256(FE_ONE);
    p.y = U256(FE_ONE);
    p.z = u256_small(0);
    return p;
}

FUNCTION affine ge_generator(void) {
    affine g;
    g.x = U256(FE_G_X);
    g.y = U256(FE_G_Y);
    return g;
}

// x^3 + a x + b.
FUNCTION fe ge_right_side(fe x) {
    fe square = fe_sqr(x);
#if !CURVE_SECP256K1
    square = fe_add(square, U256(FE_A));
#endif
    return fe_add(fe_mul(square, x), U256(FE_B));
}

FUNCTION uint ge_is_on_curve(affine q) { return u256_equal(fe_sqr(q.y), ge_right_side(q.x)); }

// The point with this x whose y is odd or even. No y is 0: the order is odd.
FUNCTION lifted ge_lift_x(fe x, uint odd) {
    fe square = ge_right_side(x);
    fe y = fe_sqrt(square);
    lifted q;
    q.found = u256_equal(fe_sqr(y), square);
    q.point.x = x;
    q.point.y = u256_select(y, fe_neg(y), (fe_to_integer(y).w[0] & 1u) ^ odd);
    return q;
}

// -q where negative.
FUNCTION affine ge_neg_if(affine q, uint negative) {
    q.y = u256_select(q.y, fe_neg(q.y), negative);
    return q;
}

// 2p: 3 products and 4 squares where a = 0, 4 and 4 where a = -3.
//
// With L = (3 X^2 + a Z^4)/2, S = Y^2 and T = X S: X' = L^2 - 2T, Y' = L (T - X') - S^2, Z' = Y Z.
NOINLINE FUNCTION jacobian ge_double(jacobian p) {
#if CURVE_SECP256K1
    fe l = fe_sqr(p.x);
#else
    fe z2 = fe_sqr(p.z);
    fe l = fe_mul(fe_sub(p.x, z2), fe_add(p.x, z2));
#endif
    l = fe_half(fe_add(fe_add(l, l), l));
    fe s = fe_sqr(p.y);
    fe t = fe_mul(p.x, s);
    jacobian r;
    r.x = fe_sub(fe_sqr(l), fe_add(t, t));
    r.y = fe_sub(fe_mul(l, fe_sub(t, r.x)), fe_sqr(s));
    r.z = fe_mul(p.y, p.z);
    return r;
}

// p + q where take, else p: 8 products and 3 squares. p may be infinity, q may not.
NOINLINE FUNCTION sum ge_add_affine(jacobian p, affine q, uint take) {
    fe z2 = fe_sqr(p.z);
    fe h = fe_sub(fe_mul(q.x, z2), p.x);
    fe r = fe_sub(fe_mul(q.y, fe_mul(z2, p.z)), p.y);
    fe h2 = fe_sqr(h);
    fe h3 = fe_mul(h2, h);
    fe v = fe_mul(p.x, h2);
    jacobian s;
    s.x = fe_sub(fe_sub(fe_sqr(r), h3), fe_add(v, v));
    s.y = fe_sub(fe_mul(r, fe_sub(v, s.x)), fe_mul(p.y, h3));
    s.z = fe_mul(p.z, h);
    uint infinite = u256_is_zero(p.z);
    uint add = take & (infinite ^ 1u);
    uint copy = take & infinite;
    sum result;
    result.h = h;
    result.met = add & u256_is_zero(h);
    result.point.x = u256_select(u256_select(p.x, s.x, add), q.x, copy);
    result.point.y = u256_select(u256_select(p.y, s.y, add), q.y, copy);
    result.point.z = u256_select(u256_select(p.z, s.z, add), U256(FE_ONE), copy);
    return result;
}

// The affine point of X and Y, given 1/Z.
FUNCTION affine ge_scale(fe x, fe y, fe z_inverse) {
    fe z2 = fe_sqr(z_inverse);
    affine q;
    q.x = fe_mul(x, z2);
    q.y = fe_mul(y, fe_mul(z2, z_inverse));
    return q;
}

// Rows of a table: x, then y.
FUNCTION affine ge_row(GLOBAL const uint *tables, uint at) {
    affine q;
    q.x = u256_row(tables, at);
    q.y = u256_row(tables, at + 8);
    return q;
}
