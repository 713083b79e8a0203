// Words of 32 bits. What a device has better instructions for goes here.

// a*b + c + d, which is below 2^64.
FUNCTION ulong word_mul_add(uint a, uint b, uint c, uint d) { return (ulong)a * b + c + d; }

// The bytes in the opposite order.
FUNCTION uint word_swap(uint a) { return a << 24 | (a & 0xff00u) << 8 | (a >> 8 & 0xff00u) | a >> 24; }

// Rotated left by 1 to 31 bits.
FUNCTION uint word_rotate(uint a, uint bits) { return a << bits | a >> (32u - bits); }
