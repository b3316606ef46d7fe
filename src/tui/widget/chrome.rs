//! Header, phase strip, the line for what waits, the verdict: the parts that stand in the same place on every screen.

use ratatui::style::Modifier;
use ratatui::text::Span;

use crate::core::event::Subject;
use crate::core::rollback;
use crate::core::state::{AlertState, Entry, Mark};
use crate::core::status::{self, PhaseStatus};
use crate::core::verdict::{Answer, Reason};
use crate::model::alert::{Level, Rule};
use crate::model::id::CheckId;
use crate::model::word::{Outcome, Phase};
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::theme::Role;
use crate::tui::ui::{Message, ScreenName};
use crate::tui::{deliveries, format, practising, text, words};

/// From this width on names stand in full.
const ROOMY: usize = 100;
/// Letters of the service's name that stay whatever else is in the header.
const SHORTEST_NAME: usize = 4;
/// A change is news for so many seconds.
const NEWS: u64 = 20;

/// Whether this is where customers are.
#[must_use]
pub fn is_production(scene: &Scene<'_>) -> bool {
    scene.live.plan().service.is_production()
}

/// Who, what, since when, the clock with its zone, whether it is live, badges, the person. The environment is the one
/// word here that must never be cut: the gaps give way, then the person, the name of the service, the time since the
/// beginning, and badges, the last one first.
pub fn header(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let roomy = canvas.width() >= ROOMY;
    let service = &scene.live.plan().service;
    let environment = if is_production(scene) { Role::Production } else { Role::Strong };
    let mut badges = badges(scene, roomy);
    let word = service.environment.to_uppercase();
    let prefix = match (roomy, badges.is_empty()) {
        (true, _) => " golive   ",
        (false, true) => " golive  ",
        (false, false) => " ",
    };
    let beside = |prefix: &str| canvas.width().saturating_sub(text::width(prefix) + 3 + text::width(&word) + 2);
    let mut room = beside(prefix);
    let looks = [(roomy, "    "), (roomy, "  "), (false, "  ")].into_iter().skip(usize::from(!roomy));
    let mut right = Vec::new();
    for (with_person, gap) in looks {
        right = aside(scene, &badges, with_person, gap, room);
        if text::spans_width(&right) + text::width(&service.name) <= room {
            break;
        }
    }
    let fits = text::spans_width(&right) + text::width(&service.name) <= room;
    let prefix = if fits { prefix } else { " " };
    room = beside(prefix);
    while text::spans_width(&right) + SHORTEST_NAME > room && badges.pop().is_some() {
        right = aside(scene, &badges, false, "  ", room);
    }
    let name = text::cut(&service.name, room.saturating_sub(text::spans_width(&right)).max(SHORTEST_NAME)).into_owned();
    let mut left = vec![
        scene.say(prefix, Role::Quiet),
        scene.say(name, Role::Strong),
        scene.say(" › ", Role::Quiet),
        scene.say(word, environment),
    ];
    let left_over = canvas.width().saturating_sub(text::spans_width(&left) + text::spans_width(&right) + 2);
    let fits = |version: &&crate::model::text::SafeText| text::width(version.as_str()) + 3 <= left_over;
    if let Some(version) = scene.live.session().version.as_ref().filter(fits) {
        left.push(scene.say(" › ", Role::Quiet));
        left.push(scene.say(version.to_string(), Role::Text));
    }
    canvas.both(0, left, right);
}

/// The right end of the header: badges, the time since the beginning where it leaves room for a name, now and here.
fn aside(
    scene: &Scene<'_>,
    badges: &[(String, Role)],
    roomy: bool,
    gap: &'static str,
    room: usize,
) -> Vec<Span<'static>> {
    let mut spans: Vec<Span<'static>> =
        badges.iter().flat_map(|(badge, role)| [scene.say(badge.clone(), *role), Span::raw(gap)]).collect();
    let now_and_here = now_and_here(scene, roomy, gap);
    let elapsed = format::elapsed(scene.now.since(scene.live.session().opened).unwrap_or_default());
    let elapsed = [scene.say(elapsed, Role::Quiet), Span::raw(gap)];
    let taken = [&spans[..], &elapsed, &now_and_here].map(text::spans_width).iter().sum::<usize>();
    if taken + SHORTEST_NAME <= room {
        spans.extend(elapsed);
    }
    spans.extend(now_and_here);
    spans
}

/// The clock, whether it is live, and the person where there is room.
fn now_and_here(scene: &Scene<'_>, roomy: bool, gap: &'static str) -> Vec<Span<'static>> {
    let mut spans =
        vec![scene.say(format::clock(scene.now.at, scene.zone), Role::Text), Span::raw(gap), liveness(scene)];
    if roomy {
        spans.extend([Span::raw(gap), scene.say(scene.own.id.to_string(), Role::Text)]);
    }
    spans.push(Span::raw(" "));
    spans
}

/// Whether this is now, an end, or a moment of the past.
fn liveness(scene: &Scene<'_>) -> Span<'static> {
    if let Some(stand) = &scene.ui.replay {
        let glyph = if stand.playing { "▶" } else { "‖" };
        return scene.say(format!("{glyph} replay {}× {}/{}", stand.speed, stand.applied, stand.length), Role::Look);
    }
    match &scene.live.session().ended {
        Some((outcome, _)) => scene.say(format!("■ {}", words::outcome(*outcome)), Role::Strong),
        None => scene.say("● live", Role::Good),
    }
}

/// What a reader has to know before believing the screen.
fn badges(scene: &Scene<'_>, roomy: bool) -> Vec<(String, Role)> {
    let mut badges = Vec::new();
    if scene.live.trouble().is_some() {
        badges.push(("▲ journal".to_owned(), Role::Bad));
    }
    if let Some(held) = &scene.ui.held {
        let before = held.state.timeline().next_back().map(|entry| entry.at);
        let changes = scene.live.timeline().rev().take_while(|entry| Some(entry.at) > before).count();
        let changes =
            if changes == 0 { "held".to_owned() } else { format!("held, {}", format::count(changes, "change")) };
        badges.push((changes, Role::Look));
    }
    if let Some(hold) = &scene.live.ceremony().hold {
        badges.push((format!("▲ held by {}", hold.by), Role::Look));
    }
    let practice = scene.ui.practice.as_deref().and_then(|faults| practising::badge(faults, roomy));
    badges.extend(practice.map(|badge| (badge, Role::Bad)));
    badges.extend(clock_badge(scene));
    if scene.ui.only_unsettled {
        badges.push(("! unsettled only".to_owned(), Role::Look));
    }
    if !scene.live.plan().network.resolve.is_empty() {
        badges.push(("resolve".to_owned(), Role::Look));
    }
    badges
}

/// Until when one may still decide for the way back, once something may have to be taken back; before the window, how
/// long until it opens.
fn clock_badge(scene: &Scene<'_>) -> Option<(String, Role)> {
    let (state, now) = (scene.live, scene.now.at);
    if state.session().ended.is_some() {
        return None;
    }
    if let Some(from) = state.plan().ceremony.window.as_ref().and_then(|window| window.from).filter(|from| now < *from)
    {
        return Some((format::elapsed(format::between(now, from)).replace("T+", "T-"), Role::Look));
    }
    if rollback::no_return(state, scene.now).is_some() {
        return Some(("roll forward only".to_owned(), Role::Look));
    }
    let by = rollback::decide_by(state)?;
    let until = format::until(by, now, scene.zone);
    Some(match by > now {
        true => (format!("decide by {until} ({})", format::age(format::between(now, by))), Role::Text),
        false => (format!("▲ too late to go back in the window since {until}"), Role::Bad),
    })
}

/// The four phases: number, name, glyph, counts; short names where the long ones have no room.
pub fn phases(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let long = phase_spans(scene, true);
    let fits = text::spans_width(&long) < canvas.width();
    canvas.line(0, if fits { long } else { phase_spans(scene, false) });
}

fn phase_spans(scene: &Scene<'_>, roomy: bool) -> Vec<Span<'static>> {
    let mut spans = vec![Span::raw(if roomy { "  " } else { " " })];
    for (at, (phase, summary)) in scene.live_standing.phases.iter().enumerate() {
        if at > 0 {
            spans.push(Span::raw(if roomy { "      " } else { "   " }));
        }
        let here = *phase == scene.ui.phase && scene.ui.screen == ScreenName::Checklist;
        let voice = match (here, summary.status) {
            (true, _) => Role::Title,
            (false, PhaseStatus::Locked) => Role::Quiet,
            (false, _) => Role::Text,
        };
        let mut name = scene.say(format!("{} {}", at + 1, words::phase_name(*phase, !roomy)), voice);
        if here {
            name.style = name.style.add_modifier(Modifier::UNDERLINED);
        }
        spans.push(name);
        let (glyph, role) = words::phase_sign(*summary);
        spans.push(scene.say(format!("  {glyph} "), role));
        let ready = *phase == Phase::Rollback && summary.status == PhaseStatus::Settled && roomy;
        let counts = format!("{}{}/{}", if ready { "ready " } else { "" }, summary.settled, summary.total);
        spans.push(scene.say(counts, role));
    }
    spans
}

/// The rule under the phases; it names the screen where that is not the checklist. A critical alert that nobody has
/// seen takes its place.
pub fn titled_rule(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    if let Some((rule, known)) = words::most_urgent(scene.live).filter(|(rule, _)| rule.level == Level::Critical) {
        // It stands in a row that is always there: nothing moves, and no key goes to it.
        let title = rule.title.clone().unwrap_or_else(|| rule.id.to_string());
        let text = format!(" ▲ CRITICAL ALERT   {title}   {} ", words::alert_seen(known));
        canvas.style_row(0, scene.style(Role::NoGo));
        canvas.line(0, vec![scene.say(text, Role::NoGo)]);
        return;
    }
    canvas.rule(0, "─", scene.style(Role::Rule));
    if scene.ui.screen != ScreenName::Checklist {
        let screen = screen::of(scene.ui.screen);
        let title = vec![
            scene.say("── ", Role::Rule),
            scene.say(screen.title().to_uppercase(), Role::Title),
            scene.say(format!("  {} ", screen.question()), Role::Quiet),
        ];
        canvas.line(0, title);
    }
}

/// The most urgent thing that was said, changed or waits. There is always something to read here, and never two.
pub fn notice(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    if let Some(message) = scene.ui.message(scene.now).filter(|message| !is_overtaken(scene, message)) {
        let (glyph, role) = if message.refused { (" ▲ ", Role::Look) } else { (" ✓ ", Role::Strong) };
        canvas.line(0, vec![scene.say(glyph, role), scene.say(message.text.clone(), role)]);
        return;
    }
    if let Some(trouble) = scene.live.trouble() {
        let left = vec![scene.say(format!(" ▲ the journal cannot be written: {trouble}"), Role::Bad)];
        canvas.both(0, left, vec![scene.say("decisions are refused until it can ", Role::Quiet)]);
        return;
    }
    if let Some((rule, known)) = words::most_urgent(scene.live) {
        alert(scene, rule, known, canvas);
        return;
    }
    let input = scene.live.items().find(|(_, known)| known.step.as_ref().is_some_and(|step| step.waits_for_input));
    if let Some((item, _)) = input {
        canvas.line(0, vec![scene.say(format!(" ▲ {} waits for input", item.title), Role::Look)]);
        return;
    }
    if let Some((since, reasons)) = scene.live.procedure().recommended.as_ref().filter(|_| is_open_question(scene)) {
        let why = reasons.first().map(ToString::to_string).unwrap_or_default();
        let left = vec![scene.say(" ✗ ROLL BACK? ", Role::Bad), scene.say(why, Role::Text)];
        let right = format!("{}   R opens the door ", recommended(scene, *since));
        canvas.both(0, left, vec![scene.say(right, Role::Quiet)]);
        return;
    }
    if let Some(entry) = news(scene) {
        let role = if entry.mark == Mark::Bad { Role::Bad } else { Role::Look };
        let left = vec![
            scene.say(if entry.mark == Mark::Bad { " ✗ " } else { " ! " }, role),
            scene.say(entry.subject.clone(), Role::Strong),
            scene.say(format!("   {}", entry.text), Role::Text),
        ];
        let ago = format::ago(entry.at, scene.now.at);
        canvas.both(0, left, vec![scene.say(format!("{ago}   t triage "), Role::Quiet)]);
        return;
    }
    if !waiver_ends(scene, canvas) {
        waiting(scene, canvas);
    }
}

/// A waiver that ends soon: then it counts again.
fn waiver_ends(scene: &Scene<'_>, canvas: &mut Canvas<'_>) -> bool {
    let Some((subject, until)) = status::ending_waivers(scene.live, scene.now).into_iter().next() else { return false };
    let name = match &subject {
        Subject::Item(id) => id.to_string(),
        Subject::Check(id) => id.to_string(),
        Subject::Alert(id) => id.to_string(),
        Subject::Notifier(id) => id.to_string(),
    };
    let left = format::age(format::between(scene.now.at, until));
    let words = format!(" ! the waiver of {name} ends in {left}");
    canvas.both(
        0,
        vec![scene.say(words, Role::Look)],
        vec![scene.say("then it counts again; w renews it ", Role::Quiet)],
    );
    true
}

/// Since when it is recommended; where the plan counts, how long a person still has.
fn recommended(scene: &Scene<'_>, since: jiff::Timestamp) -> String {
    let (state, now) = (scene.live, scene.now.at);
    let left = |at: jiff::Timestamp| format::took(format::between(now, at));
    match (rollback::begins_at(state, scene.now), rollback::counts_down_to(state)) {
        (Some(at), Some(_)) if at > now => format!("begins by itself in {}   H holds it", left(at)),
        (_, Some(by)) if by > now => format!("decide within {}", left(by)),
        (_, Some(by)) => format!("▲ to be decided since {}", format::ago(by, now)),
        (_, None) => format!("recommended {}", format::ago(since, now)),
    }
}

/// Whether a recommended rollback still waits for a person.
fn is_open_question(scene: &Scene<'_>) -> bool {
    scene.live.outcome().is_none() && !scene.live.procedure().is_under_way()
}

/// The alert line: the most urgent one that nobody has seen.
fn alert(scene: &Scene<'_>, rule: &Rule, known: &AlertState, canvas: &mut Canvas<'_>) {
    let (glyph, role) = words::alert_sign(rule, known);
    let since = known.since().map_or_else(String::new, |since| format::time_of_day(since.at, scene.zone));
    let mut left = vec![
        scene.say(format!(" {glyph} {}  ", rule.level.word()), role),
        scene.say(rule.id.to_string(), Role::Strong),
        scene.say(format!("   {}   {since}", words::alert_seen(known)), Role::Text),
    ];
    if canvas.width() >= ROOMY {
        left.push(Span::raw(" "));
        left.extend(deliveries::line(scene, rule, known));
        left.push(scene.say(format!("   {}", words::alert_move(scene, rule, known)), Role::Quiet));
    }
    let firing = scene.live.alerts().filter(|(_, known)| known.is_firing()).count();
    let more = if firing > 1 { format!("+{}  ", firing - 1) } else { String::new() };
    let key = if scene.live.session().ended.is_some() { "" } else { "a acknowledge " };
    canvas.both(0, left, vec![scene.say(format!("{more}{key}"), Role::Quiet)]);
}

/// Whether a sentence of success was overtaken: what went wrong since, or how the way back ended, is more urgent.
fn is_overtaken(scene: &Scene<'_>, message: &Message) -> bool {
    let said = scene.now.up.saturating_sub(message.since);
    let mut since = scene.live.timeline().rev().take_while(|entry| format::between(entry.at, scene.now.at) < said);
    let overtakes = |entry: &Entry| entry.mark == Mark::Bad || entry.family == "procedure" && entry.mark == Mark::Good;
    !message.refused && since.any(overtakes)
}

fn news<'a>(scene: &Scene<'a>) -> Option<&'a Entry> {
    let is_news = |entry: &&Entry| format::between(entry.at, scene.now.at).as_secs() < NEWS;
    let recent = scene.live.timeline().rev().take_while(is_news);
    // What has been mended meanwhile is no news any more.
    let mended = |entry: &Entry| {
        let check = scene.live.check(&CheckId::new(&entry.subject));
        check.is_some_and(|(_, known)| known.episode.is_none() && known.outcome() != Some(Outcome::Warn))
    };
    let urgent = recent.filter(|entry| matches!(entry.mark, Mark::Bad | Mark::Look) && !mended(entry));
    urgent.max_by_key(|entry| entry.mark == Mark::Bad)
}

fn waiting(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let waiting = scene.live_standing.verdict.waiting();
    let Some(first) = waiting.first() else {
        let calm = if scene.live.session().ended.is_some() {
            " nothing more to do here"
        } else {
            " nothing waits for a person"
        };
        canvas.line(0, vec![scene.say(calm, Role::Quiet)]);
        return;
    };
    let title = match &first.subject {
        Some(Subject::Item(id)) => scene.live.item(id).map_or_else(|| id.to_string(), |(item, _)| item.title.clone()),
        Some(Subject::Check(id)) => id.to_string(),
        Some(Subject::Alert(id)) => id.to_string(),
        Some(Subject::Notifier(id)) => id.to_string(),
        None => words::cause_subject(&first.cause).to_owned(),
    };
    let left = vec![
        scene.say(" ☐ ", Role::Waiting),
        scene.say(title, Role::Text),
        scene.say(format!("   {}", first.what), Role::Quiet),
    ];
    let length = format::age(format::between(first.since, scene.now.at));
    let more = if waiting.len() > 1 { format!("   +{} ", waiting.len() - 1) } else { " ".to_owned() };
    let whose = if canvas.width() >= ROOMY { "whose move: " } else { "" };
    let right = format!("{whose}{}, {length}{more}", first.whose);
    canvas.both(0, left, vec![scene.say(right, Role::Quiet)]);
}

/// The answer with its question, the first reason, and what else there is in numbers.
pub fn verdict(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let verdict = &scene.live_standing.verdict;
    let answer = verdict.answer();
    let mut left = vec![
        Span::raw(" "),
        scene.say(format!(" {} ", verdict.headline()), words::answer_role(answer)),
        Span::raw("   "),
    ];
    match verdict.reasons().first() {
        Some(reason) => left.extend(reason_spans(scene, reason)),
        None => left.push(scene.say("everything that counts is settled", Role::Quiet)),
    }
    let others = verdict.reasons().len().saturating_sub(1);
    let rest = match others {
        _ if canvas.width() >= ROOMY => rest(scene),
        0 => String::new(),
        others => format!("+{others}"),
    };
    canvas.both(0, left, vec![scene.say(format!("{rest} "), Role::Quiet)]);
}

fn reason_spans(scene: &Scene<'_>, reason: &Reason) -> Vec<Span<'static>> {
    let subject = match &reason.subject {
        Some(Subject::Item(id)) => scene.live.item(id).map_or_else(|| id.to_string(), |(item, _)| item.title.clone()),
        Some(Subject::Check(id)) => id.to_string(),
        Some(Subject::Alert(id)) => id.to_string(),
        Some(Subject::Notifier(id)) => id.to_string(),
        None => words::cause_subject(&reason.cause).to_owned(),
    };
    vec![scene.say(format!("{subject}: "), Role::Strong), scene.say(reason.message.clone(), Role::Text)]
}

/// What else there is beside the first reason: `+2 blockers  1 warning  1 unknown  1 waits`.
fn rest(scene: &Scene<'_>) -> String {
    let verdict = &scene.live_standing.verdict;
    let answer = verdict.answer();
    let first = |weight: Answer| usize::from(weight == answer);
    let blockers = verdict.weighing(Answer::NoGo).count().saturating_sub(first(Answer::NoGo));
    let unknown = verdict.weighing(Answer::Hold).filter(|reason| !words::is_for_people(&reason.cause)).count();
    let warnings = verdict.weighing(Answer::GoWithWarnings).count().saturating_sub(first(Answer::GoWithWarnings));
    let mut parts = Vec::new();
    if blockers > 0 {
        parts.push(format!("+{}", format::count(blockers, "blocker")));
    }
    if warnings > 0 {
        parts.push(format!("+{}", format::count(warnings, "warning")));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} unknown"));
    }
    match verdict.waiting().len() {
        0 => {}
        1 => parts.push("1 waits".to_owned()),
        more => parts.push(format!("{more} wait")),
    }
    parts.join("  ")
}

/// What is left when there is no room: the verdict and the counts.
pub fn smallest(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let verdict = &scene.live_standing.verdict;
    let role = words::answer_role(verdict.answer());
    canvas.line(0, vec![scene.say(text::cut(&verdict.headline(), canvas.width()).into_owned(), role)]);
    let mut row = 1;
    if canvas.height() > 3 {
        let service = &scene.live.plan().service;
        canvas
            .line(1, vec![scene.say(format!("{} {}", service.environment.to_uppercase(), service.name), Role::Strong)]);
        row = 2;
    }
    for (at, (phase, summary)) in scene.live_standing.phases.iter().enumerate() {
        let (glyph, role) = words::phase_sign(*summary);
        let name = words::phase_name(*phase, true);
        let line = format!("{} {glyph} {}/{} {name}", at + 1, summary.settled, summary.total);
        canvas.line(row + at, vec![scene.say(line, role)]);
    }
    if let Some(reason) = verdict.reasons().first() {
        canvas.line(row + 4, reason_spans(scene, reason));
    }
}
