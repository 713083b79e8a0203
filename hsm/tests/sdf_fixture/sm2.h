/* SM2 signatures over a digest e (GB/T 32918.2), from libcrypto's integers and points: its own SM2 signs messages only. */
#ifndef SM2_H
#define SM2_H

enum { SM2_BYTES = 32 };

/* The public key of the private key that a number stands for. 1 where it worked. */
int sm2_public(unsigned int number, unsigned char x[SM2_BYTES], unsigned char y[SM2_BYTES]);

/* Signs e with that private key. 1 where it worked. */
int sm2_sign(unsigned int number, const unsigned char e[SM2_BYTES], unsigned char r[SM2_BYTES], unsigned char s[SM2_BYTES]);

/* 1: valid, 0: not, or no such point. */
int sm2_verify(const unsigned char x[SM2_BYTES], const unsigned char y[SM2_BYTES], const unsigned char e[SM2_BYTES], const unsigned char r[SM2_BYTES],
               const unsigned char s[SM2_BYTES]);

#endif
