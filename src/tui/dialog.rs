//! Questions to the person: sign, object, waive, note, and the doors before what changes the world (DECISIONS 36).
//!
//! What a dialog may answer is decided here by time and text alone; what may be done is decided by the core.

mod alert;
mod draw;
mod make;
mod rollback;
mod rotation;

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tui_input::{Input, InputRequest};

use crate::core::decide::Command;
use crate::core::event::Subject;
use crate::model::duration;
use crate::model::id::{AlertId, CheckId, CredentialId, ItemId};
use crate::model::operator::{Operator, Provenance};
use crate::model::time::Now;
use crate::model::values::Given;

pub use draw::draw;

/// An answer counts only so long after the question was drawn: nobody has read it sooner.
const READ_FIRST: Duration = Duration::from_millis(300);
/// Keys closer together than this come from one burst: a paste, or a slow link that bunched them.
const BURST: Duration = Duration::from_millis(10);

/// A question to the person.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// What it asks.
    pub question: Question,
    /// What stands in its frame.
    pub title: String,
    /// What a person has to know before answering: a name and a text each.
    pub facts: Vec<(String, String)>,
    /// Lines that are shown as they are: a diff.
    pub excerpt: Vec<String>,
    /// What is typed.
    pub fields: Vec<Field>,
    /// The field that takes the keys.
    pub at: usize,
    /// What opens it.
    pub lock: Lock,
    /// Why it was not done, or what is missing.
    pub refusal: Option<String>,
    /// The decision that it waits for.
    pub ticket: Option<u64>,
    /// When it was first drawn, as time since boot.
    pub drawn: Option<Duration>,
    typed: Option<Duration>,
}

/// What a dialog asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Sign this item.
    Sign(ItemId),
    /// Object to this item.
    Object(ItemId),
    /// Accept this.
    Waive(Subject),
    /// Say that this alert was seen.
    Acknowledge(AlertId),
    /// Mute this alert's notices.
    Silence(AlertId),
    /// Say that business rests.
    Lull,
    /// Write something down.
    Note(Option<Subject>),
    /// Type back the code of a test message of this check.
    Code(CheckId),
    /// Say that the task of this check is done.
    Task(CheckId),
    /// Close the gate again.
    CloseGate,
    /// Give the go-live up.
    Abort,
    /// Rotate this credential, with the value in the first field.
    Rotate(CredentialId),
    /// Speak for a role.
    Poll,
    /// Hold the go-live.
    Hold,
    /// Do this.
    Door(Command),
    /// Show only what holds these words.
    Filter,
    /// Look for these words.
    Search,
    /// Leave golive.
    Quit,
}

/// What opens a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// `Enter`, once its fields are filled.
    Enter,
    /// `y`: it can be undone.
    Yes,
    /// This word, typed by hand, and an `Enter` of its own.
    Word(String),
}

/// A line to type in.
#[derive(Clone)]
pub struct Field {
    /// What belongs in it.
    pub label: String,
    /// What is in it.
    pub input: Input,
    /// Whether it may stay empty.
    pub optional: bool,
    /// Whether what is in it is never shown.
    pub secret: bool,
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Field").field("label", &self.label).finish_non_exhaustive()
    }
}

/// What a key did to a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing that leaves the dialog.
    Stay,
    /// It is over, nothing is done.
    Leave,
    /// Do this.
    Do(Command, Operator),
    /// Show only what holds these words.
    Filter(String),
    /// Look for these words.
    Search(String),
    /// Leave golive.
    Quit,
}

impl Dialog {
    /// Types into the field that has the keys.
    pub fn edit(&mut self, request: InputRequest, now: Now) {
        if let Some(field) = self.fields.get_mut(self.at).filter(|_| self.ticket.is_none()) {
            field.input.handle(request);
            self.refusal = None;
            self.typed = Some(now.up);
        }
    }

    /// Takes pasted text, where it may come from a clipboard: never at a door.
    pub fn paste(&mut self, text: &str, now: Now) {
        // A value that goes into no journal may come from where such values are kept; a door's word may not.
        let is_secret = self.fields.get(self.at).is_some_and(|field| field.secret);
        if is_secret || (matches!(self.lock, Lock::Enter) && !self.fields.is_empty()) {
            for letter in text.chars().filter(|letter| !letter.is_control()).take(500) {
                self.edit(InputRequest::InsertChar(letter), now);
            }
        } else {
            self.refusal = Some("pasted text never answers a door: type it".to_owned());
        }
    }

    /// To the next field, or the one before.
    pub fn turn(&mut self, forward: bool) {
        let fields = self.fields.len().max(1);
        self.at = if forward { (self.at + 1) % fields } else { (self.at + fields - 1) % fields };
    }

    /// Whether an answer that comes now was given by a hand after the eyes had time.
    fn is_read(&self, now: Now) -> bool {
        let read = self.drawn.is_some_and(|drawn| now.up.saturating_sub(drawn) >= READ_FIRST);
        read && self.typed.is_none_or(|typed| now.up.saturating_sub(typed) >= BURST)
    }

    /// `y`, where that is the answer.
    pub fn yes(&mut self, own: &Operator, zone: &TimeZone, now: Now) -> Answer {
        if self.lock == Lock::Yes && self.is_read(now) { self.done(own, zone, now) } else { Answer::Stay }
    }

    /// `Enter`. At a door it leaves, unless the word is whole.
    pub fn enter(&mut self, own: &Operator, zone: &TimeZone, now: Now) -> Answer {
        if self.ticket.is_some() {
            return Answer::Stay;
        }
        let word = self.fields.last().map(|field| field.input.value().trim().to_owned()).unwrap_or_default();
        match &self.lock {
            Lock::Yes => return if self.is_read(now) { Answer::Leave } else { Answer::Stay },
            Lock::Word(_) if word.is_empty() && self.is_read(now) => return Answer::Leave,
            Lock::Word(wanted) if word != *wanted => {
                self.refusal = Some(format!("type {wanted} to go on, or esc to leave"));
                return Answer::Stay;
            }
            Lock::Word(_) | Lock::Enter => {}
        }
        if !self.is_read(now) {
            self.refusal = Some("that came too fast to have been read; press enter again".to_owned());
            // The next one is a press of its own.
            self.typed = None;
            return Answer::Stay;
        }
        if let Some(at) = self.fields.iter().position(|field| !field.optional && field.input.value().trim().is_empty())
        {
            self.at = at;
            self.refusal = Some(format!("{} is missing", self.fields[at].label));
            return Answer::Stay;
        }
        self.done(own, zone, now)
    }

    fn text(&self, at: usize) -> String {
        self.fields.get(at).map(|field| field.input.value().trim().to_owned()).unwrap_or_default()
    }

    fn done(&mut self, own: &Operator, zone: &TimeZone, now: Now) -> Answer {
        let command = match &self.question {
            Question::Quit => return Answer::Quit,
            Question::Filter => return Answer::Filter(self.text(0)),
            Question::Search => return Answer::Search(self.text(0)),
            Question::Sign(item) => {
                let note = Some(self.text(0)).filter(|note| !note.is_empty());
                Command::Sign { item: item.clone(), note }
            }
            Question::Object(item) => Command::Object { item: item.clone(), reason: self.text(0) },
            Question::Waive(subject) => match until(&self.text(1), zone, now) {
                Ok(until) => Command::Waive { subject: subject.clone(), reason: self.text(0), until },
                Err(why) => {
                    self.refusal = Some(why);
                    return Answer::Stay;
                }
            },
            Question::Acknowledge(alert) => {
                let note = Some(self.text(0)).filter(|note| !note.is_empty());
                Command::Acknowledge { alert: alert.clone(), note }
            }
            Question::Silence(_) | Question::Lull => match until(&self.text(1), zone, now) {
                Ok(until) => self.muting(until),
                Err(why) => {
                    self.refusal = Some(why);
                    return Answer::Stay;
                }
            },
            Question::Note(subject) => Command::Note { subject: subject.clone(), text: self.text(0) },
            Question::Code(check) => Command::ConfirmCode { check: check.clone(), code: self.text(0) },
            Question::Task(check) => {
                let note = Some(self.text(0)).filter(|note| !note.is_empty());
                Command::TaskDone { check: check.clone(), note }
            }
            Question::CloseGate => Command::CloseGate { reason: self.text(0) },
            Question::Abort => Command::AbortSession { reason: self.text(0) },
            Question::Rotate(credential) => {
                let value = Some(Given(self.text(0).into()));
                Command::Rotate { credential: credential.clone(), value }
            }
            Question::Hold => Command::Hold { reason: self.text(0) },
            Question::Poll => match rollback::poll_word(&self.text(1)) {
                Ok(word) => {
                    let reason = Some(self.text(2)).filter(|reason| !reason.is_empty());
                    Command::SayInPoll { role: self.text(0), word, reason }
                }
                Err(why) => {
                    self.refusal = Some(why);
                    return Answer::Stay;
                }
            },
            Question::Door(command) => command.clone(),
        };
        Answer::Do(command, self.by(own))
    }

    fn muting(&self, until: Timestamp) -> Command {
        let reason = self.text(0);
        match &self.question {
            Question::Silence(alert) => Command::Silence { alert: alert.clone(), reason, until },
            _ => Command::DeclareLull { reason, until },
        }
    }

    /// Who decides. Another name typed at this keyboard is a claim, and recorded as one.
    fn by(&self, own: &Operator) -> Operator {
        let typed = match self.question {
            Question::Sign(_) => Some(self.text(1)),
            _ => None,
        };
        match typed.map(|name| Operator::new(&name, Provenance::Typed)) {
            Some(typed) if typed.normalised() != own.normalised() => typed,
            _ => own.clone(),
        }
    }
}

/// Reads when a waiver ends: a length of time, or a time of day that comes next.
fn until(text: &str, zone: &TimeZone, now: Now) -> Result<Timestamp, String> {
    if let Ok(length) = duration::parse(text) {
        return now.at.checked_add(length).map_err(|_| format!("{text} is too long a time"));
    }
    let time: jiff::civil::Time = text.parse().map_err(|_| format!("\"{text}\" is no time: write 2h, 90m or 18:00"))?;
    let today = now.at.to_zoned_datetime(zone.clone());
    let at =
        |day: jiff::civil::Date| day.to_datetime(time).to_zoned_datetime(zone.clone()).map(|zoned| zoned.timestamp());
    let wrong = |_| format!("{text} is no time of that day");
    let end = at(today.date()).map_err(wrong)?;
    if end > now.at { Ok(end) } else { at(today.date().tomorrow().map_err(wrong)?).map_err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_ends_after_a_while_or_at_a_time_of_day() {
        let now = Now { at: "2026-11-24T14:00:00Z".parse().unwrap(), up: Duration::ZERO };
        let read = |text: &str| until(text, &TimeZone::UTC, now).map(|at| at.to_string());
        assert_eq!(read("2h").unwrap(), "2026-11-24T16:00:00Z");
        assert_eq!(read("18:00").unwrap(), "2026-11-24T18:00:00Z");
        assert_eq!(read("09:30").unwrap(), "2026-11-25T09:30:00Z");
        assert_eq!(read("soon").unwrap_err(), "\"soon\" is no time: write 2h, 90m or 18:00");
    }
}
