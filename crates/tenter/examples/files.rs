//! What a read of a file costs that the system has in memory: here, on the blocking pool, and on io_uring's ring.
//!
//! `cargo run --release -p tenter --features uring --example files`
//!
//! All ways are tried in turn, again and again, on one file of 16 MiB in the directory for temporary files, at offsets that
//! jump about. The figures are microseconds per read: minimum, median and maximum of the rounds.

use std::fs::File as StdFile;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tenter::fs::File;
use tenter::prelude::*;
use tenter::{Backend, Builder, Runtime};

const FILE: u64 = 16 << 20;
const READS: u64 = 2000;
const ROUNDS: usize = 9;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How often something is done at a time, and how much is read each time.
#[derive(Clone, Copy)]
struct Load {
    tasks: u64,
    bytes: usize,
}

/// The offset of the read with this number; the steps are odd multiples of the size, so they visit the whole file.
fn offset(read: u64, bytes: usize) -> SeekFrom {
    let places = FILE / bytes as u64;
    SeekFrom::Start(read.wrapping_mul(0x9e37_79b1) % places * bytes as u64)
}

/// On this thread, without any runtime.
fn here(path: &Path, load: Load) -> Result<(), Failure> {
    let (mut file, mut buffer) = (StdFile::open(path)?, vec![0; load.bytes]);
    for read in 0..READS {
        file.seek(offset(read, load.bytes))?;
        file.read_exact(&mut buffer)?;
    }
    Ok(())
}

/// In so many tasks, each with a file of its own.
async fn in_tasks(path: PathBuf, load: Load) -> Result<(), Failure> {
    let reader = |task: u64| {
        let path = path.clone();
        tenter::spawn(async move {
            let (mut file, mut buffer) = (File::open(path).await?, vec![0; load.bytes]);
            for read in (task..READS).step_by(load.tasks as usize) {
                file.seek(offset(read, load.bytes)).await?;
                file.read_exact(&mut buffer).await?;
            }
            Ok::<(), Failure>(())
        })
    };
    let tasks: Vec<_> = (0..load.tasks).map(reader).collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}

/// The ways, with their names.
fn runtimes() -> Result<Vec<(String, Runtime)>, Failure> {
    let mut found = Vec::new();
    for (what, backend) in [("pool", Backend::Epoll), ("ring", Backend::Uring)] {
        if !Backend::working().contains(&backend) {
            eprintln!("no {what}: {backend} is not compiled in or does not work here");
            continue;
        }
        found.push((format!("{what}, current thread"), Builder::new_current_thread().reactor(backend).build()?));
        let workers = Builder::new_multi_thread().worker_threads(2).reactor(backend).build()?;
        found.push((format!("{what}, two workers"), workers));
    }
    Ok(found)
}

/// Microseconds per read of what `work` does.
fn timed(work: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / READS as f64)
}

fn main() -> Result<(), Failure> {
    let path = std::env::temp_dir().join(format!("tenter-files-{}", std::process::id()));
    std::fs::write(&path, vec![7; FILE as usize])?;
    let runtimes = runtimes()?;
    println!("{:<8} {:<6} {:<22} {:>9} {:>9} {:>9}", "bytes", "tasks", "way", "minimum", "median", "maximum");
    for bytes in [4 << 10, 64 << 10] {
        for tasks in [1, 16] {
            let load = Load { tasks, bytes };
            let mut figures = vec![Vec::new(); runtimes.len() + 1];
            for _ in 0..ROUNDS {
                figures[0].push(timed(|| here(&path, load))?);
                for ((_, runtime), figures) in runtimes.iter().zip(&mut figures[1..]) {
                    let work = || runtime.block_on(runtime.spawn(in_tasks(path.clone(), load)));
                    figures.push(timed(work)?);
                }
            }
            let names = std::iter::once("std, this thread").chain(runtimes.iter().map(|(name, _)| name.as_str()));
            for (name, mut figures) in names.zip(figures) {
                figures.sort_by(f64::total_cmp);
                let [low, middle, high] = [figures[0], figures[ROUNDS / 2], figures[ROUNDS - 1]];
                println!("{bytes:<8} {tasks:<6} {name:<22} {low:>9.2} {middle:>9.2} {high:>9.2}");
            }
        }
    }
    Ok(std::fs::remove_file(path)?)
}
