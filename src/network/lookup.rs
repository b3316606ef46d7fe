//! From a name to its addresses, as this machine's resolver has them. Checks that ask for the same name at the same moment
//! share one question: each takes a thread of its own and the way to the resolver.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

/// A question that is older than this is not joined any more: it may be waiting for an answer that was lost.
const JOINED_FOR: Duration = Duration::from_millis(50);
/// From so many on those that have ended are swept out.
const MANY: usize = 64;

/// What a resolver says.
pub(super) type Found = Result<Arc<[SocketAddr]>, Arc<io::Error>>;

type Asking = BoxFuture<'static, Found>;

/// Questions that are under way. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub(super) struct Lookups(Arc<Mutex<HashMap<String, (Instant, WeakShared<Asking>)>>>);

impl Lookups {
    /// The addresses of a name at a port.
    pub(super) async fn of(&self, name: &str, port: u16) -> Found {
        self.asked(name, port, ask).await
    }

    async fn asked(&self, name: &str, port: u16, ask: impl FnOnce(String, u16) -> Asking) -> Found {
        let question = format!("{name}:{port}");
        let asking = {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let young = under_way.get(&question).filter(|(since, _)| since.elapsed() < JOINED_FOR);
            // Whoever comes after the answer asks anew.
            let joined = young.and_then(|(_, asking)| asking.upgrade()).filter(|asking| asking.peek().is_none());
            joined.unwrap_or_else(|| {
                let asking: Shared<Asking> = ask(name.to_owned(), port).shared();
                if under_way.len() >= MANY {
                    under_way.retain(|_, (_, asking)| asking.upgrade().is_some());
                }
                under_way.extend(asking.downgrade().map(|weak| (question, (Instant::now(), weak))));
                asking
            })
        };
        asking.await
    }
}

fn ask(name: String, port: u16) -> Asking {
    let asking = async move {
        let found = tokio::net::lookup_host((name.as_str(), port)).await.map_err(Arc::new)?;
        Ok(found.collect())
    };
    asking.boxed()
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookups")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    /// Asks as often as it is told, each after the pause before; gives how often the resolver was asked.
    async fn asked(pauses: &[u64]) -> u16 {
        let (lookups, count) = (Lookups::default(), Arc::new(AtomicU16::new(0)));
        let mut asking = Vec::new();
        for pause in pauses {
            tokio::time::sleep(Duration::from_millis(*pause)).await;
            let (lookups, count) = (lookups.clone(), Arc::clone(&count));
            asking.push(tokio::task::spawn(async move {
                let slow = |_, _| -> Asking {
                    let answer = count.fetch_add(1, Ordering::Relaxed) + 1;
                    let address = SocketAddr::from(([127, 0, 0, 1], answer));
                    async move {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        Ok(Arc::from([address]))
                    }
                    .boxed()
                };
                lookups.asked("shop.example", 443, slow).await.unwrap()
            }));
        }
        for one in asking {
            assert_eq!(one.await.unwrap().len(), 1);
        }
        count.load(Ordering::Relaxed)
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_at_the_same_moment_shares_a_question_and_who_comes_later_asks_anew() {
        assert_eq!(asked(&[0, 0, 0, 10]).await, 1, "at the same moment");
        assert_eq!(asked(&[0, 60]).await, 2, "the first one may be waiting for what was lost");
        assert_eq!(asked(&[0, 300]).await, 2, "after the answer");
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_found_by_its_resolver() {
        let found = Lookups::default().of("localhost", 443).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 443), "{found:?}");
    }
}
