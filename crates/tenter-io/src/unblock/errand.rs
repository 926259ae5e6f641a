//! An object that is away on the blocking pool, and how it comes back.

use std::any::Any;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tenter_runtime::{FallibleTask, Handle};

pub(super) type Panic = Box<dyn Any + Send>;

/// What a job on an object came to.
#[derive(Debug)]
pub(super) enum Outcome<R> {
    Done(R),
    /// It panicked. The object is as the panic left it.
    Panicked(Panic),
    /// It was dropped before it began, by a shutdown of the pool. The object is as it was.
    CalledOff,
}

/// Where the object lies before the job has begun and after it has ended. So it is lost neither when a pool refuses the
/// job nor when a shutdown drops it.
struct Place<T, R> {
    object: Option<Box<T>>,
    result: Option<Result<R, Panic>>,
}

/// A job on an object, under way.
pub(super) struct Errand<T, R> {
    place: Arc<Mutex<Place<T, R>>>,
    task: FallibleTask<()>,
}

impl<T, R> Errand<T, R> {
    /// Sends an object to the pool of the ambient runtime; `job` gives it back, or not if it has dropped it.
    pub(super) fn start(
        object: Box<T>,
        job: impl FnOnce(Box<T>) -> (Option<Box<T>>, Result<R, Panic>) + Send + 'static,
    ) -> Result<Self, (Box<T>, io::Error)>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let handle = match Handle::try_current() {
            Ok(handle) => handle,
            Err(error) => return Err((object, error.into())),
        };
        let place = Arc::new(Mutex::new(Place { object: Some(object), result: None }));
        let shared = place.clone();
        let work = move || {
            let object = lock(&shared).object.take().expect("the object lies there until the job takes it");
            let (object, result) = job(object);
            *lock(&shared) = Place { object, result: Some(result) };
        };
        match handle.try_unblock(work) {
            Ok(task) => Ok(Self { place, task: task.fallible() }),
            Err(refused) => {
                let object = lock(&place).object.take().expect("the job has not begun and will not");
                Err((object, io::Error::other(refused.to_string())))
            }
        }
    }

    /// Waits for the end of the job; not to be called again after that.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Option<Box<T>>, Outcome<R>)> {
        // `None` if the job was dropped; if it has begun, it has ended.
        ready!(Pin::new(&mut self.task).poll(cx));
        let mut place = lock(&self.place);
        let outcome = match place.result.take() {
            Some(Ok(done)) => Outcome::Done(done),
            Some(Err(panic)) => Outcome::Panicked(panic),
            None => Outcome::CalledOff,
        };
        Poll::Ready((place.object.take(), outcome))
    }

    /// Whether it has ended, so that [`poll`](Self::poll) does not wait.
    pub(super) fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Lets the job go on although nobody waits for it, even if it has not begun.
    pub(super) fn detach(self) {
        self.task.detach();
    }
}

/// Nothing that can panic runs under these locks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
