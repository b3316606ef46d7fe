//! Did a payment really go through? Each flow hop by hop: how long it took, what was seen, who vouches for it; and what
//! was refused, as it must be.

use ratatui::text::Span;

use crate::core::evidence::{Hop, Part};
use crate::core::state::CheckState;
use crate::core::status::CheckStatus;
use crate::model::id::CheckId;
use crate::model::plan::{Check, Run};
use crate::model::word::Outcome;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::{format, text, words};

/// Flows.
pub(super) struct Flow;

/// The kind of check that this screen shows.
const KIND: &str = "flow";
/// Columns of a hop's name at most, of so many parts of the whole, and of its length.
const WIDEST_NAME: usize = 44;
const PART: usize = 3;
const TOOK: usize = 8;
/// From this width on what was done stands beside the name.
const ROOMY: usize = 100;
/// So many lines hold what was refused.
const REFUSED: usize = 4;

/// One row: a hop of a flow, as it went or as it is planned.
struct Line {
    /// The flow, by its position in the plan.
    flow: usize,
    hop: Hop,
    /// Whether it is the flow's first.
    first: bool,
}

impl Screen for Flow {
    fn name(&self) -> ScreenName {
        ScreenName::Flow
    }

    fn title(&self) -> &'static str {
        "Flow"
    }

    fn question(&self) -> &'static str {
        "did a payment really go through, and who vouches for it?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        let lines = lines(scene);
        let key = |(nth, line): (usize, &Line)| key(&scene.state.check_at(line.flow).0.id, nth);
        lines.iter().enumerate().map(key).collect()
    }

    fn target(&self, scene: &Scene<'_>, key: &RowKey) -> RowKey {
        let RowKey::Named(name) = key else { return key.clone() };
        let nth = name.rsplit_once('/').and_then(|(_, nth)| nth.parse::<usize>().ok());
        let flow = nth.and_then(|nth| lines(scene).get(nth).map(|line| line.flow));
        flow.map_or_else(|| key.clone(), |flow| RowKey::Check(scene.state.check_at(flow).0.id.clone()))
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let lines = lines(scene);
        if lines.is_empty() {
            canvas.line(
                1,
                vec![scene.say("   The plan has no flow: add a check of the kind \"flow\" to it.", Role::Look)],
            );
        }
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let (width, height) = (canvas.width(), canvas.height());
        let refused = refused(scene, width);
        // Where there is little room the way comes first.
        let below = if height > refused.len() + 5 { refused.len() } else { 0 };
        let room = height.saturating_sub(below + usize::from(below > 0));
        let selected = scene.ui.position(&scene.ui.rows(), &self.keys(scene));
        let longest = lines.iter().map(|line| text::width(&name_of(&line.hop))).max().unwrap_or_default();
        let column = longest.min(WIDEST_NAME).min(width / PART);
        list::draw(scene, lines.len(), selected, true, &mut canvas.part(0, 0, short(width), short(room)), |at| {
            row(scene, &lines[at], (width, column), at == selected)
        });
        for (row, line) in refused.into_iter().take(below).enumerate() {
            canvas.line(height - below + row, line);
        }
    }
}

/// The row of a flow's first hop.
#[must_use]
pub fn first_hop(scene: &Scene<'_>, check: &CheckId) -> Option<RowKey> {
    let flow = scene.state.index().check(check)?;
    let nth = lines(scene).iter().position(|line| line.flow == flow)?;
    Some(key(check, nth))
}

fn key(check: &CheckId, nth: usize) -> RowKey {
    RowKey::Named(format!("{check}/{nth}"))
}

/// The hops of every flow, in plan order: as the latest run went, or as they are planned.
fn lines(scene: &Scene<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (flow, (check, known)) in scene.state.checks().enumerate().filter(|(_, (check, _))| check.kind.as_str() == KIND)
    {
        let went = known.latest.as_ref().map(|latest| latest.evidence.hops.clone()).unwrap_or_default();
        let hops = if went.is_empty() { planned(check) } else { went };
        lines.extend(hops.into_iter().enumerate().map(|(nth, hop)| Line { flow, hop, first: nth == 0 }));
    }
    lines
}

/// The hops as the plan has them: nobody has gone there yet.
fn planned(check: &Check) -> Vec<Hop> {
    let of = |list: &str, part: Part| {
        let hops = check.options.get(list).and_then(serde_json::Value::as_array).into_iter().flatten();
        let name = |hop: &serde_json::Value| hop.get("name").and_then(serde_json::Value::as_str).map(str::to_owned);
        hops.filter_map(name).map(|name| Hop::ahead(&name, part)).collect::<Vec<_>>()
    };
    let mut hops = of("hops", Part::Way);
    hops.extend(of("cleanup", Part::CleanUp));
    hops
}

fn name_of(hop: &Hop) -> String {
    if hop.part == Part::CleanUp { format!("clean-up: {}", hop.name) } else { hop.name.to_string() }
}

fn row(scene: &Scene<'_>, line: &Line, (width, column): (usize, usize), selected: bool) -> Row {
    let (_, known) = scene.state.check_at(line.flow);
    let hop = &line.hop;
    let counts = counts(&scene.standing.checks[line.flow]);
    let (glyph, role) = sign(hop.outcome, counts);
    let took = hop.took.map(format::took).unwrap_or_default();
    let name = name_of(hop);
    let voice = if hop.outcome.is_some() { Role::Text } else { Role::Quiet };
    let name = pad(&text::cut(&name, column), column + 2);
    let mut left = vec![scene.say(format!("{glyph} "), role), scene.say(name, voice)];
    let roomy = width >= ROOMY;
    let done = if roomy { (width - column - TOOK - 11) * 2 / 5 } else { 0 };
    if roomy {
        left.push(scene.say(pad(&text::cut(hop.done.as_str(), done), done + 1), Role::Quiet));
    }
    left.push(scene.say(format!("{took:>TOOK$}  "), Role::Text));
    let vouched = vouched(hop, known, roomy);
    let cut_done = text::width(hop.done.as_str()) > done;
    let cut_seen = !roomy || text::width(&vouched) + column + TOOK + done + 11 > width;
    left.push(scene.say(vouched, voice));
    let mut row = Row::new(left, Vec::new());
    if line.first {
        let (left, right) = heading(scene, line.flow, roomy);
        row = row.under(left, right);
    }
    if selected && hop.outcome.is_some() {
        row = whole(scene, row, hop, width, (cut_done, cut_seen));
    }
    row
}

/// What does not stand beside a hop, or is cut there, stands below the selected one.
fn whole(scene: &Scene<'_>, mut row: Row, hop: &Hop, width: usize, (done, seen): (bool, bool)) -> Row {
    let bad = matches!(hop.outcome, Some(Outcome::Fail | Outcome::Error));
    let texts = [(done, &hop.done, Role::Quiet), (seen, &hop.seen, if bad { Role::Strong } else { Role::Quiet })];
    for (_, words, role) in texts.into_iter().filter(|(is_cut, ..)| *is_cut) {
        for line in text::wrap(words.as_str(), width.saturating_sub(8)).into_iter().take(2) {
            row = row.below(vec![scene.say(format!("  {line}"), role)]);
        }
    }
    row
}

/// Who vouches, and where there is room what they say.
fn vouched(hop: &Hop, known: &CheckState, roomy: bool) -> String {
    match hop.outcome {
        None if known.running.is_some() => "…".to_owned(),
        None if known.latest.is_some() => "not reached".to_owned(),
        None => "not gone yet".to_owned(),
        Some(_) if roomy => format!("{} · {}", hop.vouched_by, hop.seen),
        Some(_) => hop.vouched_by.to_string(),
    }
}

/// `✓ payment_flow  pass  8 of 8 hops in 2.9 s        asked for by thandi 14:31 · 2 min ago`.
fn heading(scene: &Scene<'_>, flow: usize, roomy: bool) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
    let (check, known) = scene.state.check_at(flow);
    let status = &scene.standing.checks[flow];
    let (glyph, role) = words::check_sign(scene, status, known, check.severity);
    let mut left = vec![
        scene.say(format!(" {glyph} "), role),
        scene.say(check.id.to_string(), Role::Title),
        scene.say(format!("  {}  ", status.word()), role),
    ];
    let way = |hop: &&Hop| hop.part != Part::CleanUp;
    if let Some(latest) = known.latest.as_ref().filter(|latest| !latest.evidence.hops.is_empty()) {
        let all = latest.evidence.hops.iter().filter(way).count();
        let good = |hop: &&Hop| matches!(hop.outcome, Some(Outcome::Pass | Outcome::Warn));
        let went = latest.evidence.hops.iter().filter(way).filter(good).count();
        left.push(scene.say(format!("{went} of {all} hops in {}", format::took(latest.took)), Role::Quiet));
    } else if known.latest.is_none() && check.run == Run::OnDemand && known.running.is_none() {
        let words = if known.is_voided() { "void since then: r runs it again" } else { "never run: r runs it" };
        left.push(scene.say(words, Role::Quiet));
    }
    let mut right = Vec::new();
    match &known.running {
        Some(running) => {
            let length = scene.now.since(running.since).unwrap_or_default();
            right.push(scene.say(format!("{} running {} ", scene.spinner(), format::took(length)), Role::Running));
        }
        None => {
            let asked =
                known.demanded.as_ref().filter(|_| roomy).map(|(by, at)| {
                    format!("asked for by {} {} · ", by_words(by), format::time_of_day(*at, scene.zone))
                });
            let age = known.latest.as_ref().map(|latest| format::ago(latest.when.at, scene.now.at));
            right.push(scene.say(format!("{}{} ", asked.unwrap_or_default(), age.unwrap_or_default()), Role::Quiet));
        }
    }
    (left, right)
}

fn by_words(actor: &crate::model::operator::Actor) -> String {
    match actor {
        crate::model::operator::Actor::Operator(by) => by.to_string(),
        crate::model::operator::Actor::Golive => "golive".to_owned(),
    }
}

/// Whether what was seen still counts.
const fn counts(status: &CheckStatus) -> bool {
    matches!(status, CheckStatus::Fresh(_))
}

/// Glyph and voice of a hop; what is old does not speak in the voice of what is good.
const fn sign(outcome: Option<Outcome>, counts: bool) -> words::Sign {
    match outcome {
        Some(Outcome::Pass) if counts => ("✓", Role::Good),
        Some(Outcome::Pass) => ("◷", Role::Look),
        Some(Outcome::Warn) => ("!", Role::Look),
        Some(Outcome::Fail) => ("✗", Role::Bad),
        Some(Outcome::Error) => ("?", Role::Look),
        None => ("·", Role::Quiet),
    }
}

/// `refused, as they must be:  unsigned ✓   twenty at once ✓`, over every check that saw something refused; what was not
/// refused comes first.
fn refused(scene: &Scene<'_>, width: usize) -> Vec<Vec<Span<'static>>> {
    let mut all: Vec<(String, words::Sign, Option<Outcome>)> = Vec::new();
    for (at, (_, known)) in scene.state.checks().enumerate() {
        let Some(latest) = &known.latest else { continue };
        let fresh = counts(&scene.standing.checks[at]);
        for hop in latest.evidence.hops.iter().filter(|hop| hop.part == Part::Refusal) {
            let seen = (hop.name.to_string(), sign(hop.outcome, fresh), hop.outcome);
            // Two checks may ask for the same: the worse answer is the one to show.
            match all.iter_mut().find(|(name, ..)| *name == seen.0) {
                Some(before) if before.2 < seen.2 => *before = seen,
                Some(_) => {}
                None => all.push(seen),
            }
        }
    }
    if all.is_empty() {
        return Vec::new();
    }
    all.sort_by_key(|(_, _, outcome)| std::cmp::Reverse(*outcome));
    let title = "  refused, as they must be:";
    let mut lines = vec![vec![scene.say(title, Role::Label)]];
    let mut used = text::width(title);
    for (name, (glyph, role), _) in all {
        let wide = text::width(&name) + 5;
        if used + wide > width {
            lines.push(vec![scene.say("   ", Role::Text)]);
            used = 3;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push(scene.say(format!("  {name} "), Role::Text));
            line.push(scene.say(glyph, role));
            line.push(scene.say(" ", Role::Text));
        }
    }
    if lines.len() > REFUSED {
        lines.truncate(REFUSED);
        if let Some(line) = lines.last_mut() {
            line.push(scene.say(" …", Role::Quiet));
        }
    }
    lines
}

fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text::width(text))))
}
