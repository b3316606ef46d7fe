//! THE key table: dispatch, footer and help all come from it. A key is changed here and nowhere else.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::word::Phase;
use crate::tui::action::Action;
use crate::tui::replaying::Steering;
use crate::tui::ui::ScreenName;

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Everywhere but in a dialog.
    Global,
    /// On one screen.
    On(ScreenName),
    /// Everywhere in a replay.
    Replay,
    /// In dialogs.
    Dialog,
}

/// A key: code and modifiers. Shift is in the letter.
pub type Key = (KeyCode, KeyModifiers);

/// Keys that mean something somewhere.
#[derive(Debug)]
pub struct Binding {
    /// Any of these.
    pub keys: &'static [Key],
    /// What they mean.
    pub action: Action,
    /// In a word, for the footer.
    pub name: &'static str,
    /// In a sentence, for the help.
    pub sentence: &'static str,
    /// Where.
    pub contexts: &'static [Context],
    /// Whether the footer shows it when there is room. The order of the table is the order of the footer.
    pub hint: bool,
}

const fn char(letter: char) -> Key {
    (KeyCode::Char(letter), KeyModifiers::NONE)
}

const fn ctrl(letter: char) -> Key {
    (KeyCode::Char(letter), KeyModifiers::CONTROL)
}

const fn key(code: KeyCode) -> Key {
    (code, KeyModifiers::NONE)
}

const GLOBAL: &[Context] = &[Context::Global];
const REPLAY: &[Context] = &[Context::Replay];

macro_rules! bindings {
    ($($keys:expr => $action:expr, $name:literal, $sentence:literal, $contexts:expr, $hint:literal;)+) => {
        /// Every binding.
        pub const BINDINGS: &[Binding] = &[$(Binding {
            keys: &$keys, action: $action, name: $name, sentence: $sentence, contexts: $contexts, hint: $hint,
        }),+];
    };
}

bindings! {
    [char(' ')] => Action::Steer(Steering::PlayPause), "play", "Let the replay go on, or stop it", REPLAY, true;
    [char('>')] => Action::Steer(Steering::Forward), "event on", "One event on", REPLAY, true;
    [char('<')] => Action::Steer(Steering::Backward), "event back", "One event back", REPLAY, true;
    [char('}')] => Action::Steer(Steering::NextTurn), "next turn", "On to the next event that changed the verdict", REPLAY, true;
    [char('{')] => Action::Steer(Steering::TurnBefore), "turn before", "Back to the event before that changed the verdict", REPLAY, true;
    [char('+'), char('=')] => Action::Steer(Steering::Faster), "faster", "Twice as fast", REPLAY, false;
    [char('-')] => Action::Steer(Steering::Slower), "slower", "Half as fast", REPLAY, false;
    [key(KeyCode::Enter)] => Action::Open, "open", "Open what is selected, or go to its evidence", GLOBAL, true;
    [char('s')] => Action::Sign, "sign", "Sign the selected item, with a note if you like", GLOBAL, true;
    [char('x')] => Action::Act, "act", "Start or stop the step, rotate the credential, open the gate, close the go-live: each behind its door", GLOBAL, true;
    [char('w')] => Action::Waive, "waive", "Accept it although it is not settled: why, and until when", GLOBAL, true;
    [char('o')] => Action::Object, "object", "Object to the selected item, with a reason", GLOBAL, false;
    [char('r')] => Action::RunAgain, "run again", "Run the selected check, or the item's checks, now", GLOBAL, true;
    [char('a')] => Action::Acknowledge, "acknowledge", "Say that you have seen the alert: it is not escalated", GLOBAL, true;
    [char('f')] => Action::Fix, "fix", "Show what would be written into the configuration to mend it; nothing is written before you say so", GLOBAL, true;
    [char('v')] => Action::Screen(ScreenName::Verdict), "verdict", "Why the verdict is what it is, and what would turn it", GLOBAL, true;
    [char('t')] => Action::Screen(ScreenName::Triage), "triage", "What broke first, and what only follows from it", GLOBAL, true;
    [char('i')] => Action::Claim, "on it", "Say that you are on it; again: that you no longer are", GLOBAL, true;
    [char('c')] => Action::Screen(ScreenName::Credentials), "credentials", "Which credential is where, masked", GLOBAL, true;
    [char('m')] => Action::Note, "note", "Write something down", GLOBAL, true;
    [char('y')] => Action::Copy, "copy", "Copy what is selected; in triage the page for the incident's channel, or the ids to repair", GLOBAL, false;
    [char('/')] => Action::Filter, "filter", "Show only entries that hold these words", &[Context::On(ScreenName::Timeline)], true;
    [char('/')] => Action::Search, "search", "Look for words in what the step printed: n and N go from match to match, esc ends it", &[Context::On(ScreenName::Checklist), Context::On(ScreenName::Rehearsal)], true;
    [char('d')] => Action::DryRun, "dry run", "Show what the steps of the phase would run, with secrets masked; nothing is run", &[Context::On(ScreenName::Checklist), Context::On(ScreenName::Rehearsal)], true;
    [char('u')] => Action::Undo, "undo", "Take back your signature, objection, waiver, acknowledgement, silence or rotation on the selected row, or put back what fix wrote", GLOBAL, true;
    [char('A')] => Action::Screen(ScreenName::Alerts), "alerts", "The alerts, the most urgent first", GLOBAL, true;
    [char('S')] => Action::Silence, "silence", "Mute an alert's notices for a while: why, and until when", GLOBAL, false;
    [char('L')] => Action::Lull, "lull", "Declare a lull: business rests for a while; or that it goes on", &[Context::On(ScreenName::Alerts)], true;
    [char('C')] => Action::Screen(ScreenName::Checks), "checks", "All checks, slow and shaky ones first", GLOBAL, true;
    [char('P')] => Action::Screen(ScreenName::Flow), "flow", "Did a payment really go through? Hop by hop, and who vouches for each", GLOBAL, false;
    [char('T')] => Action::Screen(ScreenName::Timeline), "timeline", "What happened, newest first", GLOBAL, true;
    [char('R')] => Action::RollBack, "roll back", "Go back to the old version, behind a door; again: stop that", GLOBAL, true;
    [char('b')] => Action::Screen(ScreenName::Rehearsal), "way back", "Could we go back, and how long would it take?", GLOBAL, false;
    [char('p')] => Action::Poll, "poll", "Say go, no-go or abstain for a role", GLOBAL, false;
    [char('H')] => Action::HoldGoLive, "hold it", "Hold the go-live with a reason; again: let it go on", GLOBAL, false;
    [char('D')] => Action::Practise, "faults", "Switch faults of the demo's world on and off, to practise triage and rollback", GLOBAL, false;
    [char(',')] => Action::Sort, "sort", "Sort the checks another way", &[Context::On(ScreenName::Checks)], true;
    [char('n')] => Action::NextFailure, "next failure", "Go to the next match of a search, else to the next row that is not good", GLOBAL, false;
    [char('N')] => Action::PreviousFailure, "failure before", "Go to the match before, else to the row before that is not good", GLOBAL, false;
    [char('!')] => Action::OnlyUnsettled, "unsettled", "Show only what is not settled", GLOBAL, false;
    [char('z')] => Action::Hold, "hold", "Hold the rows while you read them; the verdict stays live", GLOBAL, false;
    [key(KeyCode::Down), char('j')] => Action::Down, "down", "One row down", GLOBAL, false;
    [key(KeyCode::Up), char('k')] => Action::Up, "up", "One row up", GLOBAL, false;
    [char('g'), key(KeyCode::Home)] => Action::First, "first", "To the first row", GLOBAL, false;
    [char('G'), key(KeyCode::End)] => Action::Last, "last", "To the last row", GLOBAL, false;
    [key(KeyCode::PageDown), ctrl('d')] => Action::PageDown, "page down", "A page down", GLOBAL, false;
    [key(KeyCode::PageUp), ctrl('u')] => Action::PageUp, "page up", "A page up", GLOBAL, false;
    [char('1')] => Action::Phase(Phase::PreDeployment), "pre", "The pre-deployment checklist", GLOBAL, false;
    [char('2')] => Action::Phase(Phase::Deployment), "deploy", "The deployment checklist", GLOBAL, false;
    [char('3')] => Action::Phase(Phase::PostDeployment), "post", "The post-deployment checklist", GLOBAL, false;
    [char('4')] => Action::Phase(Phase::Rollback), "rollback", "Whether the way back is ready", GLOBAL, false;
    [char(']')] => Action::NextScreen, "next screen", "The next screen", GLOBAL, false;
    [char('[')] => Action::PreviousScreen, "screen before", "The screen before", GLOBAL, false;
    [key(KeyCode::Tab), (KeyCode::BackTab, KeyModifiers::SHIFT)] => Action::OtherPane, "pane", "To the other pane", GLOBAL, false;
    [char('l'), key(KeyCode::Right)] => Action::DetailPane, "detail", "To the detail", GLOBAL, false;
    [char('h'), key(KeyCode::Left)] => Action::RowsPane, "rows", "To the rows", GLOBAL, false;
    [key(KeyCode::Esc)] => Action::Back, "back", "Back, one step at a time; it never quits and never says yes", GLOBAL, false;
    [char('X')] => Action::Abort, "give up", "Give the go-live up, behind a door", GLOBAL, false;
    [ctrl('l')] => Action::Redraw, "redraw", "Paint the whole screen again", GLOBAL, false;
    [ctrl('z')] => Action::Suspend, "suspend", "Put golive to sleep; fg brings it back", &[Context::Global, Context::Dialog], false;
    [ctrl('c')] => Action::Interrupt, "interrupt", "Cancel; again: ask to quit; twice within 2 s: leave", &[Context::Global, Context::Dialog], false;
    [char('?'), key(KeyCode::F(1))] => Action::Help, "help", "These keys (in a text field: F1)", GLOBAL, true;
    [key(KeyCode::F(1))] => Action::Help, "help", "These keys", &[Context::Dialog], false;
    [char('q')] => Action::Quit, "quit", "Leave; it says first what goes on without you", GLOBAL, true;
}

/// The bindings that hold in a context.
pub fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.contexts.contains(&context))
}

/// What a key means on a screen.
#[must_use]
pub fn action(event: &KeyEvent, contexts: &[Context]) -> Option<Action> {
    let pressed = normalised(event);
    let holds = |binding: &&Binding| contexts.iter().any(|context| binding.contexts.contains(context));
    BINDINGS.iter().filter(holds).find(|binding| binding.keys.contains(&pressed)).map(|binding| binding.action)
}

/// Terminals differ in whether they report shift beside an upper-case letter; the letter says it already.
fn normalised(event: &KeyEvent) -> Key {
    match event.code {
        KeyCode::Char(_) => (event.code, event.modifiers - KeyModifiers::SHIFT),
        KeyCode::BackTab => (event.code, KeyModifiers::SHIFT),
        code => (code, event.modifiers),
    }
}

impl Binding {
    /// Its first key as people read it.
    #[must_use]
    pub fn keys_shown(&self) -> String {
        self.keys.first().map(shown).unwrap_or_default()
    }

    /// All its keys as people read them.
    #[must_use]
    pub fn all_keys_shown(&self) -> String {
        self.keys.iter().map(shown).collect::<Vec<_>>().join(" ")
    }
}

fn shown(key: &Key) -> String {
    match key {
        (KeyCode::Char(letter), modifiers) if modifiers.contains(KeyModifiers::CONTROL) => {
            format!("^{}", letter.to_uppercase())
        }
        (KeyCode::Char(' '), _) => "space".to_owned(),
        (KeyCode::Char(letter), _) => letter.to_string(),
        (KeyCode::Enter, _) => "⏎".to_owned(),
        (KeyCode::Esc, _) => "esc".to_owned(),
        (KeyCode::Up, _) => "↑".to_owned(),
        (KeyCode::Down, _) => "↓".to_owned(),
        (KeyCode::Left, _) => "←".to_owned(),
        (KeyCode::Right, _) => "→".to_owned(),
        (KeyCode::F(number), _) => format!("F{number}"),
        (KeyCode::BackTab, _) => "shift-tab".to_owned(),
        (KeyCode::PageUp, _) => "pgup".to_owned(),
        (KeyCode::PageDown, _) => "pgdn".to_owned(),
        (code, _) => format!("{code:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let screens = [
            ScreenName::Checklist,
            ScreenName::Verdict,
            ScreenName::Triage,
            ScreenName::Alerts,
            ScreenName::Checks,
            ScreenName::Flow,
            ScreenName::Credentials,
            ScreenName::Timeline,
            ScreenName::Rehearsal,
        ];
        let mut places: Vec<Vec<Context>> =
            screens.iter().map(|screen| vec![Context::Replay, Context::Global, Context::On(*screen)]).collect();
        places.push(vec![Context::Dialog]);
        for place in places {
            let mut seen = Vec::new();
            for binding in BINDINGS.iter().filter(|b| b.contexts.iter().any(|context| place.contains(context))) {
                for key in binding.keys {
                    assert!(!seen.contains(key), "{} clashes in {place:?}", shown(key));
                    seen.push(*key);
                }
            }
        }
    }

    #[test]
    fn every_binding_says_what_it_does() {
        for binding in BINDINGS {
            assert!(!binding.keys.is_empty() && !binding.name.is_empty() && binding.sentence.len() > 5, "{binding:?}");
            assert!(!binding.sentence.ends_with('.'), "{}: the help adds no full stops", binding.name);
        }
    }

    #[test]
    fn shift_in_a_letter_is_the_letter() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(action(&event, &[Context::Global]), Some(Action::Last));
    }
}
