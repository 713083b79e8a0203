//! What C hands over, as values and slices; and outputs, written through pointers. With `exports` the only `unsafe` of the crate.
//!
//! The contract of every function here is that of the header: a pointer that is not NULL names memory of the size that the header says, which lives and does
//! not change until the call returns. Nothing needs to be aligned. Of numbers only the bytes at the right of their fields are read: programs in the field leave
//! the others as they find them.

#![expect(unsafe_code, reason = "C passes pointers")]

use std::{
    ffi::{c_uint, c_void},
    mem::offset_of,
    ptr, slice,
};

use chainbox_hsm::{
    PublicKey, Signature,
    sdf::{
        Code,
        abi::{EccCipherHead, EccPrivateKey, EccPublicKey, EccSignature, LEN, MAX_LEN, SM2_BITS},
    },
    software::sm2::{CIPHERTEXT_EXTRA_BYTES, MESSAGE_BYTES_MAX},
};
use zeroize::Zeroizing;

use crate::symmetric::Block;

/// Where a number of SM2 begins in its field.
const RIGHT: usize = MAX_LEN - LEN;

/// The first byte of a public key in SEC1, uncompressed.
const UNCOMPRESSED: u8 = 4;

/// `N` bytes at an offset.
///
/// # Safety
/// They are there.
unsafe fn at<const N: usize>(start: *const u8, offset: usize) -> [u8; N] {
    // SAFETY: as the caller says; an array of bytes needs no alignment.
    unsafe { start.add(offset).cast::<[u8; N]>().read() }
}

/// A number of C at an offset.
///
/// # Safety
/// It is there.
unsafe fn number_at(start: *const u8, offset: usize) -> u32 {
    // SAFETY: as the caller says.
    u32::from_ne_bytes(unsafe { at(start, offset) })
}

fn check<T>(pointer: *const T) -> Result<*const u8, Code> {
    if pointer.is_null() { Err(Code::INPUT) } else { Ok(pointer.cast()) }
}

/// So many bytes, at most `bytes_max`; none where the length is 0, whatever the pointer.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn bytes<'a>(pointer: *const u8, length: c_uint, bytes_max: usize) -> Result<&'a [u8], Code> {
    let length = length as usize;
    if length == 0 {
        return Ok(&[]);
    }
    if length > bytes_max {
        return Err(Code::INPUT);
    }
    // SAFETY: not NULL, and at most `bytes_max` bytes, which the caller says are there.
    Ok(unsafe { slice::from_raw_parts(check(pointer)?, length) })
}

/// As many bytes as the array has; another length is refused.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn array<const N: usize>(pointer: *const u8, length: c_uint) -> Result<[u8; N], Code> {
    if length as usize != N {
        return Err(Code::INPUT);
    }
    // SAFETY: not NULL, and the caller says that the bytes are there.
    Ok(unsafe { at(check(pointer)?, 0) })
}

/// A public key, in SEC1. Whether it is a point is not looked at.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn public_key(pointer: *const EccPublicKey) -> Result<PublicKey, Code> {
    let start = check(pointer)?;
    // SAFETY: not NULL, and the caller says that the structure is there, in whose fields the offsets are.
    let (bits, x, y): (_, [u8; LEN], [u8; LEN]) = unsafe {
        (
            number_at(start, offset_of!(EccPublicKey, bits)),
            at(start, offset_of!(EccPublicKey, x) + RIGHT),
            at(start, offset_of!(EccPublicKey, y) + RIGHT),
        )
    };
    if bits == SM2_BITS { Ok(sec1(&x, &y)) } else { Err(Code::INPUT) }
}

/// A private key: d. Whether it is in range is not looked at.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn private_key(pointer: *const EccPrivateKey) -> Result<Zeroizing<[u8; LEN]>, Code> {
    let start = check(pointer)?;
    // SAFETY: not NULL, and the caller says that the structure is there, in whose fields the offsets are.
    let (bits, d) =
        unsafe { (number_at(start, offset_of!(EccPrivateKey, bits)), Zeroizing::new(at(start, offset_of!(EccPrivateKey, d) + RIGHT))) };
    if bits == SM2_BITS { Ok(d) } else { Err(Code::INPUT) }
}

/// A signature, r || s.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn signature(pointer: *const EccSignature) -> Result<Signature, Code> {
    let start = check(pointer)?;
    // SAFETY: not NULL, and the caller says that the structure is there, in whose fields the offsets are.
    let (r, s): ([u8; LEN], [u8; LEN]) =
        unsafe { (at(start, offset_of!(EccSignature, r) + RIGHT), at(start, offset_of!(EccSignature, s) + RIGHT)) };
    let mut raw = [0; 2 * LEN];
    raw[..LEN].copy_from_slice(&r);
    raw[LEN..].copy_from_slice(&s);
    Ok(raw)
}

/// A ciphertext, C1 || C3 || C2 with C1 in SEC1.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn ciphertext(pointer: *const EccCipherHead) -> Result<Vec<u8>, Code> {
    let start = check(pointer)?;
    // SAFETY: not NULL, and the caller says that the structure is there, in whose fields the offsets are.
    let (length, x, y, c3): (_, [u8; LEN], [u8; LEN], [u8; LEN]) = unsafe {
        (
            number_at(start, offset_of!(EccCipherHead, length)),
            at(start, offset_of!(EccCipherHead, x) + RIGHT),
            at(start, offset_of!(EccCipherHead, y) + RIGHT),
            at(start, offset_of!(EccCipherHead, hash)),
        )
    };
    // SAFETY: C2 follows the head, and the caller says that it has as many bytes.
    let c2 = unsafe { bytes(start.add(size_of::<EccCipherHead>()), length, MESSAGE_BYTES_MAX)? };
    Ok([&sec1(&x, &y)[..], &c3, c2].concat())
}

fn sec1(x: &[u8; LEN], y: &[u8; LEN]) -> PublicKey {
    let mut key = [UNCOMPRESSED; 1 + 2 * LEN];
    key[1..=LEN].copy_from_slice(x);
    key[1 + LEN..].copy_from_slice(y);
    key
}

/// An output: a pointer that is not NULL, through which nothing is read.
pub(crate) struct Output<T>(*mut T);

impl<T> Output<T> {
    /// # Safety
    /// The contract of the header: there is room for a value, or, for bytes, for as many as will be written.
    pub(crate) unsafe fn new(pointer: *mut T) -> Result<Self, Code> {
        if pointer.is_null() { Err(Code::OUTPUT) } else { Ok(Self(pointer)) }
    }

    /// Writes a value.
    pub(crate) fn write(self, value: T) {
        // SAFETY: there is room, by the contract of `new`; it need not be aligned.
        unsafe { self.0.write_unaligned(value) };
    }
}

impl Output<u8> {
    /// Writes bytes from the start on.
    pub(crate) fn write_all(&self, bytes: &[u8]) {
        // SAFETY: there is room for as many, by the contract of `new`; what is written lies in memory of this library, so that the two do not overlap.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.0, bytes.len()) };
    }
}

impl Output<EccCipherHead> {
    /// Writes a ciphertext C1 || C3 || C2 with C1 in SEC1: the head, and C2 behind it.
    pub(crate) fn write_ciphertext(self, ciphertext: &[u8]) {
        let (extra, c2) = ciphertext.split_at(CIPHERTEXT_EXTRA_BYTES);
        let (c1, c3) = extra.split_first_chunk().expect("C1 has 65 bytes");
        let c3 = c3.first_chunk().expect("C3 has 32");
        let behind: Output<u8> = Output(self.0.cast::<u8>().wrapping_add(size_of::<EccCipherHead>()));
        behind.write_all(c2);
        self.write(EccCipherHead::new(c1, c3, c2.len() as u32));
    }
}

impl Output<*mut c_void> {
    /// Writes a handle: a number, and nothing to follow.
    pub(crate) fn write_handle(self, handle: usize) {
        self.write(ptr::without_provenance_mut(handle));
    }
}

/// An initial vector, and where the next one is written.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn initial_vector(pointer: *mut u8) -> Result<(Block, Output<u8>), Code> {
    // SAFETY: not NULL, and the caller says that a block is there.
    unsafe { Ok((at(check(pointer)?, 0), Output::new(pointer)?)) }
}

/// A length that goes in and comes out.
///
/// # Safety
/// The contract of the header.
pub(crate) unsafe fn length(pointer: *mut c_uint) -> Result<(u32, Output<c_uint>), Code> {
    // SAFETY: not NULL, and the caller says that a number is there.
    unsafe { Ok((number_at(check(pointer)?, 0), Output::new(pointer)?)) }
}
