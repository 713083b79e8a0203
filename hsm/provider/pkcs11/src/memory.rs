//! What C hands over, as slices and values; and outputs, written through pointers. With `exports` the only `unsafe` of the crate.
//!
//! The contract of every function here is that of PKCS#11: a pointer that is not NULL names memory of the given size, which lives and does not change until
//! the call returns. What can be checked is checked: NULL, alignment, sizes.

#![expect(unsafe_code, reason = "C passes pointers")]

use std::{ptr, slice};

use cryptoki_sys::*;

use crate::{
    answer::Answer,
    attributes::{Attribute, Value},
    limits::{ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX},
};

/// Refuses NULL and what is not aligned.
fn check<T>(pointer: *const T) -> Answer<()> {
    if pointer.is_null() || !pointer.is_aligned() { Err(CKR_ARGUMENTS_BAD) } else { Ok(()) }
}

/// A structure or number.
///
/// # Safety
/// `pointer` is NULL or names one.
pub(crate) unsafe fn read<T: Copy>(pointer: *const T) -> Answer<T> {
    check(pointer)?;
    // SAFETY: not NULL and aligned; the rest is what the caller says.
    Ok(unsafe { pointer.read() })
}

/// A structure or number that may be left out; `None` for NULL.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn optional<T: Copy>(pointer: *const T) -> Answer<Option<T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    unsafe { read(pointer) }.map(Some)
}

/// Writes a structure or number.
///
/// # Safety
/// `place` is NULL or names room for one that nothing else uses until the call returns.
pub(crate) unsafe fn write<T: Copy>(place: *mut T, value: T) -> Answer<()> {
    check(place)?;
    // SAFETY: not NULL and aligned; the rest is what the caller says.
    unsafe { place.write(value) };
    Ok(())
}

/// `len` bytes; none where `len` is 0, whatever the pointer. More than `limit` are refused with `too_many`.
///
/// # Safety
/// `pointer` is NULL or names as many bytes, until the call returns.
pub(crate) unsafe fn bytes<'a>(pointer: *const CK_BYTE, len: CK_ULONG, limit: usize, too_many: CK_RV) -> Answer<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    let len = usize::try_from(len).ok().filter(|len| *len <= limit).ok_or(too_many)?;
    // SAFETY: not NULL and within the limit, which no object exceeds; the rest is what the caller says.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// The attributes of a template.
///
/// # Safety
/// `pointer` is NULL or names as many attributes, whose values are NULL or name as many bytes as they say, until the call returns.
pub(crate) unsafe fn template<'a>(pointer: *const CK_ATTRIBUTE, count: CK_ULONG) -> Answer<Vec<Attribute<'a>>> {
    // SAFETY: as the caller says.
    let attributes = unsafe { attributes(pointer, count)? };
    let read = |attribute: &CK_ATTRIBUTE| {
        // SAFETY: as the caller says.
        let value = unsafe { bytes(attribute.pValue.cast(), attribute.ulValueLen, ATTRIBUTE_BYTES_MAX, CKR_ATTRIBUTE_VALUE_INVALID)? };
        Ok(Attribute { kind: attribute.type_, value })
    };
    attributes.iter().map(read).collect()
}

/// # Safety
/// As [`template`].
unsafe fn attributes<'a>(pointer: *const CK_ATTRIBUTE, count: CK_ULONG) -> Answer<&'a [CK_ATTRIBUTE]> {
    if count == 0 {
        return Ok(&[]);
    }
    check(pointer)?;
    let count = usize::try_from(count).ok().filter(|count| *count <= ATTRIBUTES_MAX).ok_or(CKR_ARGUMENTS_BAD)?;
    // SAFETY: not NULL, aligned, few; the rest is what the caller says.
    Ok(unsafe { slice::from_raw_parts(pointer, count) })
}

/// Fills a template with an object's values, all that can be filled (PKCS#11 2.40, section 5.7, `C_GetAttributeValue`): the length alone where there is no
/// room given, and the mark that nothing is there where there is no such attribute, where it is secret, and where the room is too small.
///
/// # Safety
/// As [`template`], and nothing else uses the attributes and the room that they name until the call returns.
pub(crate) unsafe fn fill(pointer: *mut CK_ATTRIBUTE, count: CK_ULONG, value: impl Fn(CK_ATTRIBUTE_TYPE) -> Value) -> Answer<()> {
    // SAFETY: as the caller says; the copies are read before anything is written.
    let wanted = unsafe { attributes(pointer, count)? }.to_vec();
    let mut answer = Ok(());
    for (index, attribute) in wanted.into_iter().enumerate() {
        let (len, problem) = match value(attribute.type_) {
            Value::Bytes(value) if attribute.pValue.is_null() => (value.len() as CK_ULONG, Ok(())),
            Value::Bytes(value) if attribute.ulValueLen < value.len() as CK_ULONG => {
                (CK_UNAVAILABLE_INFORMATION, Err(CKR_BUFFER_TOO_SMALL))
            }
            Value::Bytes(value) => {
                // SAFETY: there is room for at least so many bytes, as the caller says.
                unsafe { ptr::copy_nonoverlapping(value.as_ptr(), attribute.pValue.cast(), value.len()) };
                (value.len() as CK_ULONG, Ok(()))
            }
            Value::Sensitive => (CK_UNAVAILABLE_INFORMATION, Err(CKR_ATTRIBUTE_SENSITIVE)),
            Value::Absent => (CK_UNAVAILABLE_INFORMATION, Err(CKR_ATTRIBUTE_TYPE_INVALID)),
        };
        // SAFETY: one of the attributes that were read above; they can be written, as the caller says.
        unsafe { (*pointer.add(index)).ulValueLen = len };
        answer = answer.and(problem);
    }
    answer
}

/// Room for an output of bytes, and where to write how many they are.
pub(crate) struct Output {
    start: *mut CK_BYTE,
    len: *mut CK_ULONG,
}

impl Output {
    /// The convention of functions that return bytes (PKCS#11 2.40, section 5.2): `None` for a caller who asks only how many there are at most, which is
    /// written; [`CKR_BUFFER_TOO_SMALL`], with the same written, where they might not fit.
    ///
    /// # Safety
    /// `len` is NULL or names a number, and `start` is NULL or names room for as many bytes, which nothing else uses until the call returns.
    pub(crate) unsafe fn new(start: *mut CK_BYTE, len: *mut CK_ULONG, needed: usize) -> Answer<Option<Self>> {
        // SAFETY: as the caller says.
        unsafe {
            let room = read(len)?;
            if start.is_null() {
                write(len, needed as CK_ULONG)?;
                return Ok(None);
            }
            if room < needed as CK_ULONG {
                write(len, needed as CK_ULONG)?;
                return Err(CKR_BUFFER_TOO_SMALL);
            }
        }
        Ok(Some(Self { start, len }))
    }

    /// Writes the bytes, no more than `needed` of [`Self::new`], and how many they are.
    pub(crate) fn write(self, bytes: &[u8]) {
        // SAFETY: the contract of `new`: there is room for both, and nothing else uses it.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, bytes.len());
            self.len.write(bytes.len() as CK_ULONG);
        }
    }
}

/// Answers with a list of numbers, by the same convention: slots, mechanisms.
///
/// # Safety
/// `count` is NULL or names a number, and `start` is NULL or names room for as many numbers, which nothing else uses until the call returns.
pub(crate) unsafe fn list(start: *mut CK_ULONG, count: *mut CK_ULONG, numbers: &[CK_ULONG]) -> Answer<()> {
    // SAFETY: as the caller says.
    unsafe {
        let room = read(count)?;
        write(count, numbers.len() as CK_ULONG)?;
        if start.is_null() {
            return Ok(());
        }
        check(start)?;
        if room < numbers.len() as CK_ULONG {
            return Err(CKR_BUFFER_TOO_SMALL);
        }
        ptr::copy_nonoverlapping(numbers.as_ptr(), start, numbers.len());
    }
    Ok(())
}

/// Answers with the handles that were found. They are taken only where there is room for them.
///
/// # Safety
/// `count` is NULL or names a number, and `start` is NULL or names room for as many handles as are taken, which nothing else uses until the call returns.
pub(crate) unsafe fn found(start: *mut CK_OBJECT_HANDLE, count: *mut CK_ULONG, take: impl FnOnce() -> Vec<CK_OBJECT_HANDLE>) -> Answer<()> {
    check(start)?;
    check(count)?;
    let handles = take();
    // SAFETY: the room is what the caller says.
    unsafe {
        ptr::copy_nonoverlapping(handles.as_ptr(), start, handles.len());
        write(count, handles.len() as CK_ULONG)
    }
}

/// Room for random bytes.
///
/// # Safety
/// `start` is NULL or names room for `len` bytes, which nothing else uses until the call returns.
pub(crate) unsafe fn random(start: *mut CK_BYTE, bytes: &[u8]) -> Answer<()> {
    check(start)?;
    // SAFETY: as the caller says.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
    Ok(())
}
