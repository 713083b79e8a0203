//! What belongs to a process, and the border that no panic crosses.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::Arc,
};

use arc_swap::ArcSwapOption;

/// A value of this process. A child that was forked has none at first: threads, locks and connections of its parent are of no use to it, so the parent's
/// value is neither used nor dropped there. No lock is taken, since a fork could leave it taken for good.
pub struct PerProcess<T> {
    current: ArcSwapOption<Owned<T>>,
}

struct Owned<T> {
    pid: u32,
    value: Arc<T>,
}

impl<T> PerProcess<T> {
    /// No value yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { current: ArcSwapOption::const_empty() }
    }

    /// This process's value, where it has one.
    #[must_use]
    pub fn get(&self) -> Option<Arc<T>> {
        let current = self.current.load();
        let owned = current.as_ref().filter(|owned| owned.pid == process::id())?;
        Some(Arc::clone(&owned.value))
    }

    /// This process's value; it is made where there is none. Where several threads make one at once, all get the same.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let pid = process::id();
        let made = Arc::new(Owned { pid, value: Arc::new(make()?) });
        loop {
            let current = self.current.load();
            if let Some(owned) = current.as_ref().filter(|owned| owned.pid == pid) {
                return Ok(Arc::clone(&owned.value));
            }
            let before = self.current.compare_and_swap(&*current, Some(Arc::clone(&made)));
            if before.as_ref().map(Arc::as_ptr) == current.as_ref().map(Arc::as_ptr) {
                // The parent's, if any: kept for ever rather than dropped.
                mem::forget(before.as_ref().map(Arc::clone));
                return Ok(Arc::clone(&made.value));
            }
        }
    }

    /// Lets go of this process's value.
    pub fn clear(&self) {
        if self.get().is_some() {
            self.current.store(None);
        }
    }
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Does the work of a function that C calls: nothing may unwind into C. What a panic says comes back as the error.
///
/// # Errors
/// The text of the panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| text_of(payload.as_ref()).unwrap_or("no text").to_owned())
}

fn text_of(payload: &dyn Any) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, thread};

    use super::*;

    #[test]
    fn threads_that_come_together_get_one_value() {
        let value = PerProcess::new();
        let make = || value.get_or_try_init(|| Ok::<_, Infallible>(thread::current().id())).unwrap_or_else(|never| match never {});
        let values: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(values.iter().all(|other| Arc::ptr_eq(other, &values[0])));
        value.clear();
        assert!(value.get().is_none());
        assert_eq!(value.get_or_try_init(|| Err::<thread::ThreadId, _>("no")).unwrap_err(), "no");
    }

    #[test]
    fn another_process_s_value_is_not_ones_own() {
        let value = PerProcess::new();
        value.current.store(Some(Arc::new(Owned { pid: process::id() ^ 1, value: Arc::new(1) })));
        assert!(value.get().is_none());
        assert_eq!(value.get_or_try_init(|| Ok::<_, Infallible>(2)), Ok(Arc::new(2)));
        assert_eq!(value.get(), Some(Arc::new(2)));
    }

    #[test]
    fn a_panic_stays_inside() {
        assert_eq!(guarded(|| 1), Ok(1));
        assert_eq!(guarded(|| -> u8 { panic!("in words") }), Err("in words".to_owned()));
        assert_eq!(guarded(|| -> u8 { panic!("{}", 1 + 1) }), Err("2".to_owned()));
    }
}
