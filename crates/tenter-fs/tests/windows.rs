//! What only Windows has.
#![cfg(all(windows, not(miri)))]

mod common;

use std::io::SeekFrom;

use common::{Scratch, everywhere};
use futures_lite::{AsyncSeekExt, AsyncWriteExt};
use tenter_fs::windows::OpenOptionsExt;
use tenter_fs::{File, OpenOptions};

/// Rights of `dwDesiredAccess`.
const FILE_WRITE_DATA: u32 = 0x2;
const FILE_APPEND_DATA: u32 = 0x4;

async fn written(scratch: &Scratch, access: u32) -> (u64, String) {
    let path = scratch.path("file");
    std::fs::write(&path, b"hello").unwrap();
    let mut file: File = OpenOptions::new().access_mode(access).open(&path).await.unwrap();
    file.write_all(b"HEL").await.unwrap();
    let position = file.seek(SeekFrom::Current(0)).await.unwrap();
    drop(file);
    (position, std::fs::read_to_string(path).unwrap())
}

/// With this right alone the system writes at the end, whatever the position.
#[test]
fn a_file_opened_with_the_right_to_append_alone_must_be_at_its_end_after_a_write() {
    everywhere(|scratch| async move {
        assert_eq!(written(&scratch, FILE_APPEND_DATA).await, (8, "helloHEL".to_owned()));
        assert_eq!(written(&scratch, FILE_APPEND_DATA | FILE_WRITE_DATA).await, (3, "HELlo".to_owned()));
    });
}
