//! The supervising process itself: one order, one program, one spool, then it is gone.
#![expect(clippy::disallowed_methods, reason = "this is the process that runs a step; golive has asked for trust")]

use std::fs::File;
use std::future::pending;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{DumpableBehavior, Pid, set_dumpable_behavior, setsid};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};
use zeroize::Zeroizing;

use crate::mask::Redactor;
use crate::model::step::OnDisconnect;
use crate::model::text::SafeText;
use crate::supervisor::order::{Hidden, Order};
use crate::supervisor::outputs::{Outputs, Source};
use crate::supervisor::spool::{End, Spool};
use crate::supervisor::{CONTROL, terminal, tree};

/// What a program leaves running behind it gets so long before it is ended.
const LEFT_BEHIND: Duration = Duration::from_secs(1);
/// When nobody runs any more, outputs end at once, unless a stranger was handed them.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What golive says to a supervising process.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// End the whole tree.
    Stop,
    /// A line for its terminal; it may be a password.
    Answer(Hidden),
}

/// Why the waiting is over.
enum Cause {
    Ended(io::Result<ExitStatus>),
    TimedOut,
    Stopped,
    Disconnected,
    Interrupted,
}

/// The life of the supervising process: `golive supervise`, which nobody types. Its standard input brings the order and
/// stays open as long as golive is there; its standard error is the spool; its folder is the step's.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(program) = terminal::wanted() {
        return terminal::become_program(&program);
    }
    // Refused only to who leads a session already: then there is nothing to leave.
    let _ = setsid();
    // No core dump of this process: it holds secrets.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    match told() {
        Ok(()) => ExitCode::SUCCESS,
        // There is nobody to tell: the spool has no end, and that is read as "nobody knows".
        Err(_) => ExitCode::FAILURE,
    }
}

fn told() -> io::Result<()> {
    let mut lifeline = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let spool = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let order = Order::read(&mut lifeline)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut outputs = Outputs::new(Spool::new(spool));
        let began = crate::clock::now().up;
        let end = match Supervisor::begin(&order, lifeline.into(), &mut outputs) {
            Ok(supervisor) => supervisor.until_over(&mut outputs).await,
            Err(error) => End::NotStarted(not_started(&order, &error)),
        };
        outputs.finish(end, crate::clock::now().up.saturating_sub(began))
    })
}

fn not_started(order: &Order, error: &io::Error) -> SafeText {
    let program = order.run.first().map_or("nothing", String::as_str);
    SafeText::from_foreign(&format!("{program} cannot be started: {error}"))
}

/// A program under way.
struct Supervisor {
    child: Child,
    group: Pid,
    /// Where answers go, when it has a terminal.
    keyboard: Option<pipe::Sender>,
    /// A child has ended, or an orphan that has become one.
    somebody_ended: Signal,
    control: BufReader<pipe::Receiver>,
    lifeline: Option<pipe::Receiver>,
    told_to_end: Signal,
    deadline: Instant,
    grace: Duration,
}

impl Supervisor {
    fn begin(order: &Order, lifeline: OwnedFd, outputs: &mut Outputs) -> io::Result<Self> {
        // All that can fail comes before the program runs.
        tree::become_reaper()?;
        let control = pipe::OpenOptions::new().read_write(true).open_receiver(CONTROL)?;
        let lifeline = match order.on_disconnect {
            OnDisconnect::Stop => Some(pipe::Receiver::from_owned_fd(lifeline)?),
            OnDisconnect::Continue => None,
        };
        let told_to_end = signal(SignalKind::terminate())?;
        let somebody_ended = signal(SignalKind::child())?;
        let redactor = Redactor::new(order.secrets.iter().map(|(name, value)| (name.clone(), value.0.clone())));
        let Started { child, streams, keyboard } = Started::of(order, &redactor)?;
        let raw = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = raw.expect("the kernel numbers processes from 1 and below 2^31");
        outputs.begin(streams, order.terminal);
        Ok(Self {
            child,
            group,
            keyboard,
            somebody_ended,
            control: BufReader::new(control),
            lifeline,
            told_to_end,
            deadline: Instant::now() + order.timeout,
            grace: order.grace,
        })
    }

    async fn answer(&mut self, line: &Hidden) {
        let Some(keyboard) = &mut self.keyboard else { return };
        let line = Zeroizing::new(format!("{}\n", line.0.expose_secret()));
        // A program that reads nothing must not keep golive from stopping it; what its terminal cannot hold is lost.
        let _ = timeout(LAST_WORDS, keyboard.write_all(line.as_bytes())).await;
    }

    async fn until_over(mut self, outputs: &mut Outputs) -> End {
        let end = match self.cause(outputs).await {
            Cause::Ended(status) => self.ended(outputs, written(status)).await,
            Cause::TimedOut => self.ending(outputs, End::TimedOut).await,
            Cause::Stopped => self.ending(outputs, End::Stopped).await,
            Cause::Disconnected => self.ending(outputs, End::Disconnected).await,
            Cause::Interrupted => self.ending(outputs, End::Interrupted).await,
        };
        // An output that goes on when nobody runs any more is in a stranger's hands.
        let _ = timeout(LAST_WORDS, outputs.take()).await;
        end
    }

    /// Waits until the program has ended or has to.
    async fn cause(&mut self, outputs: &mut Outputs) -> Cause {
        loop {
            if let Some(status) = self.child.try_wait().transpose() {
                return Cause::Ended(status);
            }
            tree::reap_orphans(Some(self.group));
            tokio::select! {
                biased;
                _ = self.somebody_ended.recv() => {}
                word = word(&mut self.control) => match word {
                    Some(Word::Stop) => return Cause::Stopped,
                    Some(Word::Answer(line)) => self.answer(&line).await,
                    None => {}
                },
                () = sleep_until(self.deadline) => return Cause::TimedOut,
                () = gone(&mut self.lifeline) => return Cause::Disconnected,
                _ = self.told_to_end.recv() => return Cause::Interrupted,
                () = outputs.take_while_waiting() => {}
            }
        }
    }

    /// The program has ended by itself; what it has left behind is ended too.
    async fn ended(&self, outputs: &mut Outputs, end: End) -> End {
        if !beside(outputs, tree::empty_within(LEFT_BEHIND)).await {
            let behind = tree::running().len();
            outputs.note(&format!("golive: processes it left running behind it are ended now: {behind}"));
            let left = beside(outputs, tree::end(None, self.grace)).await;
            note_left(outputs, left);
        }
        end
    }

    async fn ending(&self, outputs: &mut Outputs, end: End) -> End {
        let left = beside(outputs, tree::end(Some(self.group), self.grace)).await;
        note_left(outputs, left);
        end
    }
}

fn note_left(outputs: &mut Outputs, left: usize) {
    if left > 0 {
        outputs.note(&format!("golive: processes of it that cannot be ended: {left}"));
    }
}

/// A program that was just started.
struct Started {
    child: Child,
    streams: [Option<Source>; 2],
    keyboard: Option<pipe::Sender>,
}

impl Started {
    fn of(order: &Order, redactor: &Redactor) -> io::Result<Self> {
        let Some((program, arguments)) = order.run.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no program is named"));
        };
        if order.terminal {
            return Self::on_terminal(order, redactor);
        }
        let mut command = Command::new(program);
        command.args(arguments).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = surrounded(&mut command, order).spawn()?;
        let stdout = child.stdout.take().map(|end| Source::new(end.into(), redactor, false)).transpose()?;
        let stderr = child.stderr.take().map(|end| Source::new(end.into(), redactor, true)).transpose()?;
        Ok(Self { child, streams: [stdout, stderr], keyboard: None })
    }

    fn on_terminal(order: &Order, redactor: &Redactor) -> io::Result<Self> {
        let (own, program) = terminal::open()?;
        let keyboard = own.try_clone()?;
        let screen = Source::new(own, redactor, false)?;
        // Unchecked: it is no pipe, but is written like one. It was made non-blocking with its other handle.
        let keyboard = pipe::Sender::from_owned_fd_unchecked(keyboard)?;
        let mut command = terminal::command(&order.run, program)?;
        let child = surrounded(&mut command, order).spawn()?;
        Ok(Self { child, streams: [Some(screen), None], keyboard: Some(keyboard) })
    }
}

fn surrounded<'a>(command: &'a mut Command, order: &Order) -> &'a mut Command {
    let variables = order.environment.iter().map(|(name, value)| (name, value.0.expose_secret()));
    command.current_dir(&order.folder).envs(variables)
}

fn written(status: io::Result<ExitStatus>) -> End {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => End::Exited(code),
            (None, Some(signal)) => End::Signalled(signal),
            (None, None) => End::Unknown(SafeText::from_foreign("it ended neither by a code nor by a signal")),
        },
        Err(error) => End::Unknown(SafeText::from_foreign(&format!("its end cannot be read: {error}"))),
    }
}

/// Does something while the outputs go on: a program whose output nobody takes cannot end.
async fn beside<T>(outputs: &mut Outputs, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        () = outputs.take_while_waiting() => unreachable!("outputs are taken for ever"),
    }
}

async fn word(control: &mut BufReader<pipe::Receiver>) -> Option<Word> {
    let mut line = String::new();
    match control.read_line(&mut line).await {
        Ok(count) if count > 0 => serde_json::from_str(&line).ok(),
        // The pipe is held open from this side too, so it neither ends nor fails; if it should, nothing more is heard.
        _ => pending().await,
    }
}

/// Waits until golive is gone.
async fn gone(lifeline: &mut Option<pipe::Receiver>) {
    let Some(lifeline) = lifeline else { return pending().await };
    let mut more = [0; 64];
    while lifeline.read(&mut more).await.is_ok_and(|count| count > 0) {}
}
