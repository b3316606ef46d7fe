//! Is each one right? Every credential, masked: what is shown of it, how long it is, where it comes from, what is wrong.

use crate::core::event::CredentialSeen;
use crate::core::state::RotationStage;
use crate::core::status::CheckStatus;
use crate::model::id::CredentialId;
use crate::model::plan::Credential;
use crate::model::word::Outcome;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::{format, text, words};

/// From this width on there is room for when each is to be changed.
const ROOMY: usize = 100;

/// The credentials.
pub(super) struct Credentials;

impl Screen for Credentials {
    fn name(&self) -> ScreenName {
        ScreenName::Credentials
    }

    fn title(&self) -> &'static str {
        "Credentials"
    }

    fn question(&self) -> &'static str {
        "is each one right? only what is safe to show is shown"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        scene.state.plan().credentials.keys().cloned().map(RowKey::Credential).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let credentials: Vec<_> = scene.state.plan().credentials.iter().collect();
        if credentials.is_empty() {
            canvas.line(1, vec![scene.say("   the plan names no credential", Role::Quiet)]);
            return;
        }
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        let longest = credentials.iter().map(|(id, _)| text::width(id.as_str())).max().unwrap_or(10).clamp(10, 26);
        let roomy = canvas.width() >= ROOMY;
        let taken = longest + 36 + if roomy { 10 } else { 0 };
        let source = canvas.width().saturating_sub(taken + canvas.width() / 6).clamp(18, 34);
        let rotate = if roomy { " rotate in" } else { "" };
        let head = format!(
            "     {:<longest$} {:<9} {:>6}  {:<source$} {:>6}{rotate}  finding",
            "credential", "shown", "length", "source", "age"
        );
        canvas.line(0, vec![scene.say(head, Role::Label)]);
        let (width, height) = (u16::try_from(canvas.width()).unwrap_or(0), u16::try_from(canvas.height()).unwrap_or(0));
        list::draw(scene, credentials.len(), selected, true, &mut canvas.part(0, 1, width, height), |at| {
            let (id, credential) = credentials[at];
            row(scene, id, credential, (longest, source, roomy))
        });
    }
}

fn row(
    scene: &Scene<'_>,
    id: &CredentialId,
    credential: &Credential,
    (name, source, roomy): (usize, usize, bool),
) -> Row {
    let seen = scene.state.session().credentials.get(id);
    let position = scene.state.index().check(&credential.check);
    let (glyph, role, finding) = match position {
        Some(at) => {
            let (check, known) = scene.state.check_at(at);
            let (glyph, role) = words::check_sign(scene, &scene.standing.checks[at], known, check.severity);
            let finding = match (&known.latest, &scene.standing.checks[at]) {
                (Some(_), CheckStatus::Fresh(Outcome::Pass)) => "sound".to_owned(),
                (Some(latest), _) => latest.evidence.summary.to_string(),
                (None, status) => status.word().to_owned(),
            };
            (glyph, role, finding)
        }
        None => ("·", Role::Quiet, "no check".to_owned()),
    };
    let finding = seen.and_then(|seen| seen.problem.as_ref()).map_or(finding, ToString::to_string);
    let (glyph, role, finding) = moving(scene, id).unwrap_or((glyph, role, finding));
    let column = |text: String, width: usize| format!("{:<width$}", text::cut(&text, width));
    let (shown, length, from) = match seen {
        Some(seen) => (
            seen.masked.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string),
            seen.length.to_string(),
            seen.source.to_string(),
        ),
        None => ("–".to_owned(), "–".to_owned(), "not read yet".to_owned()),
    };
    let (age, rotate) = ages(scene, seen, credential);
    let rotate = if roomy { format!(" {rotate:>9}") } else { String::new() };
    Row::new(
        vec![
            scene.say(format!("{glyph} "), role),
            scene.say(column(id.to_string(), name), Role::Text),
            scene.say(
                format!(
                    " {} {length:>6}  {} {age:>6}{rotate}  ",
                    column(shown, 9),
                    column(text::cut_start(&from, source).into_owned(), source)
                ),
                Role::Quiet,
            ),
            scene.say(finding, if role == Role::Good { Role::Quiet } else { Role::Text }),
        ],
        Vec::new(),
    )
}

/// A rotation under way, or a change that nobody has taken on them, comes before what the checks found.
fn moving(scene: &Scene<'_>, id: &CredentialId) -> Option<(&'static str, Role, String)> {
    if let Some(walk) = scene.state.rotation(id).filter(|walk| walk.is_under_way()) {
        let (glyph, role) = match walk.stage {
            RotationStage::Stuck => ("✗", Role::Bad),
            RotationStage::Verified => ("!", Role::Look),
            _ => ("◌", Role::Running),
        };
        let why = walk.why.first().map(|why| format!(" ({why})")).unwrap_or_default();
        return Some((glyph, role, format!("{}{why}", walk.stage.words())));
    }
    scene.state.watched().of(id.as_str()).map(|standing| ("!", Role::Look, standing.sentence.clone()))
}

/// How old it is and when it is to be changed, as far as its file tells.
fn ages(scene: &Scene<'_>, seen: Option<&CredentialSeen>, credential: &Credential) -> (String, String) {
    let Some(changed) = seen.and_then(|seen| seen.changed) else { return ("–".to_owned(), "–".to_owned()) };
    let age = format::between(changed, scene.now.at);
    let left = credential.rotate_every.map(|every| every.0.checked_sub(age));
    let rotate = match left {
        None => "–".to_owned(),
        Some(Some(left)) => format::age(left),
        Some(None) => "overdue".to_owned(),
    };
    (format::age(age), rotate)
}
