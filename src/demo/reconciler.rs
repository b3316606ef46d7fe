//! The job that finds payments whose callback was lost: it compares the provider's history with the enrolments, and
//! grants what is missing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::demo::application::Application;
use crate::demo::callbacks::{Callbacks, PRICE};
use crate::demo::customers::Customers;
use crate::demo::faults::Fault;
use crate::demo::payment_api;

/// It looks so often.
const PAUSE: Duration = Duration::from_millis(300);
/// A callback may take so long before it counts as lost, in milliseconds.
const PATIENCE: i64 = 4_000;

/// What the job knows. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Reconciled(Arc<Mutex<Found>>);

struct Found {
    last_run: Duration,
    missing: usize,
}

impl Reconciled {
    /// Nothing is missing yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Found { last_run: clock::now().up, missing: 0 })))
    }

    /// As the application's health tells it.
    pub(super) fn told(&self) -> Json {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = clock::now().up.saturating_sub(found.last_run).as_millis();
        json!({ "last_run_age_ms": u64::try_from(age).unwrap_or(u64::MAX), "paid_without_access": found.missing })
    }

    fn ran(&self, missing: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Found { last_run: clock::now().up, missing };
    }
}

/// The job.
pub(super) struct Reconciler {
    pub(super) shop: Customers,
    pub(super) callbacks: Callbacks,
    pub(super) folder: PathBuf,
    pub(super) known: Reconciled,
}

impl Reconciler {
    /// Looks again and again until the world ends. A look that fails is no run: the next one comes soon.
    pub(super) async fn work(self, end: CancellationToken) {
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            let Ok(paid) = self.shop.paid().await else { continue };
            if let Ok(missing) = self.settle(&paid) {
                self.known.ran(missing);
            }
        }
    }

    /// Grants what is missing; says how much is missing still.
    fn settle(&self, paid: &[Json]) -> rusqlite::Result<usize> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = Connection::open_with_flags(Application::database(&self.folder), flags)?;
        let late = clock::now().at.as_millisecond() - PATIENCE;
        let stands_still = self.shop.faults.is_on(Fault::LostCallbacks);
        let mut missing = 0;
        for payment in
            paid.iter().filter(|payment| is_ours(payment) && payment["at"].as_i64().is_some_and(|at| at < late))
        {
            let transaction = payment["externalTransactionID"].as_str().unwrap_or_default();
            let find = "SELECT count(*) FROM enrolments WHERE transaction_id = ?1";
            if open.query_row(find, [transaction], |row| row.get::<_, i64>(0))? > 0 {
                continue;
            }
            if stands_still {
                missing += 1;
            } else {
                let amount = payment["amount"].as_i64().unwrap_or(PRICE);
                self.callbacks.grant(&open, transaction, amount, (true, false))?;
            }
        }
        Ok(missing)
    }
}

fn is_ours(payment: &Json) -> bool {
    payment["entityID"] == payment_api::ENTITY && payment["status"] == "PAID"
}
