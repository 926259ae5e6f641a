//! From and to the socket within, for types that are an `Arc` around it.

/// Conversions of `$type`, a tuple struct of one `Arc<Async<$inner>>`.
macro_rules! conversions {
    ($type:ident, $inner:ty) => {
        impl AsRef<Async<$inner>> for $type {
            fn as_ref(&self) -> &Async<$inner> {
                &self.0
            }
        }

        impl From<Async<$inner>> for $type {
            fn from(socket: Async<$inner>) -> Self {
                Self(Arc::new(socket))
            }
        }

        impl From<$type> for Arc<Async<$inner>> {
            fn from(socket: $type) -> Self {
                socket.0
            }
        }

        impl TryFrom<$inner> for $type {
            type Error = io::Error;

            fn try_from(socket: $inner) -> io::Result<Self> {
                Async::new(socket).map(Self::from)
            }
        }

        impl TryFrom<$type> for $inner {
            type Error = io::Error;

            /// Gives the socket back, still in non-blocking mode; if there are clones, a duplicate of it.
            fn try_from(socket: $type) -> io::Result<Self> {
                match Arc::try_unwrap(socket.0) {
                    Ok(only) => only.into_inner(),
                    Err(shared) => shared.get_ref().try_clone(),
                }
            }
        }
    };
}

pub(crate) use conversions;
