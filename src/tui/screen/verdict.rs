//! Why? Every reason of the verdict by group, each leading to its evidence, and what would turn it.

use jiff::Timestamp;

use crate::core::event::{PollWord, Subject};
use crate::core::state::{State, Waiver};
use crate::core::status;
use crate::core::verdict::{Answer, Cause, Reason, Verdict, Waiting};
use crate::model::item::Waivable;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::words::is_for_people;
use crate::tui::{format, text, words};

/// Columns of what a line is about, at most.
const WIDEST_NAME: usize = 34;

/// The verdict with its reasons.
pub(super) struct VerdictScreen;

/// One row: a reason with what it is about.
struct Line {
    key: String,
    subject: Option<Subject>,
    row: Row,
}

impl Screen for VerdictScreen {
    fn name(&self) -> ScreenName {
        ScreenName::Verdict
    }

    fn title(&self) -> &'static str {
        "Verdict"
    }

    fn question(&self) -> &'static str {
        "why, and what would turn it?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        lines(scene).into_iter().map(|line| RowKey::Named(line.key)).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let verdict = &scene.standing.verdict;
        canvas.both(
            0,
            vec![
                scene.say("  ", Role::Text),
                scene.say(format!(" {} ", verdict.headline()), words::answer_role(verdict.answer())),
            ],
            vec![scene.say(would_be(verdict), Role::Quiet)],
        );
        let lines = lines(scene);
        let (width, height) = (u16::try_from(canvas.width()).unwrap_or(0), u16::try_from(canvas.height()).unwrap_or(0));
        let mut body = canvas.part(0, 2, width, height.saturating_sub(2));
        if lines.is_empty() {
            body.line(0, vec![scene.say("   Everything that counts for this question is settled.", Role::Text)]);
            return;
        }
        let keys: Vec<RowKey> = lines.iter().map(|line| RowKey::Named(line.key.clone())).collect();
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        list::draw(scene, lines.len(), selected, true, &mut body, |at| lines[at].row.clone());
    }

    fn target(&self, scene: &Scene<'_>, key: &RowKey) -> RowKey {
        let line = lines(scene).into_iter().find(|line| RowKey::Named(line.key.clone()) == *key);
        match line.and_then(|line| line.subject) {
            Some(Subject::Item(id)) => RowKey::Item(id),
            Some(Subject::Check(id)) => RowKey::Check(id),
            Some(Subject::Alert(id)) => RowKey::Alert(id),
            Some(Subject::Notifier(_)) | None => key.clone(),
        }
    }
}

/// What the verdict would be with its blockers mended.
fn would_be(verdict: &Verdict) -> String {
    let blockers = verdict.weighing(Answer::NoGo).count();
    if blockers == 0 {
        return String::new();
    }
    let what = if blockers == 1 { "the blocker" } else { "the blockers" };
    format!("would be {} if {what} were mended ", verdict.would_be().words())
}

fn lines(scene: &Scene<'_>) -> Vec<Line> {
    let verdict = &scene.standing.verdict;
    let mut page = Page::new(scene);
    let of =
        |weight: Answer, wanted: fn(&Reason) -> bool| verdict.weighing(weight).filter(move |reason| wanted(reason));
    page.group("BLOCKERS", Role::Bad, of(Answer::NoGo, |_| true).collect());
    page.waiting();
    page.group("NOT KNOWN", Role::Look, of(Answer::Hold, |reason| !is_for_people(&reason.cause)).collect());
    let warnings = of(Answer::GoWithWarnings, |reason| reason.cause != Cause::Waived && !is_for_people(&reason.cause));
    page.group("WARNINGS", Role::Look, warnings.collect());
    page.waivers();
    page.poll();
    page.growing_old();
    page.group("NOTED", Role::Quiet, verdict.notes().iter().collect());
    page.lines
}

/// The lines while they are gathered.
struct Page<'a> {
    scene: &'a Scene<'a>,
    /// So wide is what a line is about.
    column: usize,
    lines: Vec<Line>,
}

impl<'a> Page<'a> {
    fn new(scene: &'a Scene<'a>) -> Self {
        let verdict = &scene.standing.verdict;
        let reasons = verdict.reasons().iter().map(|reason| name_of(scene.state, reason));
        let names = reasons.chain(verdict.waiting().iter().map(|wait| waiting_name(scene.state, wait)));
        let longest = names.map(|name| text::width(&name)).max().unwrap_or_default();
        Self { scene, column: longest.min(WIDEST_NAME), lines: Vec::new() }
    }

    /// Puts a heading over the rows that follow.
    fn headed(&mut self, name: &str, aside: &str, rows: Vec<Line>) {
        let scene = self.scene;
        let count = rows.len().to_string();
        for (nth, mut line) in rows.into_iter().enumerate() {
            if nth == 0 {
                let title = vec![scene.say(format!("  {name}  "), Role::Title), scene.say(count.clone(), Role::Quiet)];
                line.row = line.row.under(title, vec![scene.say(aside.to_owned(), Role::Quiet)]);
            }
            self.lines.push(line);
        }
    }

    fn group(&mut self, name: &str, voice: Role, reasons: Vec<&Reason>) {
        let scene = self.scene;
        if reasons.is_empty() {
            return;
        }
        let (column, mut rows) = (self.column, Vec::new());
        for (nth, reason) in reasons.into_iter().enumerate() {
            let glyph = match reason.weight {
                Answer::NoGo => "✗",
                Answer::Hold => "?",
                Answer::GoWithWarnings => "!",
                Answer::Go => "·",
            };
            let since = reason.since.map(|since| format::time_of_day(since, scene.zone)).unwrap_or_default();
            let never = if is_never_waivable(scene.state, reason) { "cannot be waived   " } else { "" };
            let row = Row::new(
                vec![
                    scene.say(format!(" {glyph} "), voice),
                    scene.say(format!("{:<column$}  ", name_of(scene.state, reason)), Role::Strong),
                    scene.say(reason.message.clone(), Role::Text),
                ],
                vec![scene.say(format!("{never}{since}"), Role::Quiet)],
            );
            let row = match reason.remedy.as_ref().filter(|_| reason.weight == Answer::NoGo) {
                Some(remedy) => {
                    row.below(vec![scene.say("   Do  ", Role::Label), scene.say(remedy.clone(), Role::Text)])
                }
                None => row,
            };
            rows.push(Line { key: format!("{name}/{nth}/{:?}", reason.subject), subject: reason.subject.clone(), row });
        }
        self.headed(name, if name == "BLOCKERS" { "since" } else { "" }, rows);
    }

    fn waiting(&mut self) {
        let scene = self.scene;
        let waiting = scene.standing.verdict.waiting();
        if waiting.is_empty() {
            return;
        }
        let (column, mut rows) = (self.column, Vec::new());
        for (nth, wait) in waiting.iter().enumerate() {
            let length = format::age(format::between(wait.since, scene.now.at));
            let row = Row::new(
                vec![
                    scene.say(if wait.subject.is_some() { " ☐ " } else { " · " }, Role::Waiting),
                    scene.say(format!("{:<column$}  ", waiting_name(scene.state, wait)), Role::Text),
                    scene.say(wait.what.clone(), Role::Text),
                ],
                vec![scene.say(format!("{}, {length}", wait.whose), Role::Quiet)],
            );
            rows.push(Line { key: format!("waiting/{nth}/{:?}", wait.subject), subject: wait.subject.clone(), row });
        }
        self.headed("WAITING", "whose move, since", rows);
    }

    fn waivers(&mut self) {
        let scene = self.scene;
        let checks = scene
            .state
            .checks()
            .map(|(check, known)| (Subject::Check(check.id.clone()), check.waivable, &known.waiver));
        let items =
            scene.state.items().map(|(item, known)| (Subject::Item(item.id.clone()), item.waivable, &known.waiver));
        let in_force = |(subject, waivable, waiver): (Subject, Waivable, &Option<Waiver>)| {
            let counts = status::is_waived(waiver.as_ref(), waivable, scene.now);
            waiver.clone().filter(|_| counts).map(|waiver| (subject, waiver))
        };
        let found: Vec<_> = checks.chain(items).filter_map(in_force).collect();
        if found.is_empty() {
            return;
        }
        let (column, mut rows) = (self.column, Vec::new());
        for (subject, waiver) in found {
            let names = waiver.by.iter().map(|(by, _)| by.to_string()).collect::<Vec<_>>().join(", ");
            let until = format::until(waiver.until, scene.now.at, scene.zone);
            let row = Row::new(
                vec![
                    scene.say(" ◇ ", Role::Look),
                    scene.say(format!("{:<column$}  ", title(scene.state, Some(&subject))), Role::Text),
                    scene.say(format!("“{}”", waiver.reason), Role::Text),
                ],
                vec![scene.say(format!("{names}, until {until}"), Role::Quiet)],
            );
            rows.push(Line { key: format!("waiver/{subject:?}"), subject: Some(subject), row });
        }
        self.headed("WAIVERS IN FORCE", "by whom, until", rows);
    }

    /// What each role said, and who has not spoken.
    fn poll(&mut self) {
        let scene = self.scene;
        let (planned, said) = (&scene.state.plan().ceremony, &scene.state.ceremony().poll);
        let (column, mut rows) = (self.column, Vec::new());
        for role in &planned.roles {
            let (glyph, word, voice, aside) = match said.get(role) {
                None => ("·", "–".to_owned(), Role::Waiting, "p speaks for it".to_owned()),
                Some(said) => {
                    let (glyph, voice) = match said.word {
                        PollWord::Go => ("✓", Role::Good),
                        PollWord::NoGo => ("✗", Role::Bad),
                        PollWord::Abstain => ("·", Role::Quiet),
                    };
                    let why = said.reason.as_ref().map(|why| format!("   {why}")).unwrap_or_default();
                    let at = format::time_of_day(said.at, scene.zone);
                    (glyph, format!("{}{why}", said.word.words()), voice, format!("{}, {at}", said.by))
                }
            };
            let row = Row::new(
                vec![scene.say(format!(" {glyph} {role:<column$}  "), voice), scene.say(word, Role::Text)],
                vec![scene.say(aside, Role::Quiet)],
            );
            rows.push(Line { key: format!("poll/{role}"), subject: None, row });
        }
        if !rows.is_empty() {
            self.headed("POLL", "by whom, when", rows);
        }
    }

    /// Good evidence that is in the last third of its time: what will hold the verdict next, if nothing is done.
    fn growing_old(&mut self) {
        let scene = self.scene;
        let mut old: Vec<(Timestamp, Subject)> = Vec::new();
        for (at, (check, known)) in scene.state.checks().enumerate() {
            let Some(latest) = known.latest.as_ref().filter(|_| scene.standing.rank(scene.state, at) == 9) else {
                continue;
            };
            let age = scene.now.since(latest.when).unwrap_or_default();
            if age * 3 >= check.fresh_for.0 * 2 {
                let end = latest.when.at.saturating_add(check.fresh_for.0).unwrap_or(Timestamp::MAX);
                old.push((end, Subject::Check(check.id.clone())));
            }
        }
        if old.is_empty() {
            return;
        }
        old.sort_by_key(|(end, _)| *end);
        let mut rows = Vec::new();
        for (end, subject) in old {
            let left = format::age(format::between(scene.now.at, end));
            let row = Row::new(
                vec![scene.say(" ◷ ", Role::Quiet), scene.say(title(scene.state, Some(&subject)), Role::Text)],
                vec![scene.say(left, Role::Quiet)],
            );
            rows.push(Line { key: format!("old/{subject:?}"), subject: Some(subject), row });
        }
        self.headed("GROWING OLD", "stale in", rows);
    }
}

fn waiting_name(state: &State, wait: &Waiting) -> String {
    match &wait.subject {
        Some(subject) => title(state, Some(subject)),
        None => words::cause_subject(&wait.cause).to_owned(),
    }
}

fn is_never_waivable(state: &State, reason: &Reason) -> bool {
    reason.weight == Answer::NoGo
        && match &reason.subject {
            Some(Subject::Check(id)) => state.check(id).is_some_and(|(check, _)| check.waivable == Waivable::Never),
            Some(Subject::Item(id)) => state.item(id).is_some_and(|(item, _)| item.waivable == Waivable::Never),
            Some(Subject::Alert(_) | Subject::Notifier(_)) => true,
            None => false,
        }
}

fn name_of(state: &State, reason: &Reason) -> String {
    match &reason.subject {
        Some(subject) => title(state, Some(subject)),
        None => words::cause_subject(&reason.cause).to_owned(),
    }
}

fn title(state: &State, subject: Option<&Subject>) -> String {
    match subject {
        Some(Subject::Item(id)) => state.item(id).map_or_else(|| id.to_string(), |(item, _)| item.title.clone()),
        Some(Subject::Check(id)) => id.to_string(),
        Some(Subject::Alert(id)) => id.to_string(),
        Some(Subject::Notifier(id)) => id.to_string(),
        None => "golive".to_owned(),
    }
}
