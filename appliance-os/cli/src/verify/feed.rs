//! What was read and not yet taken: a bounded buffer between the thread that reads and the one that verifies.
//!
//! The taker gets all that is there, so that a slow input is answered line by line and a fast one in large batches.

use std::{
    io,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use super::lines::Block;

/// Bytes of lines from which on reading waits. With what is being verified, twice as many are held.
pub const PENDING_BYTES_MAX: usize = 16 << 20;

/// Lines from which on reading waits: enough to keep many cores busy, and some tenths of a second of work for two, so that progress shows.
pub const PENDING_LINES_MAX: usize = 16_384;

/// The buffer.
#[derive(Default)]
pub struct Feed {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    blocks: Vec<Block>,
    bytes: usize,
    lines: usize,
    /// Nothing more comes: the input ended, with an error or without.
    ended: Option<Result<(), io::Error>>,
    /// Nobody takes any more.
    abandoned: bool,
}

impl Feed {
    /// Appends a block, once there is room. False where nobody takes any more.
    pub fn push(&self, block: Block) -> bool {
        let is_full = |state: &mut State| !state.abandoned && (state.bytes >= PENDING_BYTES_MAX || state.lines >= PENDING_LINES_MAX);
        let mut state = self.changed.wait_while(self.lock(), is_full).unwrap_or_else(PoisonError::into_inner);
        state.bytes += block.bytes();
        state.lines += block.len();
        state.blocks.push(block);
        self.changed.notify_all();
        !state.abandoned
    }

    /// Says that nothing more comes.
    pub fn end(&self, result: Result<(), io::Error>) {
        self.lock().ended = Some(result);
        self.changed.notify_all();
    }

    /// Says that nobody takes any more.
    pub fn abandon(&self) {
        self.lock().abandoned = true;
        self.changed.notify_all();
    }

    /// All blocks that are there, once there is one; empty at the end.
    ///
    /// # Errors
    /// What the input ended with, once; after that it is just the end.
    pub fn take(&self) -> io::Result<Vec<Block>> {
        let must_wait = |state: &mut State| !state.abandoned && state.blocks.is_empty() && state.ended.is_none();
        let mut state = self.changed.wait_while(self.lock(), must_wait).unwrap_or_else(PoisonError::into_inner);
        if state.blocks.is_empty() || state.abandoned {
            return state.ended.replace(Ok(())).unwrap_or(Ok(())).map(|()| Vec::new());
        }
        state.bytes = 0;
        state.lines = 0;
        self.changed.notify_all();
        Ok(std::mem::take(&mut state.blocks))
    }

    /// The state, also after a thread panicked with it: every change of it is complete or not begun.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::{super::lines::LineReader, *};

    fn block(text: &str) -> Block {
        LineReader::new(text.as_bytes()).read_block().unwrap()
    }

    #[test]
    fn what_was_pushed_is_taken_before_the_end_is_told() {
        let feed = Feed::default();
        assert!(feed.push(block("a\n")) && feed.push(block("b\n")));
        feed.end(Err(io::ErrorKind::ConnectionReset.into()));
        assert_eq!(feed.take().unwrap().len(), 2);
        assert_eq!(feed.take().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert!(feed.take().unwrap().is_empty());
    }

    #[test]
    fn a_full_feed_holds_the_reader_until_somebody_takes() {
        let feed = Arc::new(Feed::default());
        assert!(feed.push(block(&"x\n".repeat(PENDING_LINES_MAX))));
        let reader = thread::spawn({
            let feed = Arc::clone(&feed);
            move || feed.push(block("y\n"))
        });
        let taken = [feed.take().unwrap(), feed.take().unwrap()];
        assert!(reader.join().unwrap());
        assert_eq!(taken.map(|blocks| blocks.iter().map(Block::len).sum::<usize>()), [PENDING_LINES_MAX, 1]);
    }

    #[test]
    fn an_abandoned_feed_holds_nobody() {
        let feed = Arc::new(Feed::default());
        assert!(feed.push(block(&"x\n".repeat(PENDING_LINES_MAX))));
        let reader = thread::spawn({
            let feed = Arc::clone(&feed);
            move || feed.push(block("y\n"))
        });
        feed.abandon();
        assert!(!reader.join().unwrap());
        assert!(feed.take().unwrap().is_empty());
    }
}
