//! Programs are compiled when something needs them first, and stay.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use crate::{
    device::{Device, DeviceError},
    program::{Program, Purpose},
};

/// A program on the device.
pub(super) struct Compiled<D: Device> {
    pub compiled: D::Program,
    pub kernels: Vec<&'static str>,
}

/// The programs of a device. There are as many as [`Purpose`] has values.
pub(super) struct Programs<D: Device> {
    ready: RwLock<HashMap<Purpose, Arc<Compiled<D>>>>,
    /// One compiles at a time; who has what he needs does not wait for it.
    compiling: Mutex<()>,
}

impl<D: Device> Default for Programs<D> {
    fn default() -> Self {
        Self { ready: RwLock::default(), compiling: Mutex::default() }
    }
}

impl<D: Device> Programs<D> {
    /// The program for a purpose, compiled now if it has to be.
    ///
    /// # Errors
    /// [`DeviceError`] where it does not compile.
    pub(super) fn get(&self, device: &D, purpose: Purpose) -> Result<Arc<Compiled<D>>, DeviceError> {
        if let Some(ready) = self.find(purpose) {
            return Ok(ready);
        }
        let _alone = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = self.find(purpose) {
            return Ok(ready);
        }
        let program = Program::new(purpose);
        let compiled = Arc::new(Compiled { compiled: device.compile(&program)?, kernels: program.kernels });
        self.ready.write().unwrap_or_else(PoisonError::into_inner).insert(purpose, Arc::clone(&compiled));
        Ok(compiled)
    }

    fn find(&self, purpose: Purpose) -> Option<Arc<Compiled<D>>> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).get(&purpose).cloned()
    }
}
