//! A response's body that keeps what belongs to its call until it has left.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body::{Body, Frame, SizeHint};

/// The body.
pub struct Held<B, T> {
    inner: B,
    _until_sent: T,
}

impl<B, T> Held<B, T> {
    /// Keeps something until the body has left or was given up.
    pub const fn new(inner: B, until_sent: T) -> Self {
        Self { inner, _until_sent: until_sent }
    }
}

impl<B: Body + Unpin, T: Unpin> Body for Held<B, T> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.get_mut().inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
