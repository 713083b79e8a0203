//! The functions that C calls. Each reads its arguments, leaves the work to safe code, and writes the outputs.

#![expect(unsafe_code, reason = "C passes pointers, and finds functions by their names")]
#![expect(
    clippy::missing_safety_doc,
    reason = "what callers have to guarantee is what PKCS#11 says: a pointer that is not NULL names what it should"
)]
#![expect(missing_docs, reason = "the standard documents them: PKCS#11 2.40, section 5")]

use std::ffi::c_void;

use chainbox_card::{Card, Level, guarded};
use chainbox_hsm::secret::{SECRET_BYTES_MAX, Secret};
use cryptoki_sys::*;

use crate::{
    answer::Answer,
    limits::{FOUND_MAX, PART_BYTES_MAX, RANDOM_BYTES_MAX, SIGNATURE_BYTES_MAX},
    make, mechanisms,
    memory::{self, Output},
    module::{self, Module},
    objects::Class,
    operations::{self, DIGEST_BYTES, Digesting, Signing},
    sessions::{Operations, Session, proceed, produce},
    token,
};

/// Does the work of a function. A panic is a failure of the library, and crosses no border.
fn answer(work: impl FnOnce() -> Answer<()>) -> CK_RV {
    match guarded(work) {
        Ok(Ok(())) => CKR_OK,
        Ok(Err(code)) => code,
        Err(panic) => {
            if let Ok(card) = Card::of_this_process() {
                card.log().line(Level::Error, &format!("libchainbox_pkcs11 has a fault, please report it: {panic}"));
            }
            CKR_GENERAL_ERROR
        }
    }
}

/// Does the work of a function in a session.
fn in_session(handle: CK_SESSION_HANDLE, work: impl FnOnce(&Module, &Session) -> Answer<()>) -> CK_RV {
    answer(|| {
        let module = module::get()?;
        let session = module.session(handle)?;
        work(&module, &session)
    })
}

/// Begins an operation, where none of its kind is under way. A mechanism that is NULL ends what is under way.
unsafe fn begin<T>(
    handle: CK_SESSION_HANDLE,
    mechanism: *const CK_MECHANISM,
    slot: impl FnOnce(&mut Operations) -> &mut Option<T>,
    make: impl FnOnce(&Module, CK_MECHANISM) -> Answer<T>,
) -> CK_RV {
    in_session(handle, |module, session| {
        // SAFETY: the contract of PKCS#11.
        let mechanism = unsafe { memory::optional(mechanism)? };
        let mut operations = session.operations();
        let slot = slot(&mut operations);
        match mechanism {
            None => *slot = None,
            Some(_) if slot.is_some() => return Err(CKR_OPERATION_ACTIVE),
            Some(mechanism) => *slot = Some(make(module, mechanism)?),
        }
        Ok(())
    })
}

/// A part of a message, or all of it.
unsafe fn part<'a>(start: *const CK_BYTE, len: CK_ULONG) -> Answer<&'a [u8]> {
    // SAFETY: the contract of PKCS#11.
    unsafe { memory::bytes(start, len, PART_BYTES_MAX, CKR_DATA_LEN_RANGE) }
}

/// A signature to verify.
unsafe fn signature<'a>(start: *const CK_BYTE, len: CK_ULONG) -> Answer<&'a [u8]> {
    // SAFETY: the contract of PKCS#11.
    unsafe { memory::bytes(start, len, SIGNATURE_BYTES_MAX, CKR_SIGNATURE_LEN_RANGE) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Initialize(arguments: *mut c_void) -> CK_RV {
    answer(|| {
        // SAFETY: the contract of PKCS#11.
        let arguments = unsafe { memory::optional(arguments.cast::<CK_C_INITIALIZE_ARGS>().cast_const())? };
        module::initialize(arguments.as_ref())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Finalize(reserved: *mut c_void) -> CK_RV {
    answer(|| if reserved.is_null() { module::finalize() } else { Err(CKR_ARGUMENTS_BAD) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetInfo(info: *mut CK_INFO) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    answer(|| module::get().and_then(|_| unsafe { memory::write(info, token::library()) }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    // SAFETY: the contract of PKCS#11; callers write nothing into the list.
    answer(|| unsafe { memory::write(list, (&raw const FUNCTIONS).cast_mut()) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetSlotList(_with_token: CK_BBOOL, slots: *mut CK_SLOT_ID, count: *mut CK_ULONG) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    answer(|| module::get().and_then(|_| unsafe { memory::list(slots, count, &[token::SLOT]) }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    answer(|| module::get().and_then(|_| token::check(slot)).and_then(|()| unsafe { memory::write(info, token::slot()) }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> CK_RV {
    answer(|| {
        let module = module::get()?;
        token::check(slot)?;
        // SAFETY: the contract of PKCS#11.
        unsafe { memory::write(info, token::token(&module)) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetMechanismList(slot: CK_SLOT_ID, mechanisms: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG) -> CK_RV {
    answer(|| {
        module::get()?;
        token::check(slot)?;
        let numbers: Vec<_> = mechanisms::ALL.iter().map(|mechanism| mechanism.number).collect();
        // SAFETY: the contract of PKCS#11.
        unsafe { memory::list(mechanisms, count, &numbers) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetMechanismInfo(slot: CK_SLOT_ID, mechanism: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO) -> CK_RV {
    answer(|| {
        module::get()?;
        token::check(slot)?;
        let mechanism = mechanisms::find(mechanism).ok_or(CKR_MECHANISM_INVALID)?;
        // SAFETY: the contract of PKCS#11.
        unsafe { memory::write(info, mechanism.info()) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    _application: *mut c_void,
    _notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    answer(|| {
        let module = module::get()?;
        // SAFETY: the contract of PKCS#11. The place is written before, so that no session opens of which nobody knows the handle.
        unsafe {
            memory::write(session, CK_INVALID_HANDLE)?;
            memory::write(session, module.open_session(slot, flags)?)
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CloseSession(session: CK_SESSION_HANDLE) -> CK_RV {
    answer(|| module::get()?.close_session(session))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CloseAllSessions(slot: CK_SLOT_ID) -> CK_RV {
    answer(|| {
        let module = module::get()?;
        token::check(slot)?;
        module.close_all();
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetSessionInfo(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    in_session(session, |module, session| unsafe { memory::write(info, module.session_info(session)) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Login(session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_UTF8CHAR, pin_len: CK_ULONG) -> CK_RV {
    in_session(session, |module, _| {
        if pin.is_null() {
            return Err(CKR_ARGUMENTS_BAD);
        }
        // SAFETY: the contract of PKCS#11.
        let pin = unsafe { memory::bytes(pin, pin_len, SECRET_BYTES_MAX, CKR_PIN_INCORRECT)? };
        module.login(user, &Secret::new(pin.to_vec()))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Logout(session: CK_SESSION_HANDLE) -> CK_RV {
    in_session(session, |module, _| module.logout())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CreateObject(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    object: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    in_session(session, |module, session| {
        // SAFETY: the contract of PKCS#11. The place is written before, so that nothing is made of which nobody knows the handle.
        unsafe {
            memory::write(object, CK_INVALID_HANDLE)?;
            memory::write(object, make::object(module, session, memory::template(template, count)?)?)
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> CK_RV {
    in_session(session, |module, session| make::destroy(module, session, object))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    in_session(session, |module, _| {
        let object = module.object(object)?;
        // SAFETY: the contract of PKCS#11.
        unsafe { memory::fill(template, count, |kind| object.value(kind)) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    in_session(session, |module, session| {
        // SAFETY: the contract of PKCS#11.
        make::rename(module, session, object, &unsafe { memory::template(template, count)? })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_FindObjectsInit(session: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG) -> CK_RV {
    in_session(session, |module, session| {
        // SAFETY: the contract of PKCS#11.
        let template = unsafe { memory::template(template, count)? };
        let mut operations = session.operations();
        if operations.find.is_some() {
            return Err(CKR_OPERATION_ACTIVE);
        }
        operations.find = Some(module.find(&template)?.into_iter());
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_FindObjects(
    session: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    max: CK_ULONG,
    count: *mut CK_ULONG,
) -> CK_RV {
    in_session(session, |_, session| {
        let mut operations = session.operations();
        let found = operations.find.as_mut().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        let max = usize::try_from(max).unwrap_or(FOUND_MAX).min(FOUND_MAX);
        // SAFETY: the contract of PKCS#11.
        unsafe { memory::found(objects, count, || found.take(max).collect()) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_FindObjectsFinal(session: CK_SESSION_HANDLE) -> CK_RV {
    in_session(session, |_, session| session.operations().find.take().map(drop).ok_or(CKR_OPERATION_NOT_INITIALIZED))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    unsafe { begin(session, mechanism, |operations| &mut operations.digest, |_, mechanism| Digesting::begin(mechanism)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Digest(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_len: CK_ULONG,
    digest: *mut CK_BYTE,
    digest_len: *mut CK_ULONG,
) -> CK_RV {
    in_session(session, |_, session| {
        // SAFETY: the contract of PKCS#11.
        let room = |_: &Digesting| unsafe { Output::new(digest, digest_len, DIGEST_BYTES) };
        // SAFETY: the same.
        produce(&mut session.operations().digest, room, |digesting| Ok(digesting.whole(unsafe { part(data, data_len)? })?.to_vec()))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) -> CK_RV {
    in_session(session, |_, session| {
        proceed(&mut session.operations().digest, |digesting| {
            // SAFETY: the contract of PKCS#11.
            digesting.update(unsafe { part(data, data_len)? });
            Ok(())
        })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_DigestFinal(session: CK_SESSION_HANDLE, digest: *mut CK_BYTE, digest_len: *mut CK_ULONG) -> CK_RV {
    in_session(session, |_, session| {
        // SAFETY: the contract of PKCS#11.
        let room = |_: &Digesting| unsafe { Output::new(digest, digest_len, DIGEST_BYTES) };
        produce(&mut session.operations().digest, room, |digesting| Ok(digesting.finish().to_vec()))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SignInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE) -> CK_RV {
    let make = |module: &Module, mechanism| Signing::begin(module, mechanism, key, Class::Private);
    // SAFETY: the contract of PKCS#11.
    unsafe { begin(session, mechanism, |operations| &mut operations.sign, make) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Sign(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_len: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_len: *mut CK_ULONG,
) -> CK_RV {
    in_session(session, |module, session| {
        // SAFETY: the contract of PKCS#11.
        let room = |signing: &Signing| unsafe { Output::new(signature, signature_len, signing.bytes_max()) };
        // SAFETY: the same.
        produce(&mut session.operations().sign, room, |signing| signing.whole(unsafe { part(data, data_len)? })?.sign(module))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SignUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    in_session(session, |_, session| proceed(&mut session.operations().sign, |signing| signing.update(unsafe { part(data, data_len)? })))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SignFinal(session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_len: *mut CK_ULONG) -> CK_RV {
    in_session(session, |module, session| {
        // SAFETY: the contract of PKCS#11.
        let room = |signing: &Signing| unsafe { Output::new(signature, signature_len, signing.bytes_max()) };
        produce(&mut session.operations().sign, room, |signing| signing.parts()?.sign(module))
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_VerifyInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE) -> CK_RV {
    let make = |module: &Module, mechanism| Signing::begin(module, mechanism, key, Class::Public);
    // SAFETY: the contract of PKCS#11.
    unsafe { begin(session, mechanism, |operations| &mut operations.verify, make) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_Verify(
    session: CK_SESSION_HANDLE,
    data: *mut CK_BYTE,
    data_len: CK_ULONG,
    signature: *mut CK_BYTE,
    signature_len: CK_ULONG,
) -> CK_RV {
    in_session(session, |module, session| {
        let verifying = session.operations().verify.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        // SAFETY: the contract of PKCS#11.
        let (data, signature) = unsafe { (part(data, data_len)?, self::signature(signature, signature_len)?) };
        verifying.whole(data)?.verify(module, signature)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_VerifyUpdate(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG) -> CK_RV {
    // SAFETY: the contract of PKCS#11.
    in_session(session, |_, session| proceed(&mut session.operations().verify, |signing| signing.update(unsafe { part(data, data_len)? })))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_VerifyFinal(session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_len: CK_ULONG) -> CK_RV {
    in_session(session, |module, session| {
        let verifying = session.operations().verify.take().ok_or(CKR_OPERATION_NOT_INITIALIZED)?;
        // SAFETY: the contract of PKCS#11.
        verifying.parts()?.verify(module, unsafe { self::signature(signature, signature_len)? })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GenerateKeyPair(
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    public: *mut CK_ATTRIBUTE,
    public_count: CK_ULONG,
    private: *mut CK_ATTRIBUTE,
    private_count: CK_ULONG,
    public_key: *mut CK_OBJECT_HANDLE,
    private_key: *mut CK_OBJECT_HANDLE,
) -> CK_RV {
    in_session(session, |module, session| {
        // SAFETY: the contract of PKCS#11. The places are written before, so that no key is made of which nobody knows the handles.
        unsafe {
            memory::write(public_key, CK_INVALID_HANDLE)?;
            memory::write(private_key, CK_INVALID_HANDLE)?;
            let mechanism = memory::read(mechanism.cast_const())?;
            let (public, private) = (memory::template(public, public_count)?, memory::template(private, private_count)?);
            let [made_public, made_private] = make::pair(module, session, mechanism, public, private)?;
            memory::write(public_key, made_public)?;
            memory::write(private_key, made_private)
        }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_SeedRandom(session: CK_SESSION_HANDLE, _seed: *mut CK_BYTE, _seed_len: CK_ULONG) -> CK_RV {
    in_session(session, |_, _| Err(CKR_RANDOM_SEED_NOT_SUPPORTED))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GenerateRandom(session: CK_SESSION_HANDLE, random: *mut CK_BYTE, random_len: CK_ULONG) -> CK_RV {
    in_session(session, |_, _| {
        let bytes = usize::try_from(random_len).ok().filter(|bytes| *bytes <= RANDOM_BYTES_MAX).ok_or(CKR_ARGUMENTS_BAD)?;
        // SAFETY: the contract of PKCS#11.
        unsafe { memory::random(random, &operations::random(bytes)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionStatus(session: CK_SESSION_HANDLE) -> CK_RV {
    in_session(session, |_, _| Err(CKR_FUNCTION_NOT_PARALLEL))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_CancelFunction(session: CK_SESSION_HANDLE) -> CK_RV {
    in_session(session, |_, _| Err(CKR_FUNCTION_NOT_PARALLEL))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_WaitForSlotEvent(flags: CK_FLAGS, _slot: *mut CK_SLOT_ID, _reserved: *mut c_void) -> CK_RV {
    // The token never comes or goes: whoever waits for that would wait for ever.
    answer(|| module::get().and(Err(if flags & CKF_DONT_BLOCK == 0 { CKR_FUNCTION_NOT_SUPPORTED } else { CKR_NO_EVENT })))
}

/// Functions of the standard that are not offered.
macro_rules! not_offered {
    ($($name:ident($($argument:ty),*);)*) => {
        $(#[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($(_: $argument),*) -> CK_RV {
            answer(|| module::get().and(Err(CKR_FUNCTION_NOT_SUPPORTED)))
        })*
    };
}

type Open = CK_SESSION_HANDLE;
type In = *mut CK_BYTE;
type Number = *mut CK_ULONG;
type With = *mut CK_MECHANISM;
type Template = *mut CK_ATTRIBUTE;
type Object = CK_OBJECT_HANDLE;
type Made = *mut CK_OBJECT_HANDLE;

not_offered! {
    C_InitToken(CK_SLOT_ID, In, CK_ULONG, In);
    C_InitPIN(Open, In, CK_ULONG);
    C_SetPIN(Open, In, CK_ULONG, In, CK_ULONG);
    C_GetOperationState(Open, In, Number);
    C_SetOperationState(Open, In, CK_ULONG, Object, Object);
    C_CopyObject(Open, Object, Template, CK_ULONG, Made);
    C_GetObjectSize(Open, Object, Number);
    C_EncryptInit(Open, With, Object);
    C_Encrypt(Open, In, CK_ULONG, In, Number);
    C_EncryptUpdate(Open, In, CK_ULONG, In, Number);
    C_EncryptFinal(Open, In, Number);
    C_DecryptInit(Open, With, Object);
    C_Decrypt(Open, In, CK_ULONG, In, Number);
    C_DecryptUpdate(Open, In, CK_ULONG, In, Number);
    C_DecryptFinal(Open, In, Number);
    C_DigestKey(Open, Object);
    C_SignRecoverInit(Open, With, Object);
    C_SignRecover(Open, In, CK_ULONG, In, Number);
    C_VerifyRecoverInit(Open, With, Object);
    C_VerifyRecover(Open, In, CK_ULONG, In, Number);
    C_DigestEncryptUpdate(Open, In, CK_ULONG, In, Number);
    C_DecryptDigestUpdate(Open, In, CK_ULONG, In, Number);
    C_SignEncryptUpdate(Open, In, CK_ULONG, In, Number);
    C_DecryptVerifyUpdate(Open, In, CK_ULONG, In, Number);
    C_GenerateKey(Open, With, Template, CK_ULONG, Made);
    C_WrapKey(Open, With, Object, Object, In, Number);
    C_UnwrapKey(Open, With, Object, In, CK_ULONG, Template, CK_ULONG, Made);
    C_DeriveKey(Open, With, Object, Template, CK_ULONG, Made);
}

macro_rules! function_list {
    ($($name:ident)*) => {
        CK_FUNCTION_LIST { version: CK_VERSION { major: 2, minor: 40 }, $($name: Some($name)),* }
    };
}

static FUNCTIONS: CK_FUNCTION_LIST = function_list! {
    C_Initialize C_Finalize C_GetInfo C_GetFunctionList C_GetSlotList C_GetSlotInfo C_GetTokenInfo C_GetMechanismList C_GetMechanismInfo C_InitToken C_InitPIN
    C_SetPIN C_OpenSession C_CloseSession C_CloseAllSessions C_GetSessionInfo C_GetOperationState C_SetOperationState C_Login C_Logout C_CreateObject
    C_CopyObject C_DestroyObject C_GetObjectSize C_GetAttributeValue C_SetAttributeValue C_FindObjectsInit C_FindObjects C_FindObjectsFinal C_EncryptInit
    C_Encrypt C_EncryptUpdate C_EncryptFinal C_DecryptInit C_Decrypt C_DecryptUpdate C_DecryptFinal C_DigestInit C_Digest C_DigestUpdate C_DigestKey
    C_DigestFinal C_SignInit C_Sign C_SignUpdate C_SignFinal C_SignRecoverInit C_SignRecover C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal
    C_VerifyRecoverInit C_VerifyRecover C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate C_GenerateKey
    C_GenerateKeyPair C_WrapKey C_UnwrapKey C_DeriveKey C_SeedRandom C_GenerateRandom C_GetFunctionStatus C_CancelFunction C_WaitForSlotEvent
};
