//! What C hands over, as slices and values; and outputs, written through pointers. With `exports` the only `unsafe` of the crate.
//!
//! The contract of every function here is that of the header: a pointer that is not NULL names memory of the given size, which lives and does not
//! change until the call returns, and outputs overlap nothing. What can be checked is checked: NULL, alignment, sizes.

#![expect(unsafe_code, reason = "C passes pointers")]

use std::{
    ffi::c_char,
    mem::{MaybeUninit, size_of},
    ptr, slice,
};

use crate::{
    abi::{Column, ErrorReport, Hints, ITEMS_MAX, Options, RecoverRequest, VerifyRequest},
    columns::Strings,
    failure::Failure,
};

/// The largest structure that a later version may have, in bytes: more is no size.
const STRUCTURE_BYTES_MAX: usize = 4096;

/// The longest string of the options in bytes.
const STRING_BYTES_MAX: usize = 4096;

/// A structure that begins with its size.
///
/// # Safety
/// It is `repr(C)`, begins with a `usize`, and every pattern of bytes is a value of it: numbers and pointers only.
pub(crate) unsafe trait Structure: Copy {
    const NAME: &'static str;
    /// Its size in the first version that had it.
    const BYTES_MIN: usize;
}

// SAFETY: numbers and pointers, the first a usize, as `abi` declares them.
unsafe impl Structure for Options {
    const NAME: &'static str = "chainbox_options";
    const BYTES_MIN: usize = size_of::<Self>();
}

// SAFETY: as above; its columns are numbers and pointers too.
unsafe impl Structure for VerifyRequest {
    const NAME: &'static str = "chainbox_verify_request";
    const BYTES_MIN: usize = size_of::<Self>();
}

// SAFETY: as above.
unsafe impl Structure for RecoverRequest {
    const NAME: &'static str = "chainbox_recover_request";
    const BYTES_MIN: usize = size_of::<Self>();
}

/// Refuses NULL and what is not aligned.
fn check_pointer<T>(pointer: *const T, name: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::argument(format!("{name} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::argument(format!("{name} is not aligned to {} bytes", align_of::<T>())));
    }
    Ok(())
}

/// A structure of this or another version of the header: what an older caller's has not is zero, and what a newer one's has more must be zero.
///
/// # Safety
/// `pointer` is NULL or names as many bytes as the size that stands there.
pub(crate) unsafe fn structure<T: Structure>(pointer: *const T) -> Result<T, Failure> {
    let name = T::NAME;
    check_pointer(pointer, name)?;
    // SAFETY: not NULL and aligned, and the structure begins with a usize by the contract of `Structure`.
    let size = unsafe { pointer.cast::<usize>().read() };
    if !(T::BYTES_MIN..=STRUCTURE_BYTES_MAX).contains(&size) {
        return Err(Failure::argument(format!("the size of {name} is {size}: set it to sizeof({name}), {}", size_of::<T>())));
    }
    // SAFETY: the caller says that so many bytes are there.
    let bytes = unsafe { slice::from_raw_parts(pointer.cast::<u8>(), size) };
    if bytes.get(size_of::<T>()..).is_some_and(|newer| newer.iter().any(|&byte| byte != 0)) {
        return Err(Failure::argument(format!("{name} uses fields that this version has not: update libchainbox")));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: at most the bytes of both; every pattern of bytes is a value, zeros among them, by the contract of `Structure`.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), value.as_mut_ptr().cast(), size.min(size_of::<T>()));
        Ok(value.assume_init())
    }
}

/// `len` values; none where `len` is 0, whatever the pointer.
///
/// # Safety
/// `pointer` is NULL or names `len` values, until the call returns.
unsafe fn values<'a, T: Copy>(pointer: *const T, len: usize, name: impl Fn() -> String) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    check_pointer(pointer, &name())?;
    if len > isize::MAX as usize / size_of::<T>() {
        return Err(Failure::argument(format!("{} is said to have {len} values, more than memory has", name())));
    }
    // SAFETY: not NULL, aligned, not too large; the caller says that it is there and does not change.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// A column for `items` items.
///
/// # Safety
/// Its pointers are NULL or name what it says, until the call returns.
pub(crate) unsafe fn strings<'a>(column: &Column, items: usize, name: &'static str) -> Result<Strings<'a>, Failure> {
    let has_lengths = !column.lengths.is_null();
    // SAFETY: as the caller says.
    let (data, lengths) = unsafe {
        let data = values(column.data, column.data_len, || format!("{name}.data"))?;
        (data, values(column.lengths, if has_lengths { items } else { 0 }, || format!("{name}.lengths"))?)
    };
    Ok(Strings { name, items, data, lengths: has_lengths.then_some(lengths), width: column.width })
}

/// A string that ends with a zero; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or names bytes of which one is zero, until the call returns.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, name: &str) -> Result<Option<&'a str>, Failure> {
    if pointer.is_null() {
        return Ok(None);
    }
    let start = pointer.cast::<u8>();
    // SAFETY: every byte up to the first zero is there, and none after it is read.
    let len = (0..STRING_BYTES_MAX).find(|&at| unsafe { start.add(at).read() } == 0);
    let len = len.ok_or_else(|| Failure::argument(format!("{name} has more than {STRING_BYTES_MAX} bytes")))?;
    // SAFETY: so many bytes were just read.
    let bytes = unsafe { slice::from_raw_parts(start, len) };
    std::str::from_utf8(bytes).map(Some).map_err(|_| Failure::argument(format!("{name} is not UTF-8")))
}

/// Room for an output. What the caller has there before may be anything, so that it is no slice.
#[derive(Debug)]
pub(crate) struct Output<T> {
    start: *mut T,
    len: usize,
    name: &'static str,
}

impl<T: Copy> Output<T> {
    /// Zeroes the room and keeps it.
    ///
    /// # Safety
    /// `start` is NULL or names room for `len` values that nothing else uses until the call returns, and a zeroed value of `T` is one.
    pub(crate) unsafe fn zeroed(start: *mut T, len: usize, name: &'static str) -> Result<Self, Failure> {
        if len > 0 {
            check_pointer(start, name)?;
        }
        if len > isize::MAX as usize / size_of::<T>() {
            return Err(Failure::argument(format!("{name} is said to have room for {len} values, more than memory has")));
        }
        if len > 0 {
            // SAFETY: not NULL, aligned, not too large; the caller says that the room is there.
            unsafe { ptr::write_bytes(start, 0, len) };
        }
        Ok(Self { start, len, name })
    }

    /// The same for one value that the caller may not want: NULL.
    ///
    /// # Safety
    /// As [`Self::zeroed`] for one value.
    pub(crate) unsafe fn optional(start: *mut T, name: &'static str) -> Result<Self, Failure> {
        // SAFETY: as the caller says.
        unsafe { Self::zeroed(start, usize::from(!start.is_null()), name) }
    }

    /// Refuses a room that is too small.
    pub(crate) fn check_room(&self, values: usize) -> Result<(), Failure> {
        if self.len < values {
            return Err(Failure::argument(format!("{} has room for {} values and needs {values}", self.name, self.len)));
        }
        Ok(())
    }

    /// Whether the caller wants it.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.len > 0
    }

    /// Writes values at the start of the room.
    ///
    /// # Panics
    /// Where they do not fit: the room is checked before.
    pub(crate) fn write(&mut self, values: &[T]) {
        assert!(values.len() <= self.len, "{}: {} values for room of {}", self.name, values.len(), self.len);
        // SAFETY: they fit, by the line above, into room that is there and that nothing else uses, by the contract of `zeroed`. For no values the
        // pointer may be NULL: nothing is written then.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), self.start, values.len()) };
    }
}

/// The rooms that a caller's [`Hints`] name, and where to write how many bytes are used.
pub(crate) struct HintsOutput {
    pub data: Output<u8>,
    pub lengths: Output<u32>,
    pub data_len: Output<usize>,
}

/// The rooms for hints.
///
/// # Safety
/// `hints` is NULL or names a structure whose pointers are NULL or name the room that it says, which nothing else uses until the call returns.
pub(crate) unsafe fn hints_output(hints: *mut Hints) -> Result<HintsOutput, Failure> {
    check_pointer(hints.cast_const(), "hints")?;
    // SAFETY: not NULL and aligned, and numbers and pointers only; the rest is what the caller says.
    unsafe {
        let Hints { data, data_capacity, lengths, lengths_capacity, .. } = hints.read();
        let data_len = Output::zeroed(&raw mut (*hints).data_len, 1, "hints.data_len");
        let (data, lengths) =
            (Output::zeroed(data, data_capacity, "hints.data"), Output::zeroed(lengths, lengths_capacity, "hints.lengths"));
        Ok(HintsOutput { data: data?, lengths: lengths?, data_len: data_len? })
    }
}

/// A value that the caller may have passed on; `None` for NULL.
///
/// # Safety
/// `pointer` is NULL or names a value that lives until the call returns and that nobody changes.
pub(crate) unsafe fn shared<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    check_pointer(pointer, name)?;
    // SAFETY: not NULL and aligned; the rest is what the caller says.
    Ok(unsafe { &*pointer })
}

/// Hands a value to the caller, who gives it back to [`take_back`].
pub(crate) fn give<T>(place: &mut Output<*mut T>, value: T) {
    place.write(&[Box::into_raw(Box::new(value))]);
}

/// Takes back what [`give`] handed out; nothing for NULL.
///
/// # Safety
/// `pointer` is NULL or was handed out by [`give`], is used by nobody, and will be by nobody.
pub(crate) unsafe fn take_back<T>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: as the caller says.
        drop(unsafe { Box::from_raw(pointer) });
    }
}

/// Writes an error where the caller wants it.
///
/// # Safety
/// `place` is NULL or names room for one.
pub(crate) unsafe fn report(place: *mut ErrorReport, report: &ErrorReport) {
    if !place.is_null() {
        // SAFETY: the caller says that the room is there; it need not be aligned.
        unsafe { place.write_unaligned(*report) };
    }
}

/// Refuses more items than a call takes.
pub(crate) fn check_items(items: usize) -> Result<usize, Failure> {
    if items > ITEMS_MAX {
        return Err(Failure::argument(format!("{items} items, and a call takes at most {ITEMS_MAX}: make several")));
    }
    Ok(items)
}
