//! A program on smol's public names, module by module; `smol` is tenter under another name here.
//!
//! What is not here is not in tenter: see "Coming from elsewhere" in the workspace's `README.md`.

pub mod children;
pub mod files;
pub mod handles;
pub mod locks;
pub mod sockets;
pub mod tasks;
