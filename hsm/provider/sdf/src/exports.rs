//! The functions that C calls. Each reads its arguments, leaves the work to safe code, and writes its outputs where that succeeded. The header says what they
//! do and what callers have to guarantee.

#![expect(unsafe_code, reason = "C passes pointers, and finds functions by their names")]

use std::ffi::{c_uint, c_void};

use chainbox_card::guarded;
use chainbox_hsm::{
    sdf::{
        Code,
        abi::{DeviceInfo, EccCipherHead, EccPrivateKey, EccPublicKey, EccSignature, SM2_BITS},
    },
    secret::SECRET_BYTES_MAX,
    software::sm2::MESSAGE_BYTES_MAX,
};
use zeroize::Zeroizing;

use crate::{
    algorithm::{self, Hash, Mode},
    asymmetric, device, failure,
    files::{FILE_BYTES_MAX, Files, NAME_BYTES_MAX},
    hash::{Hashing, ID_BYTES_MAX, STEP_BYTES_MAX},
    indexes::Use,
    memory::{self, Output},
    session::{self, RANDOM_BYTES_MAX, Session},
    symmetric::{BLOCK_BYTES, DATA_BYTES_MAX, Direction, KEY_BITS, SessionKey},
    tables,
};

/// A handle: a number.
type Handle = *mut c_void;

/// Does the work of a call, and gives its code. A panic is an unknown error, and logged.
fn answer(work: impl FnOnce() -> Result<(), Code>) -> c_uint {
    let outcome = guarded(work).unwrap_or_else(|panic| Err(failure::of_panic(&panic)));
    outcome.err().unwrap_or(Code::OK).0
}

/// The same for work in an open session.
fn in_session(session: Handle, work: impl FnOnce(&Session) -> Result<(), Code>) -> c_uint {
    answer(|| work(&*tables::session(session.addr())?))
}

/// That keys have this number of bits.
fn check_bits(bits: c_uint, expected: u32) -> Result<(), Code> {
    if bits == expected { Ok(()) } else { Err(Code::INPUT) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_OpenDevice(device: *mut Handle) -> c_uint {
    answer(|| {
        // SAFETY: the contract of the header.
        let device = unsafe { Output::new(device)? };
        device.write_handle(tables::open_device()?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_CloseDevice(device: Handle) -> c_uint {
    answer(|| tables::close_device(device.addr()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_OpenSession(device: Handle, session: *mut Handle) -> c_uint {
    answer(|| {
        // SAFETY: the contract of the header.
        let session = unsafe { Output::new(session)? };
        session.write_handle(tables::open_session(device.addr())?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_CloseSession(session: Handle) -> c_uint {
    answer(|| tables::close_session(session.addr()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_GetDeviceInfo(session: Handle, info: *mut DeviceInfo) -> c_uint {
    in_session(session, |_| {
        // SAFETY: the contract of the header.
        unsafe { Output::new(info)? }.write(device::info());
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_GenerateRandom(session: Handle, length: c_uint, random: *mut u8) -> c_uint {
    in_session(session, |_| {
        let length = length as usize;
        if length > RANDOM_BYTES_MAX {
            return Err(Code::INPUT);
        }
        // SAFETY: the contract of the header.
        let output = unsafe { Output::new(random)? };
        let mut random = Zeroizing::new(vec![0; length]);
        session::random(&mut random)?;
        output.write_all(&random);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_GetPrivateKeyAccessRight(session: Handle, index: c_uint, password: *const u8, length: c_uint) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        session.get_right(index, unsafe { memory::bytes(password, length, SECRET_BYTES_MAX)? })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ReleasePrivateKeyAccessRight(session: Handle, index: c_uint) -> c_uint {
    in_session(session, |session| session.release_right(index))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ExportSignPublicKey_ECC(session: Handle, index: c_uint, key: *mut EccPublicKey) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let key = unsafe { Output::new(key)? };
        key.write(EccPublicKey::new(&session.public_key(index, Use::Sign)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ExportEncPublicKey_ECC(session: Handle, index: c_uint, key: *mut EccPublicKey) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let key = unsafe { Output::new(key)? };
        key.write(EccPublicKey::new(&session.public_key(index, Use::Encrypt)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_GenerateKeyPair_ECC(
    session: Handle,
    algorithm: c_uint,
    bits: c_uint,
    public: *mut EccPublicKey,
    private: *mut EccPrivateKey,
) -> c_uint {
    in_session(session, |_| {
        algorithm::check_key_pair(algorithm)?;
        check_bits(bits, SM2_BITS)?;
        // SAFETY: the contract of the header.
        let (public, private) = unsafe { (Output::new(public)?, Output::new(private)?) };
        let key = asymmetric::generate()?;
        public.write(EccPublicKey::new(&key.public_key()));
        private.write(EccPrivateKey::new(&key.d()));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_GenerateKeyWithIPK_ECC(
    session: Handle,
    index: c_uint,
    bits: c_uint,
    ciphertext: *mut EccCipherHead,
    handle: *mut Handle,
) -> c_uint {
    in_session(session, |session| {
        check_bits(bits, KEY_BITS)?;
        // SAFETY: the contract of the header.
        let (output, handle) = unsafe { (Output::new(ciphertext)?, Output::new(handle)?) };
        let (key, bytes) = SessionKey::generate()?;
        let ciphertext = asymmetric::encrypt(&session.public_key(index, Use::Encrypt)?, &bytes[..])?;
        handle.write_handle(session.keep(key)?);
        output.write_ciphertext(&ciphertext);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_GenerateKeyWithEPK_ECC(
    session: Handle,
    bits: c_uint,
    algorithm: c_uint,
    public: *const EccPublicKey,
    ciphertext: *mut EccCipherHead,
    handle: *mut Handle,
) -> c_uint {
    in_session(session, |session| {
        check_bits(bits, KEY_BITS)?;
        algorithm::check_encryption(algorithm)?;
        // SAFETY: the contract of the header.
        let (public, output, handle) = unsafe { (memory::public_key(public)?, Output::new(ciphertext)?, Output::new(handle)?) };
        let (key, bytes) = SessionKey::generate()?;
        let ciphertext = asymmetric::encrypt(&public, &bytes[..])?;
        handle.write_handle(session.keep(key)?);
        output.write_ciphertext(&ciphertext);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ImportKeyWithISK_ECC(
    session: Handle,
    index: c_uint,
    ciphertext: *const EccCipherHead,
    handle: *mut Handle,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (ciphertext, handle) = unsafe { (memory::ciphertext(ciphertext)?, Output::new(handle)?) };
        handle.write_handle(session.keep(session.import(index, &ciphertext)?)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ImportKey(session: Handle, key: *const u8, length: c_uint, handle: *mut Handle) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (key, handle) = unsafe { (Zeroizing::new(memory::array::<BLOCK_BYTES>(key, length)?), Output::new(handle)?) };
        handle.write_handle(session.keep(SessionKey::new(&key))?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_DestroyKey(session: Handle, key: Handle) -> c_uint {
    in_session(session, |session| session.destroy(key.addr()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ExternalVerify_ECC(
    session: Handle,
    algorithm: c_uint,
    key: *const EccPublicKey,
    data: *const u8,
    length: c_uint,
    signature: *const EccSignature,
) -> c_uint {
    in_session(session, |session| {
        algorithm::check_signature(algorithm)?;
        // SAFETY: the contract of the header.
        let (key, e, signature) = unsafe { (memory::public_key(key)?, memory::array(data, length)?, memory::signature(signature)?) };
        session.verify(&key, &e, &signature)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_InternalVerify_ECC(
    session: Handle,
    index: c_uint,
    data: *const u8,
    length: c_uint,
    signature: *const EccSignature,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (e, signature) = unsafe { (memory::array(data, length)?, memory::signature(signature)?) };
        session.verify(&session.public_key(index, Use::Sign)?, &e, &signature)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_InternalSign_ECC(
    session: Handle,
    index: c_uint,
    data: *const u8,
    length: c_uint,
    signature: *mut EccSignature,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (e, signature) = unsafe { (memory::array(data, length)?, Output::new(signature)?) };
        signature.write(EccSignature::new(&session.sign(index, &e)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ExternalSign_ECC(
    session: Handle,
    algorithm: c_uint,
    key: *const EccPrivateKey,
    data: *const u8,
    length: c_uint,
    signature: *mut EccSignature,
) -> c_uint {
    in_session(session, |_| {
        algorithm::check_signature(algorithm)?;
        // SAFETY: the contract of the header.
        let (d, e, signature) = unsafe { (memory::private_key(key)?, memory::array(data, length)?, Output::new(signature)?) };
        signature.write(EccSignature::new(&asymmetric::sign(&d, &e)?));
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ExternalEncrypt_ECC(
    session: Handle,
    algorithm: c_uint,
    key: *const EccPublicKey,
    data: *const u8,
    length: c_uint,
    ciphertext: *mut EccCipherHead,
) -> c_uint {
    in_session(session, |_| {
        algorithm::check_encryption(algorithm)?;
        // SAFETY: the contract of the header.
        let (key, data, output) =
            unsafe { (memory::public_key(key)?, memory::bytes(data, length, MESSAGE_BYTES_MAX)?, Output::new(ciphertext)?) };
        output.write_ciphertext(&asymmetric::encrypt(&key, data)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_InternalEncrypt_ECC(
    session: Handle,
    index: c_uint,
    algorithm: c_uint,
    data: *const u8,
    length: c_uint,
    ciphertext: *mut EccCipherHead,
) -> c_uint {
    in_session(session, |session| {
        algorithm::check_encryption(algorithm)?;
        // SAFETY: the contract of the header.
        let (data, output) = unsafe { (memory::bytes(data, length, MESSAGE_BYTES_MAX)?, Output::new(ciphertext)?) };
        output.write_ciphertext(&asymmetric::encrypt(&session.public_key(index, Use::Encrypt)?, data)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ExternalDecrypt_ECC(
    session: Handle,
    algorithm: c_uint,
    key: *const EccPrivateKey,
    ciphertext: *const EccCipherHead,
    data: *mut u8,
    length: *mut c_uint,
) -> c_uint {
    in_session(session, |_| {
        algorithm::check_encryption(algorithm)?;
        // SAFETY: the contract of the header.
        let (d, ciphertext, data, length) =
            unsafe { (memory::private_key(key)?, memory::ciphertext(ciphertext)?, Output::new(data)?, Output::new(length)?) };
        let message = asymmetric::decrypt(&d, &ciphertext)?;
        data.write_all(&message);
        length.write(message.len() as c_uint);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_InternalDecrypt_ECC(
    session: Handle,
    index: c_uint,
    algorithm: c_uint,
    ciphertext: *const EccCipherHead,
    data: *mut u8,
    length: *mut c_uint,
) -> c_uint {
    in_session(session, |session| {
        algorithm::check_encryption(algorithm)?;
        // SAFETY: the contract of the header.
        let (ciphertext, data, length) = unsafe { (memory::ciphertext(ciphertext)?, Output::new(data)?, Output::new(length)?) };
        let message = session.decrypt(index, &ciphertext)?;
        data.write_all(&message);
        length.write(message.len() as c_uint);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_Encrypt(
    session: Handle,
    key: Handle,
    algorithm: c_uint,
    vector: *mut u8,
    data: *const u8,
    length: c_uint,
    output: *mut u8,
    output_length: *mut c_uint,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        unsafe { cipher(Direction::Encrypt, session, key.addr(), algorithm, vector, (data, length), (output, output_length)) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_Decrypt(
    session: Handle,
    key: Handle,
    algorithm: c_uint,
    vector: *mut u8,
    data: *const u8,
    length: c_uint,
    output: *mut u8,
    output_length: *mut c_uint,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        unsafe { cipher(Direction::Decrypt, session, key.addr(), algorithm, vector, (data, length), (output, output_length)) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_CalculateMAC(
    session: Handle,
    key: Handle,
    algorithm: c_uint,
    vector: *mut u8,
    data: *const u8,
    length: c_uint,
    mac: *mut u8,
    mac_length: *mut c_uint,
) -> c_uint {
    in_session(session, |session| {
        let key = session.key(key.addr())?;
        if algorithm::mode(algorithm)? != Mode::Mac {
            return Err(Code::MODE);
        }
        // SAFETY: the contract of the header.
        let ((vector, next), data, output, mac_length) = unsafe {
            (memory::initial_vector(vector)?, memory::bytes(data, length, DATA_BYTES_MAX)?, Output::new(mac)?, Output::new(mac_length)?)
        };
        let mac = key.mac(&vector, data)?;
        next.write_all(&mac);
        output.write_all(&mac);
        mac_length.write(mac.len() as c_uint);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_HashInit(
    session: Handle,
    algorithm: c_uint,
    key: *const EccPublicKey,
    id: *const u8,
    length: c_uint,
) -> c_uint {
    in_session(session, |session| {
        let hash = algorithm::hash(algorithm)?;
        if hash != Hash::Sm3 || length == 0 {
            session.begin_hash(Hashing::new(hash));
            return Ok(());
        }
        // SAFETY: the contract of the header.
        let (key, id) = unsafe { (memory::public_key(key)?, memory::bytes(id, length, ID_BYTES_MAX)?) };
        session.begin_hash(Hashing::of_signer(&key, id)?);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_HashUpdate(session: Handle, data: *const u8, length: c_uint) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        session.update_hash(unsafe { memory::bytes(data, length, STEP_BYTES_MAX)? })
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_HashFinal(session: Handle, digest: *mut u8, length: *mut c_uint) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (output, length) = unsafe { (Output::new(digest)?, Output::new(length)?) };
        let digest = session.finish_hash()?;
        output.write_all(&digest);
        length.write(digest.len() as c_uint);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_CreateFile(session: Handle, name: *const u8, name_length: c_uint, bytes: c_uint) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        Files::of(&session.device.card)?.create(unsafe { memory::bytes(name, name_length, NAME_BYTES_MAX)? }, bytes as usize)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_ReadFile(
    session: Handle,
    name: *const u8,
    name_length: c_uint,
    offset: c_uint,
    length: *mut c_uint,
    buffer: *mut u8,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (name, (wanted, length), buffer) =
            unsafe { (memory::bytes(name, name_length, NAME_BYTES_MAX)?, memory::length(length)?, Output::new(buffer)?) };
        let read = Files::of(&session.device.card)?.read(name, offset as usize, wanted as usize)?;
        buffer.write_all(&read);
        length.write(read.len() as c_uint);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_WriteFile(
    session: Handle,
    name: *const u8,
    name_length: c_uint,
    offset: c_uint,
    length: c_uint,
    buffer: *const u8,
) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        let (name, bytes) = unsafe { (memory::bytes(name, name_length, NAME_BYTES_MAX)?, memory::bytes(buffer, length, FILE_BYTES_MAX)?) };
        Files::of(&session.device.card)?.write(name, offset as usize, bytes)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn SDF_DeleteFile(session: Handle, name: *const u8, name_length: c_uint) -> c_uint {
    in_session(session, |session| {
        // SAFETY: the contract of the header.
        Files::of(&session.device.card)?.delete(unsafe { memory::bytes(name, name_length, NAME_BYTES_MAX)? })
    })
}

/// Encrypts or decrypts with a session key.
///
/// # Safety
/// The contract of the header.
unsafe fn cipher(
    direction: Direction,
    session: &Session,
    key: usize,
    algorithm: c_uint,
    vector: *mut u8,
    (data, length): (*const u8, c_uint),
    (output, output_length): (*mut u8, *mut c_uint),
) -> Result<(), Code> {
    let key = session.key(key)?;
    let mode = algorithm::mode(algorithm)?;
    // SAFETY: as the caller says.
    let (data, output, output_length) =
        unsafe { (memory::bytes(data, length, DATA_BYTES_MAX)?, Output::new(output)?, Output::new(output_length)?) };
    let done = match mode {
        Mode::Ecb => key.ecb(direction, data)?,
        Mode::Cbc => {
            // SAFETY: as the caller says.
            let (mut vector, next) = unsafe { memory::initial_vector(vector)? };
            let done = key.cbc(direction, &mut vector, data)?;
            next.write_all(&vector);
            done
        }
        Mode::Mac => return Err(Code::MODE),
    };
    output.write_all(&done);
    output_length.write(done.len() as c_uint);
    Ok(())
}

/// Functions of the standard that are not offered. Their arguments are not looked at.
macro_rules! not_offered {
    ($($name:ident)*) => {
        $(
            #[unsafe(no_mangle)]
            pub extern "C" fn $name() -> c_uint {
                Code::NOT_SUPPORTED.0
            }
        )*
    };
}

not_offered! {
    SDF_ExportSignPublicKey_RSA
    SDF_ExportEncPublicKey_RSA
    SDF_GenerateKeyPair_RSA
    SDF_GenerateKeyWithIPK_RSA
    SDF_GenerateKeyWithEPK_RSA
    SDF_ImportKeyWithISK_RSA
    SDF_ExchangeDigitEnvelopeBaseOnRSA
    SDF_ExternalPublicKeyOperation_RSA
    SDF_ExternalPrivateKeyOperation_RSA
    SDF_InternalPublicKeyOperation_RSA
    SDF_InternalPrivateKeyOperation_RSA
    SDF_GenerateAgreementDataWithECC
    SDF_GenerateKeyWithECC
    SDF_GenerateAgreementDataAndKeyWithECC
    SDF_ExchangeDigitEnvelopeBaseOnECC
    SDF_GenerateKeyWithKEK
    SDF_ImportKeyWithKEK
}
