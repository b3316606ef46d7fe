//! The tick of the clock on the screen: once a second, when the second of the wall clock begins, and one wake-up each.
//!
//! The runtime's own timers wake up twice or three times for a sleep of a second, to move it from wheel to wheel. With
//! nothing else to do that would be most of what a cockpit costs, so the kernel keeps this one where it can.

use std::io;
use std::time::Duration;

use crate::clock;

/// How long it is until the next second of the wall clock. A millisecond more, so that it has begun by then.
pub(super) fn until_next_second() -> Duration {
    let nanos = u64::try_from(clock::now().at.subsec_nanosecond()).unwrap_or(0);
    Duration::from_nanos(1_000_000_000 - nanos.min(999_999_999)) + Duration::from_millis(1)
}

#[cfg(target_os = "linux")]
pub(super) use kernel::Ticks;
#[cfg(not(target_os = "linux"))]
pub(super) use runtime::Ticks;

#[cfg(target_os = "linux")]
mod kernel {
    use std::os::fd::AsFd;

    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
    use rustix::time::{timerfd_create, timerfd_settime};
    use tokio::net::unix::pipe::Receiver;

    use super::{Duration, io, until_next_second};

    /// A timer of the kernel, waited for and read as a pipe is.
    pub(in crate::tui) struct Ticks(Receiver);

    impl Ticks {
        /// Inside a runtime.
        pub(in crate::tui) fn new() -> io::Result<Self> {
            // It counts the time asleep too: after a suspend the clock moves at once.
            let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            arm(&timer)?;
            Receiver::from_file_unchecked(timer.into()).map(Self)
        }

        /// Waits for the next one. Dropped before, it loses none.
        pub(in crate::tui) async fn next(&mut self) -> io::Result<()> {
            let mut passed = [0; 8];
            loop {
                self.0.readable().await?;
                match self.0.try_read(&mut passed) {
                    // Anew each time: the wall clock may have been set, and goes by itself.
                    Ok(_) => return arm(&self.0),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    fn arm(timer: impl AsFd) -> io::Result<()> {
        let whole = |length: Duration| Timespec {
            tv_sec: i64::try_from(length.as_secs()).unwrap_or(1),
            tv_nsec: length.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: whole(Duration::ZERO), it_value: whole(until_next_second()) };
        timerfd_settime(timer, TimerfdTimerFlags::empty(), &once)?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
mod runtime {
    use super::{io, until_next_second};

    /// A timer of the runtime.
    pub(in crate::tui) struct Ticks(());

    impl Ticks {
        /// Inside a runtime.
        pub(in crate::tui) fn new() -> io::Result<Self> {
            Ok(Self(()))
        }

        /// Waits for the next one.
        pub(in crate::tui) async fn next(&mut self) -> io::Result<()> {
            tokio::time::sleep(until_next_second()).await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_comes_when_a_second_has_begun() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut ticks = Ticks::new().unwrap();
            for _ in 0..2 {
                let before = clock::now().at.as_second();
                ticks.next().await.unwrap();
                assert!(clock::now().at.as_second() > before, "no tick comes early");
            }
        });
    }
}
