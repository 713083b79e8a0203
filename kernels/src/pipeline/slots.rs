//! Slots in rotation: while one is packed, another is on its way, and a third is read back.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::{ANSWER_TIME_MAX, pack::Staging};
use crate::device::{Device, DeviceError, SlotBytes};

/// How many slots a device has at most.
pub(super) const SLOTS: usize = 3;

/// A slot with the host's side of it.
pub(super) struct Station<D: Device> {
    pub slot: D::Slot,
    pub staging: Staging,
}

/// The slots of a device. They are made when there is need of one more.
pub(super) struct Slots<D: Device> {
    bytes: SlotBytes,
    state: Mutex<State<D>>,
    changed: Condvar,
}

struct State<D: Device> {
    free: Vec<Station<D>>,
    /// Slots that exist, free or not.
    made: usize,
    /// Slots that may exist: fewer than [`SLOTS`] where memory ran out.
    made_max: usize,
}

impl<D: Device> Slots<D> {
    pub(super) const fn new(bytes: SlotBytes) -> Self {
        Self { bytes, state: Mutex::new(State { free: Vec::new(), made: 0, made_max: SLOTS }), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free slot. Where there is none, `None`, or with `may_wait` the next that gets free. Only who has none himself may wait: the others give theirs back
    /// without waiting for anybody.
    ///
    /// # Errors
    /// [`DeviceError`] where no slot can be made, or none gets free.
    pub(super) fn take(&self, device: &D, tables: &D::Tables, may_wait: bool) -> Result<Option<Station<D>>, DeviceError> {
        let deadline = Instant::now() + SLOTS as u32 * ANSWER_TIME_MAX;
        let mut state = self.lock();
        loop {
            if let Some(station) = state.free.pop() {
                return Ok(Some(station));
            }
            if state.made < state.made_max {
                state.made += 1;
                drop(state);
                match device.slot(self.bytes, tables) {
                    Ok(slot) => return Ok(Some(Station { slot, staging: Staging::default() })),
                    Err(error) => {
                        state = self.lock();
                        state.made -= 1;
                        if !matches!(error, DeviceError::Memory { .. }) || state.made == 0 {
                            self.changed.notify_all();
                            return Err(error);
                        }
                        state.made_max = state.made;
                        continue;
                    }
                }
            }
            if !may_wait {
                return Ok(None);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(DeviceError::Hangs(SLOTS as u32 * ANSWER_TIME_MAX));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a slot back whose work is done.
    pub(super) fn give_back(&self, station: Station<D>) {
        self.lock().free.push(station);
        self.changed.notify_one();
    }

    /// Forgets slots that nobody will give back.
    pub(super) fn lose(&self, slots: usize) {
        if slots > 0 {
            self.lock().made -= slots;
            self.changed.notify_all();
        }
    }
}
