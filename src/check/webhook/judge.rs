//! From what became of the deliveries to evidence.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use http::HeaderValue;
use http::header::LOCATION;
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::check::webhook::case::Case;
use crate::check::webhook::effect::{Audit, Effect};
use crate::check::webhook::sender::{Delivery, Sender, Sent};
use crate::core::evidence::{Evidence, Hop, LONGEST_SUMMARY, Part, Timings};
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::text::SafeText;
use crate::model::word::Outcome;

/// So many equal deliveries are sent at once.
const AT_ONCE: usize = 20;
/// Past the tolerance by so many seconds: nobody's clock is that wrong.
const BEYOND: i64 = 60;

/// Sends what the cases say, and judges the answers.
pub(super) struct Judge {
    pub(super) finding: Finding,
    pub(super) cases: Vec<Case>,
    pub(super) settle: Duration,
    pub(super) sender: Sender,
    pub(super) effect: Option<Effect>,
    pub(super) audit: Option<Audit>,
    pub(super) other_address: Option<IpAddr>,
}

/// What a case came to.
#[derive(Clone, Debug)]
enum Came {
    /// As it should be.
    Right(String),
    /// It cannot be asked for here; what to do instead.
    NotOffered(String, &'static str),
    /// golive could not find out.
    Unknown(String),
    /// The target misbehaved.
    Wrong(FailureClass, String),
}

/// What a sender may take from an answer.
enum Answered {
    Taken(u16),
    Refused(u16),
    Neither(Came),
}

/// One run: where, and until when.
#[derive(Clone, Copy)]
struct Run<'a> {
    around: &'a Surroundings,
    deadline: Instant,
}

impl Judge {
    pub(super) async fn look(&self, around: &Surroundings, deadline: Instant) -> Evidence {
        let run = Run { around, deadline };
        let delivery = match self.sender.genuine(self.now(run), 0) {
            Ok(delivery) => delivery,
            Err(why) => return self.finding.fail(FailureClass::Value, &format!("nothing can be signed: {why}")),
        };
        let sent = self.sender.send(&delivery, around, deadline).await;
        let timings = timings(&sent);
        let first = self.genuine(&delivery, &sent, run).await;
        if first.weight() >= 2 && !self.cases.contains(&Case::Genuine) {
            return self.without_control(&first).fact("url", &self.sender.shown_url).timed(timings);
        }
        let mut came = Vec::new();
        for case in &self.cases {
            let one = if *case == Case::Genuine { first.clone() } else { self.case(*case, run).await };
            came.push((*case, one));
        }
        self.evidence(&came).timed(timings)
    }

    fn now(&self, run: Run<'_>) -> jiff::Timestamp {
        (run.around.clock)().at
    }

    /// Where not even a genuine delivery is taken, a refusal proves nothing.
    fn without_control(&self, first: &Came) -> Evidence {
        match first {
            Came::Wrong(
                class @ (FailureClass::Dns | FailureClass::Connect | FailureClass::Tls | FailureClass::Timeout),
                why,
            ) => self.finding.fail(*class, why),
            Came::Wrong(_, why) | Came::Unknown(why) | Came::Right(why) | Came::NotOffered(why, _) => {
                self.finding.error(&format!("a refusal would prove nothing here: the genuine delivery {why}"))
            }
        }
    }

    async fn case(&self, case: Case, run: Run<'_>) -> Came {
        match self.try_case(case, run).await {
            Ok(came) => came,
            Err(why) => Came::Unknown(format!("cannot be made: {why}")),
        }
    }

    async fn try_case(&self, case: Case, run: Run<'_>) -> Result<Came, String> {
        let (sender, now) = (&self.sender, self.now(run));
        Ok(match case {
            Case::Genuine => Came::Right(String::new()),
            Case::Unsigned => self.refused(&sender.unsigned(sender.genuine(now, 0)?), run).await,
            Case::WrongSignature => self.refused(&sender.forged(now)?, run).await,
            Case::ChangedBody => self.refused(&sender.changed(sender.genuine(now, 0)?), run).await,
            Case::Stale | Case::Future if !sender.profile.is_dated() => Came::NotOffered(
                format!(
                    "cannot be told: {} signs no timestamp, and the plan names no header for one",
                    sender.profile.name()
                ),
                "refuse a transaction that is known already, and confirm its state with the provider before granting anything",
            ),
            Case::Stale => self.refused(&sender.genuine(now, -sender.tolerance - BEYOND)?, run).await,
            Case::Future => self.refused(&sender.genuine(now, sender.tolerance + BEYOND)?, run).await,
            Case::Replay => self.replay(&sender.genuine(now, 0)?, run).await,
            Case::AtOnce => self.at_once(&sender.genuine(now, 0)?, run).await,
            Case::Oversized => self.oversized(&sender.large(now)?, run).await,
            Case::UnknownSource => self.unknown_source(run).await?,
            Case::Audited => self.audited(&sender.forged(now)?, run).await,
        })
    }

    /// The genuine delivery: taken, with one effect.
    async fn genuine(&self, delivery: &Delivery, sent: &Sent, run: Run<'_>) -> Came {
        match answered(sent) {
            Answered::Taken(status) => match &self.effect {
                None => Came::Right(format!("was taken with {status}")),
                Some(effect) => match effect.reaches(1, &delivery.id, self.settle, run.around, run.deadline).await {
                    Ok(1) => Came::Right(format!("was taken with {status} and had one effect")),
                    Ok(0) => {
                        let within = duration::written(self.settle);
                        Came::Wrong(
                            FailureClass::Body,
                            format!("was taken with {status} and had no effect within {within}"),
                        )
                    }
                    Ok(many) => {
                        Came::Wrong(FailureClass::Body, format!("was taken with {status} and had {many} effects"))
                    }
                    Err(why) => Came::Unknown(format!("was taken with {status}, and {why}")),
                },
            },
            Answered::Refused(status @ (401 | 403)) => {
                Came::Wrong(FailureClass::Denied, format!("was refused with {status}"))
            }
            Answered::Refused(status) => Came::Wrong(FailureClass::Status, format!("was refused with {status}")),
            Answered::Neither(came) => came,
        }
    }

    /// A delivery that has to be refused, and to change nothing.
    async fn refused(&self, delivery: &Delivery, run: Run<'_>) -> Came {
        let sent = self.sender.send(delivery, run.around, run.deadline).await;
        self.judge_refusal(delivery, &sent, run).await
    }

    async fn judge_refusal(&self, delivery: &Delivery, sent: &Sent, run: Run<'_>) -> Came {
        match answered(sent) {
            Answered::Taken(status) => Came::Wrong(FailureClass::Status, format!("was taken with {status}")),
            Answered::Refused(status) => match self.settled(delivery, run).await {
                Some(Ok(0)) | None => Came::Right(format!("was refused with {status}")),
                Some(Ok(count)) => {
                    let effects = if count == 1 { "an effect".to_owned() } else { format!("{count} effects") };
                    Came::Wrong(FailureClass::Body, format!("was refused with {status} and had {effects} all the same"))
                }
                Some(Err(why)) => Came::Unknown(format!("was refused with {status}, and {why}")),
            },
            Answered::Neither(came) => came,
        }
    }

    /// The effects of a transaction once nothing more is to come.
    async fn settled(&self, delivery: &Delivery, run: Run<'_>) -> Option<Result<i64, String>> {
        let effect = self.effect.as_ref()?;
        tokio::time::sleep_until((Instant::now() + self.settle).min(run.deadline)).await;
        Some(effect.count(&delivery.id, run.around, run.deadline).await)
    }

    async fn replay(&self, delivery: &Delivery, run: Run<'_>) -> Came {
        let first = self.sender.send(delivery, run.around, run.deadline).await;
        if !matches!(answered(&first), Answered::Taken(_)) {
            return Came::Unknown("cannot be told: the first of the two was not taken".to_owned());
        }
        let again = self.sender.send(delivery, run.around, run.deadline).await;
        let said = match answered(&again) {
            Answered::Taken(status) => (true, format!("was taken again with {status}")),
            Answered::Refused(status) => (false, format!("was refused with {status}")),
            Answered::Neither(came) => return came,
        };
        self.judge_repeats(usize::from(said.0) + 1, &said.1, delivery, run).await
    }

    async fn at_once(&self, delivery: &Delivery, run: Run<'_>) -> Came {
        let all = (0..AT_ONCE).map(|_| self.sender.send(delivery, run.around, run.deadline));
        let sent = join_all(all).await;
        let taken = sent.iter().filter(|sent| matches!(answered(sent), Answered::Taken(_))).count();
        if taken == 0 {
            return Came::Wrong(FailureClass::Status, format!("were all refused, though {AT_ONCE} were genuine"));
        }
        self.judge_repeats(taken, &format!("were taken {taken} times of {AT_ONCE}"), delivery, run).await
    }

    /// Whether a message that was taken so often had one effect.
    async fn judge_repeats(&self, taken: usize, said: &str, delivery: &Delivery, run: Run<'_>) -> Came {
        match self.settled(delivery, run).await {
            Some(Ok(1)) => Came::Right(format!("{said}, with one effect")),
            Some(Ok(count)) => Came::Wrong(FailureClass::Body, format!("{said}, with {count} effects")),
            Some(Err(why)) => Came::Unknown(format!("{said}, and {why}")),
            None if taken <= 1 => Came::Right(said.to_owned()),
            None => Came::Unknown(format!("{said}, and the plan does not say where effects are counted")),
        }
    }

    /// An endpoint that hangs up on what is too large has refused it.
    async fn oversized(&self, delivery: &Delivery, run: Run<'_>) -> Came {
        let sent = self.sender.send(delivery, run.around, run.deadline).await;
        match &sent {
            Err((trouble, _)) if matches!(trouble.class(), FailureClass::Protocol | FailureClass::Connect) => {
                Came::Right("was hung up on".to_owned())
            }
            _ => self.judge_refusal(delivery, &sent, run).await,
        }
    }

    async fn unknown_source(&self, run: Run<'_>) -> Result<Came, String> {
        let sender = &self.sender;
        let mut came = Vec::new();
        if sender.user_agent.is_some() {
            let delivery = sender.genuine(self.now(run), 0)?;
            let stranger = HeaderValue::from_static("golive-stranger/1");
            let sent = sender.send_as(&delivery, Some(stranger), None, run.around, run.deadline).await;
            came.push(self.judge_refusal(&delivery, &sent, run).await.of("from another user agent"));
        }
        if let Some(address) = self.other_address {
            let delivery = sender.genuine(self.now(run), 0)?;
            let agent = sender.user_agent.clone();
            let sent = sender.send_as(&delivery, agent, Some(address), run.around, run.deadline).await;
            came.push(self.judge_refusal(&delivery, &sent, run).await.of(&format!("from {address}")));
        }
        Ok(came.into_iter().max_by_key(Came::weight).unwrap_or_else(|| {
            Came::NotOffered(
                "cannot be told: the plan declares neither user agent nor address of the provider".to_owned(),
                "declare user_agent, and other_address where this machine has an address that may not send",
            )
        }))
    }

    async fn audited(&self, delivery: &Delivery, run: Run<'_>) -> Came {
        let Some(audit) = &self.audit else {
            return Came::Unknown("cannot be told: the plan names no audit trail".to_owned());
        };
        let before = match audit.size(run.around, run.deadline).await {
            Ok(before) => before,
            Err(why) => return Came::Unknown(format!("cannot be told: {why}")),
        };
        let refused = self.refused(delivery, run).await;
        if !matches!(refused, Came::Right(_)) {
            return refused;
        }
        match audit.grows(before, self.settle, run.around, run.deadline).await {
            Ok(true) => Came::Right(format!("left an event in {}", audit.shown())),
            Ok(false) => {
                let within = duration::written(self.settle);
                let what = format!("was refused and left no event in {} within {within}", audit.shown());
                Came::Wrong(FailureClass::File, what)
            }
            Err(why) => Came::Unknown(format!("cannot be told: {why}")),
        }
    }

    /// The worst case speaks; all stand in the facts.
    fn evidence(&self, came: &[(Case, Came)]) -> Evidence {
        // The first of the worst: those behind it may only follow from it.
        let Some((case, worst)) = came.iter().rev().max_by_key(|(_, came)| came.weight()) else {
            return self.finding.error("nothing was sent");
        };
        let said = |what: &str| format!("{}: {what}", case.shown());
        let mut evidence = match worst {
            Came::Wrong(class, what) => self.finding.fail(*class, &said(what)),
            Came::Unknown(what) => self.finding.error(&said(what)),
            Came::NotOffered(what, remedy) => Evidence::warn(&said(what)).remedy(remedy),
            Came::Right(what) if came.len() == 1 => Evidence::pass(&said(what)),
            Came::Right(_) => {
                let all: Vec<String> = came.iter().map(|(case, _)| case.shown()).collect();
                Evidence::pass(&format!("right for: {}", all.join(", ")))
            }
        };
        for (case, came) in came {
            let (Came::Right(what) | Came::NotOffered(what, _) | Came::Unknown(what) | Came::Wrong(_, what)) = came;
            evidence = match came {
                Came::Wrong(..) => evidence.material(case.word(), what),
                _ => evidence.fact(case.word(), what),
            };
        }
        evidence
            .hops(came.iter().filter_map(|(case, came)| self.refusal(*case, came)))
            .fact("url", &self.sender.shown_url)
            .fact("marked", &self.sender.mark())
    }
}

impl Judge {
    /// A delivery that had to be refused, or to have no second effect, as the Flow screen shows it.
    fn refusal(&self, case: Case, came: &Came) -> Option<Hop> {
        let (outcome, seen) = match came {
            Came::Right(seen) => (Outcome::Pass, seen),
            Came::NotOffered(seen, _) => (Outcome::Warn, seen),
            Came::Unknown(seen) => (Outcome::Error, seen),
            Came::Wrong(_, seen) => (Outcome::Fail, seen),
        };
        let counted = self.effect.as_ref().map(|effect| format!("its answer, and {}", effect.counted_by()));
        let vouched_by = counted.unwrap_or_else(|| "its answer alone".to_owned());
        case.has_to_be_refused().then(|| Hop {
            outcome: Some(outcome),
            done: SafeText::bounded(&format!("POST {}", self.sender.shown_url), LONGEST_SUMMARY),
            seen: SafeText::bounded(seen, LONGEST_SUMMARY),
            vouched_by: SafeText::bounded(&vouched_by, 120),
            ..Hop::ahead(&case.shown(), Part::Refusal)
        })
    }
}

impl Came {
    /// The worse, the heavier.
    const fn weight(&self) -> u8 {
        match self {
            Self::Right(_) => 0,
            Self::NotOffered(..) => 1,
            Self::Unknown(_) => 2,
            Self::Wrong(..) => 3,
        }
    }

    /// The same with a word about which one it was.
    fn of(self, which: &str) -> Self {
        match self {
            Self::Right(what) => Self::Right(format!("{which}, {what}")),
            Self::NotOffered(what, remedy) => Self::NotOffered(format!("{which}, {what}"), remedy),
            Self::Unknown(what) => Self::Unknown(format!("{which}, {what}")),
            Self::Wrong(class, what) => Self::Wrong(class, format!("{which}, {what}")),
        }
    }
}

fn timings(sent: &Sent) -> Timings {
    match sent {
        Ok(answer) => answer.timings,
        Err((_, timings)) => *timings,
    }
}

/// Taken is 2xx, refused is 4xx. A redirect is followed by no provider, a 5xx is an accident, a 429 says nothing.
fn answered(sent: &Sent) -> Answered {
    let answer = match sent {
        Ok(answer) => answer,
        Err((trouble, _)) if trouble.is_the_targets() => {
            return Answered::Neither(Came::Wrong(trouble.class(), format!("got no answer: {trouble}")));
        }
        Err((trouble, _)) => return Answered::Neither(Came::Unknown(format!("could not be sent: {trouble}"))),
    };
    match answer.status {
        status @ 200..=299 => Answered::Taken(status),
        status @ (408 | 425 | 429) => {
            Answered::Neither(Came::Unknown(format!("was put off with {status}: too many, or too slow")))
        }
        status @ 400..=499 => Answered::Refused(status),
        status @ 300..=399 => {
            let to = answer.headers.get(LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            let to = to.map(|to| format!(" to {to}")).unwrap_or_default();
            let what = format!("was redirected with {status}{to}: providers follow no redirect");
            Answered::Neither(Came::Wrong(FailureClass::Status, what))
        }
        status => Answered::Neither(Came::Wrong(
            FailureClass::Status,
            format!("was answered with {status}, which is neither taken nor refused"),
        )),
    }
}
