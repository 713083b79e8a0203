//! The functions that C calls. Each zeroes its outputs, reads its arguments, and leaves the work to safe code.

#![expect(unsafe_code, reason = "C passes pointers, and finds functions by their names")]
#![expect(clippy::missing_safety_doc, reason = "what callers have to guarantee stands once, at the head of the header")]

use std::ffi::c_char;

use chainbox_api::convert;
use chainbox_engine::verdict::Verdicts;

use crate::{
    abi::{Column, DIGEST_BYTES, ErrorReport, HINT_BYTES, Hints, KEY_BYTES, Options, RecoverRequest, Status, VerifyRequest},
    border::{guard, report_of},
    columns::{self, VerifyColumns},
    failure::Failure,
    handle::{Handle, InProcess, Server},
    memory::{self, Output},
    texts,
};

/// Opens a handle, which chainbox_close closes. In process it first verifies known answers, which takes some milliseconds; as a client it connects
/// to the server. `*handle` is NULL where that fails.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chainbox_open(options: *const Options, handle: *mut *mut Handle, error: *mut ErrorReport) -> Status {
    let work = || {
        // SAFETY: the contract of the header.
        let (mut handle, opened) = unsafe { (Output::zeroed(handle, 1, "handle")?, open(&memory::structure(options)?)?) };
        memory::give(&mut handle, opened);
        Ok(())
    };
    // SAFETY: the contract of the header.
    unsafe { answer(work, error) }
}

/// Closes a handle and ends its threads. NULL is allowed. No other call may be using the handle, and none may use it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chainbox_close(handle: *mut Handle) {
    // There is nobody to tell: what panics here has been closed as far as it goes.
    drop(guard(|| {
        // SAFETY: the contract of the header.
        unsafe { memory::take_back(handle) };
        Ok(())
    }));
}

/// Verifies signatures: one verdict an item, in the order of the items.
///
/// `verdicts` is room for a byte an item, as enum chainbox_verdict says; `verdicts_len` is the bytes of that room. `all_valid` may be NULL, or names a
/// byte that becomes 1 where every item is valid, and for no items. CHAINBOX_STATUS_OK says that the verdicts are there, whatever they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chainbox_verify(
    handle: *const Handle,
    request: *const VerifyRequest,
    verdicts: *mut u8,
    verdicts_len: usize,
    all_valid: *mut u8,
    error: *mut ErrorReport,
) -> Status {
    let work = || {
        // SAFETY: the contract of the header.
        let (outputs, arguments) = unsafe { (VerdictsOutput::zeroed(verdicts, verdicts_len, all_valid), Verify::read(handle, request)) };
        let (mut outputs, Verify { handle, request, columns }) = (outputs?, arguments?);
        outputs.verdicts.check_room(request.items)?;
        outputs.write(&handle.verify(&columns::batch(&request, &columns)?)?);
        Ok(())
    };
    // SAFETY: the contract of the header.
    unsafe { answer(work, error) }
}

/// The same, and the hints that were found on the way, for others to verify the same items faster. An item that is not valid has none; a valid one may
/// have none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chainbox_verify_hints(
    handle: *const Handle,
    request: *const VerifyRequest,
    verdicts: *mut u8,
    verdicts_len: usize,
    all_valid: *mut u8,
    hints: *mut Hints,
    error: *mut ErrorReport,
) -> Status {
    let work = || {
        // SAFETY: the contract of the header.
        let (outputs, hints, arguments) = unsafe {
            let outputs = VerdictsOutput::zeroed(verdicts, verdicts_len, all_valid);
            (outputs, memory::hints_output(hints), Verify::read(handle, request))
        };
        let (mut outputs, mut hints, Verify { handle, request, columns }) = (outputs?, hints?, arguments?);
        outputs.verdicts.check_room(request.items)?;
        hints.lengths.check_room(request.items)?;
        hints.data.check_room(request.items * HINT_BYTES)?;
        let (verdicts, found) = handle.verify_and_hint(&columns::batch(&request, &columns)?)?;
        let data = found.iter().flatten().copied().collect::<Vec<_>>().concat();
        let lengths: Vec<u32> = found.iter().map(|hint| hint.map_or(0, |hint| hint.len() as u32)).collect();
        outputs.write(&verdicts);
        hints.data.write(&data);
        hints.lengths.write(&lengths);
        hints.data_len.write(&[data.len()]);
        Ok(())
    };
    // SAFETY: the contract of the header.
    unsafe { answer(work, error) }
}

/// Recovers the keys that signed: ECDSA on secp256k1. One verdict and one key an item, in the order of the items.
///
/// `keys` is room for CHAINBOX_KEY_BYTES an item, x || y of each key, zeros where the verdict is not valid; `keys_len` is the bytes of that room. The
/// rest is as for chainbox_verify.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chainbox_recover(
    handle: *const Handle,
    request: *const RecoverRequest,
    verdicts: *mut u8,
    verdicts_len: usize,
    keys: *mut u8,
    keys_len: usize,
    all_valid: *mut u8,
    error: *mut ErrorReport,
) -> Status {
    let work = || {
        // SAFETY: the contract of the header.
        let (outputs, keys) =
            unsafe { (VerdictsOutput::zeroed(verdicts, verdicts_len, all_valid), Output::zeroed(keys, keys_len, "keys")) };
        let (mut outputs, mut keys) = (outputs?, keys?);
        // SAFETY: the contract of the header.
        let (handle, request, inputs, signatures, hints) = unsafe {
            let (handle, request) = (memory::shared(handle, "handle")?, memory::structure(request)?);
            let column = |column, name| memory::strings(column, memory::check_items(request.items)?, name);
            let (inputs, signatures) = (column(&request.inputs, "inputs")?, column(&request.signatures, "signatures")?);
            (handle, request, inputs, signatures, column(&request.hints, "hints")?)
        };
        outputs.verdicts.check_room(request.items)?;
        keys.check_room(request.items * KEY_BYTES)?;
        let batch = columns::recovery_batch(request.input, request.low_s, &inputs, &signatures, &hints)?;
        let recovered = handle.recover(&batch)?;
        outputs.write(&recovered.verdicts);
        keys.write(recovered.keys.as_flattened());
        Ok(())
    };
    // SAFETY: the contract of the header.
    unsafe { answer(work, error) }
}

/// Computes digests: CHAINBOX_DIGEST_BYTES a message, in the order of the messages.
///
/// `hash` is a number of enum chainbox_hash; `messages` is a column of `items` strings. `digests_len` is the bytes of the room at `digests`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chainbox_digest(
    handle: *const Handle,
    hash: i32,
    items: usize,
    messages: *const Column,
    digests: *mut u8,
    digests_len: usize,
    error: *mut ErrorReport,
) -> Status {
    let work = || {
        // SAFETY: the contract of the header.
        let mut digests = unsafe { Output::zeroed(digests, digests_len, "digests") }?;
        // SAFETY: the contract of the header.
        let (handle, messages) = unsafe {
            let messages = memory::shared(messages, "messages")?;
            (memory::shared(handle, "handle")?, memory::strings(messages, memory::check_items(items)?, "messages")?)
        };
        digests.check_room(items * DIGEST_BYTES)?;
        let made = handle.digest(convert::hash_of_proto(hash)?, &messages.required()?)?;
        digests.write(made.as_flattened());
        Ok(())
    };
    // SAFETY: the contract of the header.
    unsafe { answer(work, error) }
}

/// What a byte of verdicts says, for people: "valid", or the check that failed. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn chainbox_verdict_text(verdict: u8) -> *const c_char {
    texts::of_verdict(verdict).as_ptr()
}

/// What a number of enum chainbox_status says, for people. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn chainbox_error_text(status: i32) -> *const c_char {
    texts::of_status(status).as_ptr()
}

/// The version of the library, as "1.2.3".
#[unsafe(no_mangle)]
pub extern "C" fn chainbox_version() -> *const c_char {
    texts::VERSION.as_ptr()
}

/// Does the work of a call and tells the caller what came of it.
///
/// # Safety
/// `error` is NULL or names room for one.
unsafe fn answer(work: impl FnOnce() -> Result<(), Failure>, error: *mut ErrorReport) -> Status {
    let outcome = guard(work);
    // SAFETY: as the caller says.
    unsafe { memory::report(error, &report_of(&outcome)) };
    outcome.err().map_or(Status::Ok, |failure| failure.status)
}

/// # Safety
/// As the header says of what the options name.
unsafe fn open(options: &Options) -> Result<Handle, Failure> {
    // SAFETY: as the caller says.
    let (address, ca_file, certificate_file, key_file) = unsafe {
        (
            memory::text(options.address, "address")?,
            memory::text(options.ca_file, "ca_file")?,
            memory::text(options.certificate_file, "certificate_file")?,
            memory::text(options.key_file, "key_file")?,
        )
    };
    match address {
        Some(address) => Handle::of_server(&Server { address, ca_file, certificate_file, key_file, deadline_ms: options.deadline_ms }),
        None if [ca_file, certificate_file, key_file].iter().any(Option::is_some) => {
            Err(Failure::argument("ca_file, certificate_file and key_file are for a server, and address is NULL"))
        }
        None => Handle::in_process(&InProcess { threads: options.threads, key_table_bytes: options.key_table_bytes }),
    }
}

/// Where verdicts go.
struct VerdictsOutput {
    verdicts: Output<u8>,
    all_valid: Output<u8>,
}

impl VerdictsOutput {
    /// # Safety
    /// As [`Output::zeroed`] and [`Output::optional`] say.
    unsafe fn zeroed(verdicts: *mut u8, verdicts_len: usize, all_valid: *mut u8) -> Result<Self, Failure> {
        // SAFETY: as the caller says.
        let (all_valid, verdicts) =
            unsafe { (Output::optional(all_valid, "all_valid"), Output::zeroed(verdicts, verdicts_len, "verdicts")) };
        Ok(Self { verdicts: verdicts?, all_valid: all_valid? })
    }

    fn write(&mut self, verdicts: &Verdicts) {
        let codes: Vec<u8> = verdicts.as_slice().iter().map(|verdict| verdict.code()).collect();
        self.verdicts.write(&codes);
        if self.all_valid.is_wanted() {
            self.all_valid.write(&[u8::from(verdicts.all())]);
        }
    }
}

/// The arguments of a call to verify.
struct Verify<'a> {
    handle: &'a Handle,
    request: VerifyRequest,
    columns: VerifyColumns<'a>,
}

impl Verify<'_> {
    /// # Safety
    /// As the header says of what they name.
    unsafe fn read(handle: *const Handle, request: *const VerifyRequest) -> Result<Self, Failure> {
        // SAFETY: as the caller says.
        unsafe {
            let (handle, request) = (memory::shared(handle, "handle")?, memory::structure(request)?);
            let column = |column, name| memory::strings(column, memory::check_items(request.items)?, name);
            let columns = VerifyColumns {
                keys: column(&request.keys, "keys")?,
                inputs: column(&request.inputs, "inputs")?,
                signatures: column(&request.signatures, "signatures")?,
                ids: column(&request.ids, "ids")?,
                hints: column(&request.hints, "hints")?,
            };
            Ok(Self { handle, request, columns })
        }
    }
}
