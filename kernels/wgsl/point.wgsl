// Points of the curve. A point is affine, or Jacobian: x = X/Z^2, y = Y/Z^3, infinity where Z is 0.

struct affine {
    x: u256,
    y: u256,
}

struct jacobian {
    x: u256,
    y: u256,
    z: u256,
}

// A point, or none.
struct lifted {
    point: affine,
    found: u32,
}

// A sum; h, by which its Z is that of the first point times h; and whether equal or opposite points met, so that it is no sum.
struct sum {
    point: jacobian,
    h: u256,
    met: u32,
}

fn ge_infinity() -> jacobian {
    return jacobian(FE_ONE, FE_ONE, u256_small(0u));
}

fn ge_generator() -> affine {
    return affine(FE_G_X, FE_G_Y);
}

// x^3 + a*x + b.
fn ge_right_side(x: u256) -> u256 {
    return fe_add(fe_mul(fe_add(fe_sqr(x), FE_A), x), FE_B);
}

fn ge_is_on_curve(point: affine) -> u32 {
    return u256_equal(fe_sqr(point.y), ge_right_side(point.x));
}

// The point with this x whose y, as an integer, is odd or even.
fn ge_lift_x(x: u256, odd: u32) -> lifted {
    let square = ge_right_side(x);
    let root = fe_sqrt(square);
    let found = u256_equal(fe_sqr(root), square);
    let is_odd = fe_to_integer(root)[0] & 1u;
    return lifted(affine(x, u256_select(root, fe_neg(root), is_odd ^ odd)), found);
}

// -q where negative.
fn ge_neg_if(point: affine, negative: u32) -> affine {
    return affine(point.x, u256_select(point.y, fe_neg(point.y), negative));
}

// 2p: 3 products and 4 squares where a = 0, 4 and 4 where a = -3.
//
// With L = (3 X^2 + a Z^4)/2, S = Y^2 and T = X S: X' = L^2 - 2T, Y' = L (T - X') - S^2, Z' = Y Z.
fn ge_double(p: jacobian) -> jacobian {
    var m: u256;
    if CURVE_SECP256K1 == 1u {
        m = fe_sqr(p.x);
    } else {
        let z2 = fe_sqr(p.z);
        m = fe_mul(fe_sub(p.x, z2), fe_add(p.x, z2));
    }
    let l = fe_half(fe_add(fe_add(m, m), m));
    let s = fe_sqr(p.y);
    let t = fe_mul(p.x, s);
    let x = fe_sub(fe_sqr(l), fe_add(t, t));
    let y = fe_sub(fe_mul(l, fe_sub(t, x)), fe_sqr(s));
    return jacobian(x, y, fe_mul(p.y, p.z));
}

// p + q where take, else p: 8 products and 3 squares. p may be infinity, q may not.
fn ge_add_affine(p: jacobian, q: affine, take: u32) -> sum {
    let z2 = fe_sqr(p.z);
    let h = fe_sub(fe_mul(q.x, z2), p.x);
    let r = fe_sub(fe_mul(q.y, fe_mul(z2, p.z)), p.y);
    let h2 = fe_sqr(h);
    let h3 = fe_mul(h2, h);
    let v = fe_mul(p.x, h2);
    let x = fe_sub(fe_sub(fe_sqr(r), h3), fe_add(v, v));
    let y = fe_sub(fe_mul(r, fe_sub(v, x)), fe_mul(p.y, h3));
    let z = fe_mul(p.z, h);
    let infinite = u256_is_zero(p.z);
    let add = take & (infinite ^ 1u);
    let copy = take & infinite;
    let point = jacobian(
        u256_select(u256_select(p.x, x, add), q.x, copy),
        u256_select(u256_select(p.y, y, add), q.y, copy),
        u256_select(u256_select(p.z, z, add), FE_ONE, copy),
    );
    return sum(point, h, add & u256_is_zero(h));
}

// The affine point of X and Y, given 1/Z.
fn ge_scale(x: u256, y: u256, z_inverse: u256) -> affine {
    let z2 = fe_sqr(z_inverse);
    return affine(fe_mul(x, z2), fe_mul(y, fe_mul(z2, z_inverse)));
}

// Rows of a table: x, then y.
fn ge_row(at: u32) -> affine {
    return affine(u256_row(at), u256_row(at + 8u));
}
