//! The vendor's library: all calls into it, and all `unsafe` of the adapter.
//!
//! Handles are never looked into, only handed back to the library that gave them; a session holds its device, so that none outlives the other. What a library
//! writes goes into structures with a guard behind them: it may write more than the standard says.
#![expect(unsafe_code, reason = "functions of a vendor's library are called by their C signatures")]

use std::{
    ffi::{c_int, c_uchar, c_uint, c_void},
    mem::ManuallyDrop,
    path::Path,
    ptr::{self, NonNull},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use zeroize::Zeroizing;

use super::{
    abi::{DeviceInfo, EccPublicKey, EccSignature, UNWRITTEN},
    codes::{Code, Fault},
};
use crate::{Error, Kind};

/// Bytes behind a structure that a library must leave alone.
const GUARD_BYTES: usize = 256;

/// The functions of GM/T 0018-2012 (6.2 to 6.4) that are used. Their arguments are as the standard has them; `unsigned int` has 32 bits.
struct Functions {
    open_device: unsafe extern "C" fn(*mut *mut c_void) -> c_int,
    close_device: unsafe extern "C" fn(*mut c_void) -> c_int,
    open_session: unsafe extern "C" fn(*mut c_void, *mut *mut c_void) -> c_int,
    close_session: unsafe extern "C" fn(*mut c_void) -> c_int,
    device_info: unsafe extern "C" fn(*mut c_void, *mut DeviceInfo) -> c_int,
    random: unsafe extern "C" fn(*mut c_void, c_uint, *mut c_uchar) -> c_int,
    get_right: unsafe extern "C" fn(*mut c_void, c_uint, *mut c_uchar, c_uint) -> c_int,
    release_right: unsafe extern "C" fn(*mut c_void, c_uint) -> c_int,
    export: unsafe extern "C" fn(*mut c_void, c_uint, *mut EccPublicKey) -> c_int,
    sign: unsafe extern "C" fn(*mut c_void, c_uint, *mut c_uchar, c_uint, *mut EccSignature) -> c_int,
    verify: unsafe extern "C" fn(*mut c_void, c_uint, *mut EccPublicKey, *mut c_uchar, c_uint, *mut EccSignature) -> c_int,
}

/// A loaded library. It stays loaded: its own threads may outlive its last session, and would run code that is gone.
pub(super) struct Library {
    functions: Functions,
}

impl Library {
    /// Loads a library, whose initialisers run, and finds its functions.
    pub(super) fn load(path: &Path, place: &str) -> Result<Self, Error> {
        let broken = |what: String, remedy: &str| Error::new(Kind::Library, place, what).remedy(remedy);
        // SAFETY: what a library's initialisers do is the vendor's matter; the operator chose it in the settings.
        let library = unsafe { libloading::Library::new(path) }.map_err(|error| {
            let what = format!("{} cannot be loaded: {}", path.display(), whole(&error));
            broken(what, "name the vendor's SDF library for this architecture, and see with ldd that all it needs is there")
        })?;
        let library = ManuallyDrop::new(library);
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the standard fixes the signature of the function that has this name.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }.map_err(|_| {
                    let what = format!("{} has no function {}", path.display(), $name);
                    broken(what, "name the vendor's library for GM/T 0018-2012 or later, also called SDF or SDS")
                })?
            };
        }
        let functions = Functions {
            open_device: function!("SDF_OpenDevice"),
            close_device: function!("SDF_CloseDevice"),
            open_session: function!("SDF_OpenSession"),
            close_session: function!("SDF_CloseSession"),
            device_info: function!("SDF_GetDeviceInfo"),
            random: function!("SDF_GenerateRandom"),
            get_right: function!("SDF_GetPrivateKeyAccessRight"),
            release_right: function!("SDF_ReleasePrivateKeyAccessRight"),
            export: function!("SDF_ExportSignPublicKey_ECC"),
            sign: function!("SDF_InternalSign_ECC"),
            verify: function!("SDF_ExternalVerify_ECC"),
        };
        Ok(Self { functions })
    }
}

/// An error with what it came from: the loader names the library that is missing there.
fn whole(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// What a library gave to be handed back.
struct Handle(NonNull<c_void>);

// SAFETY: the pointer is never followed here. The standard binds handles to no thread; libraries that do are used from one thread alone.
unsafe impl Send for Handle {}
// SAFETY: as above; only the pointer's value is shared.
unsafe impl Sync for Handle {}

impl Handle {
    fn new(handle: *mut c_void, function: &'static str) -> Result<Self, Fault> {
        NonNull::new(handle).map(Self).ok_or(Fault::Lies { function, what: "it answered success and gave no handle" })
    }
}

/// A value that a library writes, and a guard behind it.
#[repr(C)]
struct Guarded<T> {
    value: T,
    guard: [u8; GUARD_BYTES],
}

impl<T> Guarded<T> {
    fn new(value: T) -> Self {
        Self { value, guard: [UNWRITTEN; GUARD_BYTES] }
    }

    /// A pointer through which the guard may be written too.
    fn pointer(&mut self) -> *mut T {
        ptr::from_mut(self).cast()
    }

    fn take(self, function: &'static str, code: c_int) -> Result<T, Fault> {
        check(function, code)?;
        if self.guard == [UNWRITTEN; GUARD_BYTES] {
            Ok(self.value)
        } else {
            Err(Fault::Lies { function, what: "it wrote beyond the end of a structure" })
        }
    }
}

fn check(function: &'static str, code: c_int) -> Result<(), Fault> {
    match Code(code.cast_unsigned()) {
        Code::OK => Ok(()),
        code => Err(Fault::Code { function, code }),
    }
}

fn length(bytes: &[u8]) -> c_uint {
    c_uint::try_from(bytes.len()).expect("callers hand over less than 4 GiB")
}

/// An open device.
pub(super) struct Device {
    library: Arc<Library>,
    handle: Handle,
    is_retired: AtomicBool,
}

impl Device {
    pub(super) fn open(library: Arc<Library>) -> Result<Self, Fault> {
        let mut handle = Guarded::new(ptr::null_mut());
        // SAFETY: the pointer is good for one handle.
        let code = unsafe { (library.functions.open_device)(handle.pointer()) };
        let handle = Handle::new(handle.take("SDF_OpenDevice", code)?, "SDF_OpenDevice")?;
        Ok(Self { library, handle, is_retired: AtomicBool::new(false) })
    }

    /// No session is made on it any more, and those that there are go when they are next looked at.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Relaxed)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: the handle is this library's, and no session holds the device any more. Whether that succeeds changes nothing.
        let _ = unsafe { (self.library.functions.close_device)(self.handle.0.as_ptr()) };
    }
}

/// A session. It is used by one thread at a time.
pub(super) struct Session {
    device: Arc<Device>,
    handle: Handle,
}

impl Session {
    pub(super) fn open(device: Arc<Device>) -> Result<Self, Fault> {
        let mut handle = Guarded::new(ptr::null_mut());
        // SAFETY: the device is open, and the pointer is good for one handle.
        let code = unsafe { (device.library.functions.open_session)(device.handle.0.as_ptr(), handle.pointer()) };
        let handle = Handle::new(handle.take("SDF_OpenSession", code)?, "SDF_OpenSession")?;
        Ok(Self { device, handle })
    }

    pub(super) const fn device(&self) -> &Arc<Device> {
        &self.device
    }

    fn functions(&self) -> &Functions {
        &self.device.library.functions
    }

    fn raw(&self) -> *mut c_void {
        self.handle.0.as_ptr()
    }

    pub(super) fn device_info(&mut self) -> Result<DeviceInfo, Fault> {
        let mut info = Guarded::new(DeviceInfo::EMPTY);
        // SAFETY: the session is open, and the pointer is good for one structure.
        let code = unsafe { (self.functions().device_info)(self.raw(), info.pointer()) };
        info.take("SDF_GetDeviceInfo", code)
    }

    /// Fills the slice with random bytes.
    pub(super) fn random(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        let mut guarded = Zeroizing::new(vec![0; bytes.len() + GUARD_BYTES]);
        let wanted = length(bytes);
        // SAFETY: the session is open, and the pointer is good for more bytes than are asked for.
        let code = unsafe { (self.functions().random)(self.raw(), wanted, guarded.as_mut_ptr()) };
        check("SDF_GenerateRandom", code)?;
        let (random, guard) = guarded.split_at(bytes.len());
        if guard != [0; GUARD_BYTES] {
            return Err(Fault::Lies { function: "SDF_GenerateRandom", what: "it wrote more bytes than were asked for" });
        }
        bytes.copy_from_slice(random);
        Ok(())
    }

    /// Gets the right to use the private key of an index.
    pub(super) fn get_right(&mut self, index: u32, password: &[u8]) -> Result<(), Fault> {
        // The standard lets the library write there.
        let mut password = Zeroizing::new(password.to_vec());
        let length = length(&password);
        // SAFETY: the session is open, and the pointer is good for as many bytes as are named.
        let code = unsafe { (self.functions().get_right)(self.raw(), index, password.as_mut_ptr(), length) };
        check("SDF_GetPrivateKeyAccessRight", code)
    }

    pub(super) fn release_right(&mut self, index: u32) -> Result<(), Fault> {
        // SAFETY: the session is open.
        let code = unsafe { (self.functions().release_right)(self.raw(), index) };
        check("SDF_ReleasePrivateKeyAccessRight", code)
    }

    /// The public half of the signature key of an index.
    pub(super) fn export(&mut self, index: u32) -> Result<EccPublicKey, Fault> {
        let mut key = Guarded::new(EccPublicKey::UNWRITTEN);
        // SAFETY: the session is open, and the pointer is good for one structure.
        let code = unsafe { (self.functions().export)(self.raw(), index, key.pointer()) };
        key.take("SDF_ExportSignPublicKey_ECC", code)
    }

    /// Signs e with the key of an index.
    pub(super) fn sign(&mut self, index: u32, mut e: [u8; 32]) -> Result<EccSignature, Fault> {
        let mut signature = Guarded::new(EccSignature::UNWRITTEN);
        // SAFETY: the session is open, and the pointers are good for 32 bytes and for one structure.
        let code = unsafe { (self.functions().sign)(self.raw(), index, e.as_mut_ptr(), length(&e), signature.pointer()) };
        signature.take("SDF_InternalSign_ECC", code)
    }

    /// Verifies a signature over e under the number of an algorithm.
    pub(super) fn verify(
        &mut self,
        algorithm: u32,
        mut key: EccPublicKey,
        mut e: [u8; 32],
        mut signature: EccSignature,
    ) -> Result<(), Fault> {
        // SAFETY: the session is open, and the pointers are good for one structure each and for 32 bytes.
        let code =
            unsafe { (self.functions().verify)(self.raw(), algorithm, &raw mut key, e.as_mut_ptr(), length(&e), &raw mut signature) };
        check("SDF_ExternalVerify_ECC", code)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the handle is this library's, and nobody uses it any more. Whether that succeeds changes nothing.
        let _ = unsafe { (self.functions().close_session)(self.raw()) };
    }
}
