//! The program of this package runs.

use tenter_smol_tests::{files, handles, locks, sockets, tasks};

#[test]
fn tasks_executors_timers_and_channels() {
    assert_eq!(smol::block_on(tasks::spawned()), 1111);
    assert_eq!(tasks::on_executors(), 18);
    assert_eq!(smol::block_on(tasks::timed()), 5);
    smol::block_on(tasks::channelled());
    assert_eq!(smol::block_on(tasks::combined()), 28);
}

#[test]
fn locks_are_there() {
    assert_eq!(smol::block_on(locks::counted()), 20);
}

#[test]
fn async_and_unblock_are_there() {
    smol::block_on(async {
        assert_eq!(handles::over_async_tcp().await.unwrap(), "there and back\n");
        assert_eq!(handles::over_async_udp().await.unwrap(), 9);
        assert_eq!(handles::unblocked().await.unwrap(), "read [0, 1, 2]");
    });
}

#[test]
fn files_are_there() {
    let folder = std::env::temp_dir().join(format!("tenter-smol-{}-files", std::process::id()));
    assert_eq!(smol::block_on(files::in_a_folder(&folder)).unwrap(), "read twice");
}

#[test]
fn sockets_are_there() {
    smol::block_on(async {
        assert_eq!(sockets::over_tcp("127.0.0.1:0").await.unwrap(), b"echo");
        assert_eq!(sockets::over_udp().await.unwrap(), b"echo");
    });
}

#[test]
#[cfg(unix)]
fn unix_sockets_are_there() {
    let path = |name: &str| std::env::temp_dir().join(format!("tenter-smol-{}-{name}", std::process::id()));
    smol::block_on(async {
        assert_eq!(handles::over_async_unix(&path("async")).await.unwrap(), "named unnamed datagram bound");
        assert_eq!(sockets::over_unix(&path("net")).await.unwrap(), b"echo!");
    });
}

#[test]
#[cfg(unix)]
fn processes_are_there() {
    use tenter_smol_tests::children;

    smol::block_on(async {
        assert_eq!(children::of_all_kinds().await.unwrap(), "piped shouted");
        children::with_what_only_unix_has().await.unwrap();
    });
}

#[cfg(unix)]
#[test]
fn what_only_unix_knows_of_files_is_there() {
    let folder = std::env::temp_dir().join(format!("tenter-smol-{}-unix", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    smol::block_on(files::with_permissions(&folder)).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
