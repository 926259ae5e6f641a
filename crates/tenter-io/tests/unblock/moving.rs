//! Seeking, and the object itself.

use std::io::{Cursor, Read, Seek, SeekFrom};

use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tenter_io::Unblock;

use crate::common::{each, is_pending};
use crate::objects::{Script, Step, block};

#[test]
fn seeks_count_from_where_the_reader_is() {
    each(|| async {
        let mut file = Unblock::new(Cursor::new(b"0123456789".to_vec()));
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 2, "though all was read ahead");
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"23");
        assert_eq!(file.seek(SeekFrom::Current(3)).await.unwrap(), 7);
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"78");
        assert_eq!(file.seek(SeekFrom::End(-1)).await.unwrap(), 9);
        file.write_all(b"X!").await.unwrap();
        assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "012345678X!");
    });
}

#[test]
fn a_failed_seek_leaves_the_reader_where_it_is() {
    each(|| async {
        let mut file = Unblock::new(Cursor::new(b"0123".to_vec()));
        let mut one = [0];
        file.read_exact(&mut one).await.unwrap();
        assert!(file.seek(SeekFrom::Current(-5)).await.is_err());
        assert!(file.seek(SeekFrom::Current(i64::MIN)).await.is_err());
        file.read_exact(&mut one).await.unwrap();
        assert_eq!(&one, b"1");
    });
}

/// Blocks in its first seek.
struct Slow(Cursor<Vec<u8>>, Option<Script>);

impl Seek for Slow {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        if let Some(mut script) = self.1.take() {
            script.read_exact(&mut [0])?;
        }
        self.0.seek(position)
    }
}

impl Read for Slow {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buf)
    }
}

#[test]
fn a_dropped_seek_goes_on_and_its_error_is_told() {
    each(|| async {
        for (position, outcome) in [(SeekFrom::Start(2), Ok(b'2')), (SeekFrom::Current(-1), Err(()))] {
            let (blocked, release) = block();
            let script = Script::new([blocked, Step::Bytes(b"x")]);
            let mut file = Unblock::new(Slow(Cursor::new(b"0123".to_vec()), Some(script)));
            assert!(is_pending(&mut Box::pin(file.seek(position))));
            release.send(()).unwrap();
            let mut one = [0];
            let read = file.read_exact(&mut one).await;
            assert_eq!(read.map(|()| one[0]).map_err(drop), outcome);
        }
    });
}

#[test]
fn the_object_can_be_had_and_operated_on() {
    each(|| async {
        let mut file = Unblock::new(Cursor::new(b"0123".to_vec()));
        file.read_exact(&mut [0]).await.unwrap();
        assert_eq!(file.get_mut().await.position(), 4, "it was read ahead, which is forgotten now");
        let length = file.with_mut(|cursor| {
            cursor.set_position(1);
            cursor.get_ref().len()
        });
        assert_eq!(length.await, 4);
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "123");
        assert_eq!(format!("{file:?}"), format!("Unblock {{ io: {:?} }}", file.get_mut().await));
        assert_eq!(file.into_inner().await.into_inner(), b"0123");
    });
}

#[test]
fn a_dropped_operation_goes_on_and_the_next_waits_for_it() {
    each(|| async {
        let (blocked, release) = block();
        let mut script = Script::new([blocked, Step::Bytes(b"x")]);
        let mut number = Unblock::new(1);
        let double = number.with_mut(move |number| {
            script.read_exact(&mut [0]).unwrap();
            *number *= 2;
        });
        assert!(is_pending(&mut Box::pin(double)));
        assert_eq!(format!("{number:?}"), "Unblock { io: <in use> }");
        let release = std::thread::spawn(move || release.send(()));
        assert_eq!(*number.get_mut().await, 2);
        release.join().unwrap().unwrap();
    });
}
