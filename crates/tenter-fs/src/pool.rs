//! Jobs of the blocking pool.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tenter_runtime::{FallibleTask, Handle, Lane};

/// A job under way, on something that it owns.
///
/// If its runtime ends before it has begun, it is given to the pool of the runtime in which it is polled next: nobody has to
/// know which runtime a file was used in before.
pub(crate) struct Job<O, T> {
    task: FallibleTask<()>,
    errand: Arc<Errand<O, T>>,
}

impl<O: Send + 'static, T: Send + 'static> Job<O, T> {
    /// Gives a job to the pool of the ambient runtime.
    ///
    /// # Errors
    /// If there is no such runtime, or its pool takes no job; the object comes back.
    pub(crate) fn start(object: O, perform: fn(O) -> T) -> Result<Self, (O, io::Error)> {
        let errand = Arc::new(Errand { place: Mutex::new(Place::Object(object)), perform });
        match hand_over(errand.clone()) {
            Ok(task) => Ok(Self { task, errand }),
            Err(error) => Err((errand.object(), error)),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As [`start`](Self::start), if it had to be started again.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, (O, io::Error)>> {
        loop {
            if ready!(Pin::new(&mut self.task).poll(cx)).is_some() {
                return Poll::Ready(Ok(self.errand.result()));
            }
            // Only a job that has not begun is called off.
            match hand_over(self.errand.clone()) {
                Ok(task) => self.task = task,
                Err(error) => return Poll::Ready(Err((self.errand.object(), error))),
            }
        }
    }

    /// Lets it go on although nobody waits for it.
    pub(crate) fn detach(self) {
        self.task.detach();
    }
}

/// What is to be done, shared by who waits and the pool's thread.
struct Errand<O, T> {
    place: Mutex<Place<O, T>>,
    perform: fn(O) -> T,
}

/// What lies between the two.
enum Place<O, T> {
    Object(O),
    /// The pool's thread has the object, or who waits has got what was there.
    Taken,
    Result(T),
}

impl<O, T> Errand<O, T> {
    fn exchange(&self, new: Place<O, T>) -> Place<O, T> {
        std::mem::replace(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner), new)
    }

    fn object(&self) -> O {
        match self.exchange(Place::Taken) {
            Place::Object(object) => object,
            _ => unreachable!("the object lies there until the job takes it"),
        }
    }

    fn result(&self) -> T {
        match self.exchange(Place::Taken) {
            Place::Result(result) => result,
            _ => unreachable!("a job that has ended left its result"),
        }
    }
}

/// An errand whose types are forgotten: so there is one kind of task for all, compiled once.
trait Act: Send + Sync {
    fn act(&self);
}

impl<O: Send, T: Send> Act for Errand<O, T> {
    fn act(&self) {
        let result = (self.perform)(self.object());
        self.exchange(Place::Result(result));
    }
}

/// Gives an errand to the pool of the ambient runtime.
fn hand_over(errand: Arc<dyn Act>) -> io::Result<FallibleTask<()>> {
    let handle = Handle::try_current()?;
    let task = handle.try_unblock_in(Lane::File, move || errand.act());
    Ok(task.map_err(|refused| io::Error::other(refused.to_string()))?.fallible())
}

/// Has the pool do something, as a whole.
pub(crate) async fn run<T, F>(act: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    let mut job = Job::start(act, |act| act()).map_err(|(_, error)| error)?;
    std::future::poll_fn(|cx| job.poll(cx)).await.map_err(|(_, error)| error)?
}
