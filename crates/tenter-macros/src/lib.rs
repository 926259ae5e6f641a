//! The attribute macros of the tenter runtime: `#[tenter::main]` and `#[tenter::test]`.
//!
//! Both take an `async fn` without arguments and put the runtime around it. What they write is the public API that one
//! would write by hand, so nothing happens that isn't in `tenter`'s own documentation.
//!
//! # Options
//!
//! | option | value | meaning |
//! |---|---|---|
//! | `flavor` | `"multi_thread"` or `"current_thread"` | the kind of runtime; `"multi_thread"` where another option asks for a runtime of its own |
//! | `worker_threads` | a number from 1 on | worker threads of a `"multi_thread"` runtime |
//! | `reactor` | a backend's name, such as `"epoll"` | the backend; it must be compiled in |
//! | `crate` | a path, such as `"::tenter"` | where the `tenter` crate is found, if it was renamed |
//! | `backends` | a list of names, such as `["select", "epoll"]` | `test` only: one test per backend |
//!
//! Without `flavor`, `worker_threads`, `reactor` and `backends` the function runs in `tenter::block_on`, on the ambient
//! runtime.

#![forbid(unsafe_code)]

mod expand;
mod function;
mod options;

use proc_macro::TokenStream;

/// Runs an `async fn main` on a tenter runtime.
///
/// ```
/// # mod tenter { pub fn block_on<F: Future>(future: F) -> F::Output { futures_lite::future::block_on(future) } }
/// #[tenter_macros::main(crate = "tenter")]
/// async fn main() -> Result<(), std::num::ParseIntError> {
///     let n: u32 = async { "7" }.await.parse()?;
///     assert_eq!(n, 7);
///     Ok(())
/// }
/// ```
///
/// The options are in the [crate's documentation](crate).
///
/// # Errors
///
/// It is a compile error if the function isn't `async`, takes arguments, or is generic, and if an option isn't known or
/// has a value that it can't have:
///
/// ```compile_fail
/// #[tenter_macros::main]
/// fn main() {}
/// ```
///
/// ```compile_fail
/// #[tenter_macros::main(threads = 2)]
/// async fn main() {}
/// ```
///
/// # Panics
///
/// The function that it writes panics if the runtime can't be built, with the reason.
#[proc_macro_attribute]
pub fn main(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(options::Macro::Main, attribute, item)
}

/// Makes a test of an `async fn`: it runs on a tenter runtime, once, or once per backend.
///
/// ```
/// #[tenter_macros::test(backends = ["select", "poll", "epoll"])]
/// #[should_panic(expected = "on purpose")]
/// async fn a_panic_reaches_the_test() {
///     panic!("on purpose");
/// }
/// ```
///
/// With `backends` the tests are `a_panic_reaches_the_test::select`, `…::poll` and `…::epoll`. None is skipped: a backend
/// that isn't compiled in fails its test.
///
/// The options are in the [crate's documentation](crate).
///
/// # Errors
///
/// Those of [`main`](macro@main).
///
/// # Panics
///
/// The test panics if the runtime can't be built, with the reason.
#[proc_macro_attribute]
pub fn test(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(options::Macro::Test, attribute, item)
}
