//! What the eyes and hands are on: screen, phase, selection, held rows, dialogs. Nothing of the go-live itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::core::state::State;
use crate::model::id::{AlertId, CheckId, CredentialId, EffectId, HurtId, ItemId};
use crate::model::time::Now;
use crate::model::word::Phase;
use crate::tui::layers::Layers;
use crate::tui::practising::PracticeFault;
use crate::tui::replaying::ReplayStand;
use crate::tui::standing::Standing;

/// The screens, in the order of `[` and `]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScreenName {
    /// Where do we stand?
    Checklist,
    /// Why?
    Verdict,
    /// What broke first?
    Triage,
    /// What is slow or shaky?
    Checks,
    /// Did a payment really go through?
    Flow,
    /// Is each one right?
    Credentials,
    /// Whose move is it?
    Alerts,
    /// What happened?
    Timeline,
    /// Could we go back?
    Rehearsal,
}

/// What a row is about: the selection follows this, not its number, when rows are sorted anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// An item of the checklist.
    Item(ItemId),
    /// A check.
    Check(CheckId),
    /// An alert.
    Alert(AlertId),
    /// A credential.
    Credential(CredentialId),
    /// What moves the question: a row of its own at the end of a phase.
    Act(Act),
    /// A query that says who is hurt.
    Hurt(HurtId),
    /// A step of a check's runbook, by its number.
    Step(CheckId, usize),
    /// A row that has a name of its own only on its screen.
    Named(String),
    /// A line of a list that only grows at its end.
    Line(usize),
}

/// What moves the question on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Begins the deployment, where no step does.
    Begin,
    /// Lets customers in, or keeps them out again.
    Gate,
    /// Says that the go-live is done.
    Close,
}

/// A list with a selection of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A phase's rows on the checklist.
    Phase(Phase),
    /// The checks of an item, in its detail.
    ChecksOf(ItemId),
    /// The steps of a check's runbook, in triage.
    StepsOf(CheckId),
    /// The lines that a run of a step printed.
    Output(EffectId),
    /// The rows of a screen.
    Screen(ScreenName),
}

/// Which pane the keys move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The rows.
    #[default]
    Rows,
    /// What stands behind the selected row.
    Detail,
}

/// How the checks are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Failing and shaky ones first.
    #[default]
    Shaky,
    /// Slow ones first.
    Slow,
    /// As the plan has them.
    Plan,
}

/// Rows that are held while somebody reads them; the verdict stays live.
#[derive(Clone, Debug)]
pub struct Held {
    /// What is shown.
    pub state: Arc<State>,
    /// Where it stood.
    pub standing: Arc<Standing>,
}

/// One sentence to the person, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The sentence.
    pub text: String,
    /// Whether it tells of something that was not done.
    pub refused: bool,
    /// When it was said, as time since boot.
    pub since: Duration,
}

/// How long a sentence stands.
const MESSAGE_STANDS: Duration = Duration::from_secs(8);

/// What the eyes and hands are on.
#[derive(Clone, Debug)]
pub struct Ui {
    /// The screen.
    pub screen: ScreenName,
    /// The phase that the checklist shows.
    pub phase: Phase,
    /// Which pane the keys move in.
    pub pane: Pane,
    /// What is selected, list by list.
    pub selected: HashMap<Place, RowKey>,
    /// How far the detail is scrolled.
    pub scroll: usize,
    /// Whether only what is not settled is shown.
    pub only_unsettled: bool,
    /// Rows that are held.
    pub held: Option<Held>,
    /// How the checks are sorted.
    pub order: Order,
    /// One sentence to the person.
    pub message: Option<Message>,
    /// What lies over the screen.
    pub layers: Layers,
    /// Only entries of the timeline that hold these words are shown.
    pub filter: String,
    /// What is looked for in what a step printed.
    pub search: String,
    /// Where the replay stands; nothing for a session that is live.
    pub replay: Option<ReplayStand>,
    /// The faults that can be switched, in the demo alone.
    pub practice: Option<Vec<PracticeFault>>,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            screen: ScreenName::Checklist,
            phase: Phase::PreDeployment,
            pane: Pane::Rows,
            selected: HashMap::new(),
            scroll: 0,
            only_unsettled: false,
            held: None,
            order: Order::default(),
            message: None,
            layers: Layers::default(),
            filter: String::new(),
            search: String::new(),
            replay: None,
            practice: None,
        }
    }
}

impl Ui {
    /// The list that the screen's rows are.
    #[must_use]
    pub const fn rows(&self) -> Place {
        match self.screen {
            ScreenName::Checklist => Place::Phase(self.phase),
            other => Place::Screen(other),
        }
    }

    /// The selected row of a list: the one chosen, if it is still there, else the first.
    #[must_use]
    pub fn selected_of<'a>(&self, place: &Place, keys: &'a [RowKey]) -> Option<&'a RowKey> {
        keys.get(self.position(place, keys))
    }

    /// Where the selected row of a list stands. Of what a step prints the newest line is followed until one is chosen.
    #[must_use]
    pub fn position(&self, place: &Place, keys: &[RowKey]) -> usize {
        match (self.selected.get(place), place) {
            (None, Place::Output(_)) => keys.len().saturating_sub(1),
            (chosen, _) => chosen.and_then(|chosen| keys.iter().position(|key| key == chosen)).unwrap_or(0),
        }
    }

    /// Whether something is looked for in what a step printed.
    #[must_use]
    pub fn searches(&self) -> bool {
        let shown = match self.screen {
            ScreenName::Checklist => self.pane == Pane::Detail,
            other => other == ScreenName::Rehearsal,
        };
        shown && !self.search.is_empty()
    }

    /// Says something to the person.
    pub fn say(&mut self, text: impl Into<String>, refused: bool, now: Now) {
        self.message = Some(Message { text: text.into(), refused, since: now.up });
    }

    /// The sentence that stands now.
    #[must_use]
    pub fn message(&self, now: Now) -> Option<&Message> {
        self.message.as_ref().filter(|message| now.up.saturating_sub(message.since) < MESSAGE_STANDS)
    }
}
