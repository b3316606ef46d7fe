//! The journal thread: owns the storage, commits what waits in one go, then answers everybody who waited.
//!
//! Group commit: a commit takes along all that is queued when it begins, so nobody waits for a batch to fill. Who has
//! results that may wait for company lets them wait before handing them over (the engine's sequencer does).

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::core::event::Event;
use crate::core::state::{FoldError, Folding, State};
use crate::journal::error::JournalError;
use crate::journal::lock::Holder;
use crate::journal::memory::Memory;
use crate::journal::sqlite::Sqlite;
use crate::journal::storage::{Head, Storage, StorageError, Stored};
use crate::model::id::SessionId;

/// So many appends may wait for the writer; beyond that the caller is told at once.
const QUEUE: usize = 256;
/// At most so many events go into one commit.
const MOST_A_COMMIT: usize = 500;
/// After so long without an append the storage may rest.
const IDLE: Duration = Duration::from_millis(250);

/// The journal of a session that is open. Dropped, it finishes what is queued.
#[derive(Debug)]
pub struct Journal {
    desk: Desk,
    opened_at: Head,
}

/// Where orders are taken.
#[derive(Debug)]
enum Desk {
    /// By the thread that owns the storage.
    Thread { orders: Option<SyncSender<Order>>, thread: Option<JoinHandle<Result<(), StorageError>>> },
    /// On the spot, where nothing can block.
    OnTheSpot(Mutex<Box<dyn Storage>>),
}

/// An append under way: answered when it is durable, or when it is certain that it is not.
#[derive(Debug)]
pub struct Appending(Answer);

#[derive(Debug)]
enum Answer {
    Awaited(oneshot::Receiver<Result<Vec<Stored>, StorageError>>),
    Known(Option<Result<Vec<Stored>, StorageError>>),
}

#[derive(Debug)]
struct Order {
    events: Arc<[Event]>,
    answer: oneshot::Sender<Result<Vec<Stored>, StorageError>>,
}

impl Journal {
    /// A new session's journal at a path (see [`crate::journal::file_of`]).
    ///
    /// # Errors
    /// If it cannot be made, or cannot promise what a decision needs.
    pub fn create(path: &Path, session: &SessionId, holder: &Holder) -> Result<Self, JournalError> {
        Sqlite::create(path, session, holder).map(Self::over)
    }

    /// A session's journal as it was left, with its events: what tests compare.
    #[cfg(test)]
    pub(super) fn open(path: &Path, holder: &Holder) -> Result<(Self, Vec<Event>), JournalError> {
        let mut all = Vec::new();
        let storage = Sqlite::open(path, holder, &mut |mut events| all.append(&mut events))?;
        Ok((Self::over(storage), all))
    }

    /// A session's journal as it was left, with the state that its events make, folded while they are read: none of them
    /// is kept for it.
    ///
    /// # Errors
    /// If somebody else holds it, it is a newer golive's, it is not sound, or its events do not begin with `opened`.
    pub fn resume(path: &Path, holder: &Holder) -> Result<(Self, State), JournalError> {
        let mut folding = Folding::default();
        let storage = Sqlite::open(path, holder, &mut |events| events.iter().for_each(|event| folding.take(event)))?;
        let broken = |error: FoldError| JournalError::Broken { path: path.to_owned(), seq: 1, what: error.to_string() };
        Ok((Self::over(storage), folding.finish().map_err(broken)?))
    }

    /// A journal that is gone with the process.
    #[must_use]
    pub fn memory() -> Self {
        Self::on_the_spot(Memory::default())
    }

    /// Whether it is gone with the process: what is on the spot is in memory.
    #[must_use]
    pub const fn is_memory(&self) -> bool {
        matches!(self.desk, Desk::OnTheSpot(_))
    }

    /// Where it ended when it was opened.
    #[must_use]
    pub const fn opened_at(&self) -> Head {
        self.opened_at
    }

    /// A journal over a storage that cannot block: appends are answered when they are made.
    #[must_use]
    pub fn on_the_spot(mut storage: impl Storage + 'static) -> Self {
        let opened_at = storage.head().unwrap_or(Head::EMPTY);
        Self { desk: Desk::OnTheSpot(Mutex::new(Box::new(storage))), opened_at }
    }

    /// A journal over any storage, with a thread of its own.
    #[must_use]
    pub fn over(mut storage: impl Storage + 'static) -> Self {
        let opened_at = storage.head().unwrap_or(Head::EMPTY);
        let (orders, waiting) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(storage, &waiting))
            .expect("a process that starts can have one more thread");
        Self { desk: Desk::Thread { orders: Some(orders), thread: Some(thread) }, opened_at }
    }

    /// Hands events over; they are stored whole or not at all, in the order of these calls. Never waits.
    #[must_use]
    pub fn append(&self, events: Arc<[Event]>) -> Appending {
        let orders = match &self.desk {
            Desk::Thread { orders: Some(orders), .. } => orders,
            Desk::Thread { orders: None, .. } => return Appending::failed("the journal is closed"),
            Desk::OnTheSpot(storage) => return Appending::made(storage, &events),
        };
        let (answer, awaited) = oneshot::channel();
        match orders.try_send(Order { events, answer }) {
            Ok(()) => Appending(Answer::Awaited(awaited)),
            Err(TrySendError::Full(_)) => Appending::failed("the disk does not keep up with the journal"),
            Err(TrySendError::Disconnected(_)) => Appending::failed("the journal's writer has ended"),
        }
    }

    /// Finishes what is queued and ends in order: the log is emptied, the head is exact.
    ///
    /// # Errors
    /// If the housekeeping of the end failed; what was answered as stored is stored all the same.
    pub fn close(mut self) -> Result<(), StorageError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), StorageError> {
        let Desk::Thread { orders, thread } = &mut self.desk else { return Ok(()) };
        *orders = None;
        match thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(StorageError("the journal's writer broke down".to_owned())),
            None => Ok(()),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Nobody is left to hear of failed housekeeping, and it is done again at the next opening.
        let _ = self.end();
    }
}

impl Appending {
    fn failed(why: &str) -> Self {
        Self(Answer::Known(Some(Err(StorageError(why.to_owned())))))
    }

    fn made(storage: &Mutex<Box<dyn Storage>>, events: &[Event]) -> Self {
        let batch: Vec<&Event> = events.iter().collect();
        let mut storage = storage.lock().unwrap_or_else(PoisonError::into_inner);
        Self(Answer::Known(Some(storage.append(&batch))))
    }

    /// Waits for the answer on a thread that may block.
    ///
    /// # Errors
    /// If the events are not stored.
    pub fn wait(self) -> Result<Vec<Stored>, StorageError> {
        match self.0 {
            Answer::Awaited(answer) => answer.blocking_recv().unwrap_or_else(|_| Err(unanswered())),
            Answer::Known(answer) => answer.unwrap_or_else(|| Err(unanswered())),
        }
    }
}

impl Future for Appending {
    type Output = Result<Vec<Stored>, StorageError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Answer::Awaited(answer) => {
                Pin::new(answer).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(unanswered())))
            }
            Answer::Known(answer) => Poll::Ready(answer.take().unwrap_or_else(|| Err(unanswered()))),
        }
    }
}

fn unanswered() -> StorageError {
    StorageError("the journal's writer ended without an answer".to_owned())
}

/// The writer's life: commit, answer, tidy up when there is time, until nobody can order any more.
fn write(mut storage: impl Storage, orders: &Receiver<Order>) -> Result<(), StorageError> {
    let (mut rested, mut cold) = (true, true);
    loop {
        let first = if rested { orders.recv().map_err(RecvTimeoutError::from) } else { orders.recv_timeout(IDLE) };
        match first {
            Ok(first) => {
                commit(&mut storage, group(first, orders));
                // Whatever housekeeping could not do now it tries again at the next rest.
                let _ = storage.answered();
                if std::mem::take(&mut cold) {
                    // Behind the opening, so that the first checks do not wait for it. What stays cold is slower, and
                    // nothing else.
                    let _ = storage.warm_up();
                }
                rested = false;
            }
            Err(RecvTimeoutError::Timeout) => {
                let _ = storage.rest();
                rested = true;
            }
            Err(RecvTimeoutError::Disconnected) => return storage.close(),
        }
    }
}

/// An order with all that is queued behind it.
fn group(first: Order, orders: &Receiver<Order>) -> Vec<Order> {
    let mut events = first.events.len();
    let mut group = vec![first];
    while events < MOST_A_COMMIT
        && let Ok(order) = orders.try_recv()
    {
        events += order.events.len();
        group.push(order);
    }
    group
}

fn commit(storage: &mut impl Storage, group: Vec<Order>) {
    let batch: Vec<&Event> = group.iter().flat_map(|order| order.events.iter()).collect();
    let mut outcome = storage.append(&batch).map(Vec::into_iter);
    for order in group {
        let answer = match &mut outcome {
            Ok(stored) => Ok(stored.take(order.events.len()).collect()),
            Err(error) => Err(error.clone()),
        };
        // Whoever no longer waits does not need the answer.
        let _ = order.answer.send(answer);
    }
}
