//! A notice: what one recipient is told of one thing that happened, as plain data. Made once, kept in the journal, and
//! sent again unchanged until it has arrived.

pub mod test;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::alert::Level;
use crate::model::id::{AlertId, NotifierId, SessionId};
use crate::model::text::SafeText;

/// The idempotency key of a notice: one a transition and recipient, the same at each attempt and after each restart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeKey(String);

impl NoticeKey {
    /// The key of what happened to `lane` at a transition, for one recipient.
    #[must_use]
    pub fn new(session: &SessionId, lane: &str, transition: u64, to: &NotifierId) -> Self {
        Self(format!("{session}-{lane}-{transition}-{to}"))
    }

    /// The key of a test: each is another.
    #[must_use]
    pub fn of_test(mark: &str, to: &NotifierId) -> Self {
        Self(format!("test-{mark}-{to}"))
    }

    /// As it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What one recipient is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its idempotency key.
    pub key: NoticeKey,
    /// Who is told.
    pub to: NotifierId,
    /// When it happened.
    pub at: Timestamp,
    /// What goes live.
    pub service: SafeText,
    /// Where to.
    pub environment: SafeText,
    /// What happened.
    pub about: About,
    /// The end of the journal when it was queued, where the session is kept at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
}

/// The end of a session's journal at one moment. Whoever has been told it can hold the journal against it later: a chain
/// that somebody made anew has another hash at that event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose journal.
    pub session: SessionId,
    /// The number of its last event then.
    pub event: u64,
    /// The hash over that one and all before it.
    pub hash: SafeText,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.event, self.hash)
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// An alert changed.
    Alert(Box<OfAlert>),
    /// A notifier no longer takes anything, or does so again.
    Notifier {
        /// Which.
        notifier: NotifierId,
        /// Whether it is down.
        down: bool,
        /// What it answered.
        why: SafeText,
    },
    /// Nothing: a test of the way.
    Test {
        /// What a person types back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<SafeText>,
        /// The rules that come this way.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rules: Vec<SafeText>,
    },
}

/// A change of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfAlert {
    /// Which.
    pub alert: AlertId,
    /// What people read instead of the id.
    pub title: SafeText,
    /// How much it weighs.
    pub level: Level,
    /// What happened to it.
    pub happened: Happened,
    /// What was seen.
    pub value: SafeText,
    /// What it was held against.
    pub threshold: SafeText,
    /// Who did it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SafeText>,
    /// What they noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<SafeText>,
    /// What it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<SafeText>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<SafeText>,
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It fires.
    Fired,
    /// A person says: seen.
    Acknowledged,
    /// Nobody acknowledged it in time.
    Escalated,
    /// It is over.
    Resolved,
}

impl Happened {
    /// The word as payloads write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
        }
    }
}

/// How loud a notice is: it chooses colour, priority and bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Something is over.
    Good,
    /// To be known.
    Plain,
    /// To be looked at.
    Look,
    /// Somebody has to act.
    Bad,
}

impl Notice {
    /// What keeps its order: nobody hears that an alert is over before they heard that it fires.
    #[must_use]
    pub fn lane(&self) -> &str {
        match &self.about {
            About::Alert(about) => about.alert.as_str(),
            About::Notifier { notifier, .. } => notifier.as_str(),
            About::Test { .. } => self.key.as_str(),
        }
    }

    /// What happened, as one word with its family: `alert.fired`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.about {
            About::Alert(about) => match about.happened {
                Happened::Fired => "alert.fired",
                Happened::Acknowledged => "alert.acknowledged",
                Happened::Escalated => "alert.escalated",
                Happened::Resolved => "alert.resolved",
            },
            About::Notifier { down: true, .. } => "notifier.down",
            About::Notifier { down: false, .. } => "notifier.up",
            About::Test { .. } => "test",
        }
    }

    /// How loud it is.
    #[must_use]
    pub fn tone(&self) -> Tone {
        match &self.about {
            About::Alert(about) => match (about.happened, about.level) {
                (Happened::Resolved, _) => Tone::Good,
                (Happened::Acknowledged, _) => Tone::Plain,
                (Happened::Fired | Happened::Escalated, Level::Critical) => Tone::Bad,
                (Happened::Fired | Happened::Escalated, Level::Warning | Level::Business) => Tone::Look,
            },
            About::Notifier { down, .. } => {
                if *down {
                    Tone::Look
                } else {
                    Tone::Good
                }
            }
            About::Test { .. } => Tone::Plain,
        }
    }

    /// The first line: what happened, to what, where.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.about {
            About::Alert(about) => {
                let happened = match about.happened {
                    Happened::Fired => format!("{} fires", about.level.word().to_uppercase()),
                    Happened::Acknowledged => "Acknowledged".to_owned(),
                    Happened::Escalated => format!("{} not acknowledged", about.level.word().to_uppercase()),
                    Happened::Resolved => "Resolved".to_owned(),
                };
                format!("{happened}: {}", about.title)
            }
            About::Notifier { notifier, down: true, .. } => format!("Notifier {notifier} is down"),
            About::Notifier { notifier, down: false, .. } => format!("Notifier {notifier} works again"),
            About::Test { .. } => "Test: nothing is wrong".to_owned(),
        }
    }

    /// One or two sentences below it.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.about {
            About::Alert(about) => match about.happened {
                Happened::Fired => about.impact.as_ref().map_or_else(String::new, |impact| capital(impact.as_str())),
                Happened::Acknowledged => match (&about.by, &about.note) {
                    (Some(by), Some(note)) => format!("{by} has seen it: {note}"),
                    (Some(by), None) => format!("{by} has seen it."),
                    (None, _) => "Somebody has seen it.".to_owned(),
                },
                Happened::Escalated => "Nobody has acknowledged it in time; you are told now.".to_owned(),
                Happened::Resolved => "Its condition no longer holds, on fresh samples.".to_owned(),
            },
            About::Notifier { down: true, why, .. } => {
                format!("What it should be told waits and is tried again. It answered: {why}")
            }
            About::Notifier { down: false, .. } => "What waited for it has been told.".to_owned(),
            About::Test { code: Some(code), .. } => {
                format!("golive proves that its alerts arrive here. Type this code back into golive: {code}")
            }
            About::Test { code: None, .. } => {
                "golive proves that its alerts arrive here. Nobody has to act.".to_owned()
            }
        }
    }

    /// What a channel says small, where it has a place for that: the head, as `golive verify` takes it.
    #[must_use]
    pub fn head_words(&self) -> Option<String> {
        self.head.as_ref().map(|head| format!("journal of {}: {head}", head.session))
    }

    /// What else is worth knowing, name and value.
    #[must_use]
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("service", format!("{} ({})", self.service, self.environment))];
        match &self.about {
            About::Alert(about) => {
                facts.push(("alert", format!("{}, {}", about.alert, about.level.word())));
                for (name, text) in [("seen", &about.value), ("threshold", &about.threshold)] {
                    if !text.is_empty() {
                        facts.push((name, text.to_string()));
                    }
                }
                if about.happened != Happened::Resolved {
                    facts.extend(about.remedy.as_ref().map(|remedy| ("what to do", remedy.to_string())));
                }
            }
            About::Notifier { .. } => {}
            About::Test { rules, .. } => {
                facts.extend((!rules.is_empty()).then(|| {
                    let rules: Vec<&str> = rules.iter().map(SafeText::as_str).collect();
                    ("comes this way", rules.join(", "))
                }));
            }
        }
        facts.push(("at", self.at.strftime("%F %T UTC").to_string()));
        facts
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
