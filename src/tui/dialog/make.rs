//! The dialogs by what they ask: title, what has to be known first, fields and lock.

use crate::core::decide::Command;
use crate::core::event::Subject;
use crate::core::notice::test;
use crate::core::state::Enforcement;
use crate::core::status;
use crate::model::id::{CheckId, ItemId};
use crate::model::mend::ShownProposal;
use crate::model::step::{Confirm, Step};
use crate::tui::dialog::{Dialog, Field, Lock, Question};
use crate::tui::format;
use crate::tui::scene::Scene;
use tui_input::Input;

/// So many lines of a diff stand in a dialog.
const LONGEST_DIFF: usize = 14;

impl Dialog {
    pub(super) fn new(question: Question, title: impl Into<String>) -> Self {
        Self {
            question,
            title: title.into(),
            facts: Vec::new(),
            excerpt: Vec::new(),
            fields: Vec::new(),
            at: 0,
            lock: Lock::Enter,
            refusal: None,
            ticket: None,
            drawn: None,
            typed: None,
        }
    }

    pub(super) fn fact(mut self, name: &str, text: impl Into<String>) -> Self {
        self.facts.push((name.to_owned(), text.into()));
        self
    }

    pub(super) fn field(mut self, label: &str, text: &str, optional: bool) -> Self {
        self.fields.push(Field {
            label: label.to_owned(),
            input: Input::new(text.to_owned()),
            optional,
            secret: false,
        });
        self
    }

    /// A field whose text is never shown.
    pub(super) fn secret_field(mut self, label: &str) -> Self {
        self = self.field(label, "", false);
        if let Some(field) = self.fields.last_mut() {
            field.secret = true;
        }
        self
    }

    pub(super) fn locked(mut self, lock: Lock) -> Self {
        if let Lock::Word(word) = &lock {
            self = self.field(&format!("Type  {word}  to go on"), "", true);
        }
        self.lock = lock;
        self
    }

    /// To show only what holds some words.
    #[must_use]
    pub fn filter(words: &str) -> Self {
        let hint = "words of the text, the subject, who did it, or the sort of event: alert, step, check …";
        Self::new(Question::Filter, "Show only").fact("", hint).field("words", words, true)
    }

    /// To look for words in what a step printed.
    #[must_use]
    pub fn search(words: &str) -> Self {
        let hint = "words of one line; small and capital letters are the same";
        Self::new(Question::Search, "Look for").fact("", hint).field("words", words, true)
    }

    /// To sign an item.
    #[must_use]
    pub fn sign(scene: &Scene<'_>, id: &ItemId) -> Option<Self> {
        let (item, known) = scene.live.item(id)?;
        let manual = item.manual.as_ref()?;
        let mut dialog =
            Self::new(Question::Sign(id.clone()), format!("Sign: {}", item.title)).fact("", manual.prompt.clone());
        let counting = status::counting(scene.live, item, known);
        let given = counting.iter().map(|signature| signature.by.to_string()).collect::<Vec<_>>().join(", ");
        let of = format!("{} of {}", counting.len(), manual.approvals);
        dialog = dialog.fact("signed", if given.is_empty() { of } else { format!("{of} ({given})") });
        if manual.not_by.is_some() {
            dialog = dialog.fact("not by", "whoever started a step of this go-live");
        }
        if !item.checks.is_empty() {
            dialog = dialog.fact("evidence", evidence_words(scene, id));
        }
        Some(dialog.field("note", "", true).field("as", scene.own.id.as_str(), false))
    }

    /// To object to an item.
    #[must_use]
    pub fn object(scene: &Scene<'_>, id: &ItemId) -> Option<Self> {
        let (item, _) = scene.live.item(id)?;
        let dialog = Self::new(Question::Object(id.clone()), format!("Object: {}", item.title));
        Some(dialog.fact("", "An objection holds the verdict until you withdraw it (u).").field("why", "", false))
    }

    /// To accept something although it is not settled.
    #[must_use]
    pub fn waive(scene: &Scene<'_>, subject: Subject) -> Self {
        let (name, words) = match &subject {
            Subject::Item(id) => {
                (scene.live.item(id).map_or_else(|| id.to_string(), |(item, _)| item.title.clone()), None)
            }
            Subject::Check(id) => {
                let found = scene.live.check(id).and_then(|(_, known)| known.latest.as_ref());
                (id.to_string(), found.map(|latest| latest.evidence.summary.to_string()))
            }
            Subject::Alert(id) => (id.to_string(), None),
            Subject::Notifier(id) => (id.to_string(), None),
        };
        let degradation = match &subject {
            Subject::Check(id) => scene.live.check(id).and_then(|(check, _)| check.degradation.clone()),
            Subject::Item(_) | Subject::Alert(_) | Subject::Notifier(_) => None,
        };
        let title = match &degradation {
            Some(degradation) => format!("Go on without {}: {name}", degradation.without),
            None => format!("Waive: {name}"),
        };
        let mut dialog = Self::new(Question::Waive(subject), title);
        if let Some(words) = words {
            dialog = dialog.fact("now", words);
        }
        if let Some(degradation) = degradation {
            dialog = dialog.fact("first", degradation.to_do()).fact("", "You confirm that this is done.");
        }
        let dialog = dialog.fact("", "It is accepted, not mended: the verdict goes no higher than GO WITH WARNINGS.");
        dialog.field("why", "", false).field("until", "2h", false)
    }

    /// To type back the code of a test message.
    #[must_use]
    pub fn code(scene: &Scene<'_>, id: &CheckId) -> Self {
        let latest = scene.live.check(id).and_then(|(_, known)| known.latest.as_ref());
        let waits = latest.map(|latest| test::waiting(&latest.evidence).map(|(name, _)| name.to_owned()).collect());
        let waits: Vec<String> = waits.unwrap_or_default();
        Self::new(Question::Code(id.clone()), "Confirm code")
            .fact("went to", waits.join(", "))
            .fact(
                "",
                "Read the message where it arrived, and type its code: so it is known that alerts are seen there.",
            )
            .field("code", "", false)
    }

    /// To say that the task of a failing check is done.
    #[must_use]
    pub fn task(scene: &Scene<'_>, id: &CheckId) -> Option<Self> {
        let task = scene.live.task(id)?;
        let mut dialog =
            Self::new(Question::Task(id.clone()), format!("Done: {id}")).fact("now", task.what.to_string());
        if let Some(remedy) = &task.remedy {
            dialog = dialog.fact("to do", remedy.to_string());
        }
        let dialog =
            dialog.fact("", "The check is run at once, and that decides: the task closes when it is seen good.");
        Some(dialog.field("did", "", true))
    }

    /// To write something down.
    #[must_use]
    pub fn note(subject: Option<Subject>) -> Self {
        let about = match &subject {
            Some(Subject::Item(id)) => id.to_string(),
            Some(Subject::Check(id)) => id.to_string(),
            Some(Subject::Alert(id)) => id.to_string(),
            Some(Subject::Notifier(id)) => id.to_string(),
            None => "this go-live".to_owned(),
        };
        Self::new(Question::Note(subject), format!("Note on {about}")).field("note", "", false)
    }

    /// The door before a step.
    #[must_use]
    pub fn step(scene: &Scene<'_>, id: &ItemId) -> Option<Self> {
        let (item, known) = scene.live.item(id)?;
        let step = item.step.as_ref()?;
        let service = &scene.live.plan().service;
        let place = format!("{} in {}", service.name, service.environment.to_uppercase());
        if known.step.as_ref().is_some_and(|run| run.is_under_way()) {
            let dialog =
                Self::new(Question::Door(Command::StopStep { item: id.clone() }), format!("Stop: {}", item.title));
            let dialog = dialog.fact("", "Stops the step with everything it started. What it has done stays done.");
            return Some(dialog.fact("where", place).locked(Lock::Yes));
        }
        let mut dialog =
            Self::new(Question::Door(Command::StartStep { item: id.clone() }), format!("Start: {}", item.title));
        dialog = dialog.fact("runs", crate::tui::detail::action_words(scene.live, &step.action));
        for (name, words) in crate::tui::detail::around(&step.action) {
            dialog = dialog.fact(name, words);
        }
        dialog = dialog.fact("where", place).fact("as", scene.own.to_string());
        dialog = dialog.fact("verdict", scene.live_standing.verdict.headline());
        dialog = dialog.fact("timeout", format!("{}; then the whole tree is stopped", step.timeout));
        if let Some(ran) = known.step.as_ref().and_then(|run| run.end().map(|end| crate::tui::words::step_end(end).0)) {
            dialog = dialog.fact("before", format!("it {ran}"));
        }
        dialog = match &step.undo {
            Some(undo) => dialog.fact("undo", crate::tui::detail::action_words(scene.live, &undo.step.action)),
            None => dialog.fact("", "What it changes in the world is not undone by golive."),
        };
        Some(dialog.locked(lock_of(step, &service.name)))
    }

    /// The door before something is written into the configuration.
    #[must_use]
    pub fn fix(scene: &Scene<'_>, checks: &[CheckId], proposal: &ShownProposal) -> Self {
        let files = proposal.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
        let command = Command::Enforce {
            checks: checks.to_vec(),
            variables: proposal.variables.clone(),
            digest: proposal.digest.clone(),
        };
        let mut dialog = Self::new(Question::Door(command), format!("Put right: {}", proposal.variables.join(", ")));
        dialog = dialog.fact("writes", format!("{files}, in one piece, beside a backup; u puts it back"));
        dialog = dialog.fact("as", scene.own.to_string());
        dialog = dialog.fact(
            "voids",
            "what was built before has the old values in it: deployment steps that ended have to be run again",
        );
        for left in proposal.left.iter().take(3) {
            dialog = dialog.fact("not this", left.to_string());
        }
        dialog.excerpt = proposal.diff.iter().take(LONGEST_DIFF).map(ToString::to_string).collect();
        let more = proposal.diff.len().saturating_sub(LONGEST_DIFF);
        if more > 0 {
            dialog.excerpt.push(format!("… {} more: golive enforce shows them all", format::count(more, "line")));
        }
        dialog.locked(Lock::Yes)
    }

    /// The door before what was written is put back.
    #[must_use]
    pub fn undo_fix(scene: &Scene<'_>, enforcement: &Enforcement) -> Self {
        let variables = enforcement.variables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let files = enforcement.written().unwrap_or_default().iter().map(|file| file.path.to_string());
        let files = files.collect::<Vec<_>>().join(", ");
        let at = format::time_of_day(enforcement.at, scene.zone);
        let command = Command::UndoEnforcement { effect: enforcement.effect };
        Self::new(Question::Door(command), format!("Put back: {variables}"))
            .fact("writes", format!("{files}, to what it was before {} changed it at {at}", enforcement.by))
            .fact("", "A file that was changed since stays as it is.")
            .locked(Lock::Yes)
    }

    /// The door before what moves the question.
    #[must_use]
    pub fn act(scene: &Scene<'_>, act: crate::tui::ui::Act) -> Self {
        use crate::tui::ui::Act;
        let service = &scene.live.plan().service;
        let name = service.name.clone();
        let place = format!("{name} in {}", service.environment.to_uppercase());
        let verdict = scene.live_standing.verdict.headline();
        let door = |command, title: &str, what: &str| {
            let dialog = Self::new(Question::Door(command), title).fact("", what);
            dialog.fact("where", place.clone()).fact("as", scene.own.to_string()).fact("verdict", verdict.clone())
        };
        match act {
            Act::Begin => door(
                Command::BeginDeployment,
                "Begin the deployment",
                "From now on the deployment's checks run and the question is: may we open?",
            )
            .locked(Lock::Word(name)),
            Act::Gate => match scene.live.session().gate_opened {
                Some(since) => {
                    let since = format::time_of_day(since, scene.zone);
                    Self::new(Question::CloseGate, "Close the gate again")
                        .fact("", format!("Keeps customers out of {place}; it has been open since {since}."))
                        .field("why", "", false)
                }
                None => door(
                    Command::OpenGate,
                    "Open the gate",
                    "Customers are let in. It stays open until a person closes it, whatever becomes of golive.",
                )
                .locked(Lock::Word(name)),
            },
            Act::Close => door(
                Command::CloseSession,
                "Close the go-live",
                "Says that it is done and ends the session. No decision can be made in it after that.",
            )
            .locked(Lock::Word(name)),
        }
    }

    /// The door before giving up.
    #[must_use]
    pub fn abort(scene: &Scene<'_>) -> Self {
        let name = scene.live.plan().service.name.clone();
        let mut dialog = Self::new(Question::Abort, "Give this go-live up")
            .fact("", "Ends the session as aborted. What was deployed stays deployed; nothing is rolled back.")
            .field("why", "", false);
        if scene.live.session().gate_opened.is_some() {
            dialog = dialog.fact("gate", "it is open and stays open");
        }
        dialog.locked(Lock::Word(name))
    }

    /// Before leaving while something goes on.
    #[must_use]
    pub fn quit(scene: &Scene<'_>) -> Self {
        let running =
            scene.live.items().filter(|(_, known)| known.step.as_ref().is_some_and(|step| step.is_under_way()));
        let back = scene.live.procedure().is_under_way().then(|| "the rollback".to_owned());
        let running = running.map(|(item, _)| item.title.clone()).chain(back).collect::<Vec<_>>();
        let mut dialog = Self::new(Question::Quit, "Leave golive?");
        if running.is_empty() {
            dialog = dialog
                .fact("", "No step is running. What was decided is on disk; the next start stands where this stands.");
        } else {
            dialog = dialog.fact("goes on", running.join(", "));
            dialog = dialog
                .fact("", "It goes on without the cockpit as its plan says; the next start attaches to it again.");
        }
        dialog.fact("stops", "checks, until golive is started again").locked(Lock::Yes)
    }
}

fn lock_of(step: &Step, service: &str) -> Lock {
    match step.confirm {
        Confirm::Yes => Lock::Yes,
        Confirm::TypeServiceName => Lock::Word(service.to_owned()),
    }
}

fn evidence_words(scene: &Scene<'_>, id: &ItemId) -> String {
    let Some((item, _)) = scene.live.item(id) else { return String::new() };
    let tally = scene.live_standing.tally(scene.live, item);
    let bad = tally.all() - tally.good;
    if bad == 0 { format!("{} ok", tally.good) } else { format!("{} ok, {bad} not good", tally.good) }
}
