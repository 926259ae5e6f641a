//! `smol::lock`.

use std::sync::Arc;

use smol::lock::{Barrier, Mutex, OnceCell, RwLock, Semaphore};

/// A number that tasks count up to under each kind of lock.
pub async fn counted() -> u32 {
    const TASKS: u32 = 10;
    let counter = Arc::new((Mutex::new(0), RwLock::new(0), Semaphore::new(2), Barrier::new(TASKS as usize)));
    let name: OnceCell<&str> = OnceCell::new();
    assert_eq!(*name.get_or_init(|| async { "once" }).await, "once");
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let counter = counter.clone();
            smol::spawn(async move {
                let permit = counter.2.acquire().await;
                *counter.0.lock().await += 1;
                *counter.1.write().await += 1;
                drop(permit);
                counter.3.wait().await.is_leader()
            })
        })
        .collect();
    let mut leaders = 0;
    for task in tasks {
        leaders += u32::from(task.await);
    }
    assert_eq!(leaders, 1);
    *counter.0.lock().await + *counter.1.read().await
}
