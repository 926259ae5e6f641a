//! What the macros write, run against a stand-in for `tenter` that records what is asked of it.

#![allow(clippy::unused_async)]

mod runtime {
    use std::cell::RefCell;
    use std::str::FromStr;

    thread_local! {
        static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    pub(crate) fn calls() -> Vec<String> {
        CALLS.take()
    }

    fn note(call: impl Into<String>) {
        CALLS.with_borrow_mut(|calls| calls.push(call.into()));
    }

    pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
        note("block_on");
        futures_lite::future::block_on(future)
    }

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Backend(char);

    impl FromStr for Backend {
        type Err = String;

        fn from_str(name: &str) -> Result<Self, String> {
            match name {
                "select" | "poll" | "epoll" => Ok(Backend(name.chars().next().unwrap())),
                _ => Err(format!("{name} isn't compiled in")),
            }
        }
    }

    pub(crate) struct Builder;

    impl Builder {
        pub(crate) fn new_multi_thread() -> Self {
            note("multi_thread");
            Builder
        }

        pub(crate) fn new_current_thread() -> Self {
            note("current_thread");
            Builder
        }

        pub(crate) fn worker_threads(self, n: usize) -> Self {
            note(format!("worker_threads {n}"));
            self
        }

        pub(crate) fn reactor(self, backend: Backend) -> Self {
            note(format!("reactor {}", backend.0));
            self
        }

        pub(crate) fn build(self) -> Result<Runtime, String> {
            Ok(Runtime)
        }
    }

    pub(crate) struct Runtime;

    impl Runtime {
        pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
            note("Runtime::block_on");
            futures_lite::future::block_on(future)
        }
    }
}

mod as_main {
    use std::num::ParseIntError;

    use super::runtime;

    #[tenter_macros::main(crate = "crate::runtime")]
    async fn plain() {
        std::future::ready(()).await;
    }

    #[test]
    fn without_options_it_is_block_on() {
        plain();
        assert_eq!(runtime::calls(), ["block_on"]);
    }

    /// Docs, lints and visibility stay.
    #[deny(unused_must_use)]
    #[tenter_macros::main(crate = "crate::runtime", flavor = "multi_thread", worker_threads = 3, reactor = "epoll")]
    pub(crate) async fn number(/* no arguments */) -> Result<u32, ParseIntError> {
        let text = async { "12" }.await;
        let number = text.parse::<u32>()?;
        Ok(number)
    }

    #[test]
    fn options_become_calls_and_the_return_type_stays() {
        assert_eq!(number(), Ok(12));
        assert_eq!(runtime::calls(), ["multi_thread", "worker_threads 3", "reactor e", "Runtime::block_on"]);
    }

    #[tenter_macros::main(flavor = "current_thread", crate = "crate::runtime")]
    async fn boxed() -> Box<dyn Fn(u8) -> u8> {
        Box::new(|n| n + 1)
    }

    #[test]
    fn a_return_type_with_arrows_in_it_stays() {
        assert_eq!(boxed()(1), 2);
        assert_eq!(runtime::calls(), ["current_thread", "Runtime::block_on"]);
    }

    #[tenter_macros::main(worker_threads = 2, crate = "crate::runtime")]
    async fn other_option_alone() {}

    #[test]
    fn a_runtime_of_its_own_is_multi_threaded_unless_told() {
        other_option_alone();
        assert_eq!(runtime::calls(), ["multi_thread", "worker_threads 2", "Runtime::block_on"]);
    }

    macro_rules! through_macro_rules {
        ($vis:vis $name:ident, $output:ty, $reactor:literal, $body:block) => {
            #[tenter_macros::main(crate = "crate::runtime", reactor = $reactor)]
            $vis async fn $name() -> $output $body
        };
    }

    through_macro_rules!(generated, &'static str, "poll", { "made" });

    #[test]
    fn fragments_of_macro_rules_are_understood() {
        assert_eq!(generated(), "made");
        assert_eq!(runtime::calls(), ["multi_thread", "reactor p", "Runtime::block_on"]);
    }
}

mod as_test {
    use super::runtime;

    struct Unit;

    #[tenter_macros::test(crate = "crate::runtime")]
    async fn runs_in_block_on() -> Result<(), String> {
        assert_eq!(runtime::calls(), ["block_on"]);
        Ok(())
    }

    #[tenter_macros::test(crate = "crate::runtime", flavor = "current_thread")]
    #[should_panic(expected = "on purpose")]
    async fn attributes_below_are_kept() {
        panic!("on purpose");
    }

    #[should_panic(expected = "on purpose")]
    #[tenter_macros::test(crate = "crate::runtime")]
    async fn attributes_above_are_kept() {
        panic!("on purpose");
    }

    #[tenter_macros::test(crate = "crate::runtime")]
    #[cfg(any())]
    async fn a_cfg_that_is_off_removes_the_test() {
        this_would_not_compile();
    }

    #[tenter_macros::test(crate = "crate::runtime", worker_threads = 2, backends = ["select", "epoll"])]
    async fn per_backend() -> Result<(), std::fmt::Error> {
        let _sees_private_items = Unit;
        let calls = runtime::calls();
        let reactor = match std::thread::current().name() {
            Some("as_test::per_backend::select") => "reactor s",
            Some("as_test::per_backend::epoll") => "reactor e",
            other => panic!("the test has the wrong name: {other:?}"),
        };
        assert_eq!(calls, ["multi_thread", "worker_threads 2", reactor, "Runtime::block_on"]);
        Ok(())
    }

    #[tenter_macros::test(crate = "crate::runtime", backends = ["poll"])]
    #[should_panic(expected = "on purpose")]
    async fn attributes_reach_each_backend() {
        panic!("on purpose");
    }

    #[tenter_macros::test(crate = "crate::runtime", backends = ["kqueue"])]
    #[should_panic(expected = "kqueue isn't compiled in")]
    async fn a_backend_that_is_not_compiled_in_fails() {}

    #[tenter_macros::test(crate = "crate::runtime", backends = ["poll"])]
    #[cfg_attr(all(), should_panic(expected = "on purpose"))]
    async fn conditional_attributes_reach_each_backend() {
        panic!("on purpose");
    }

    #[tenter_macros::test(crate = "crate::runtime", backends = ["poll"])]
    #[cfg(any())]
    async fn a_cfg_that_is_off_removes_the_module() {
        this_would_not_compile();
    }
}
