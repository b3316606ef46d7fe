//! Enforcement in the order of events: begun when its intent is on disk, and then everything is looked at anew.

use crate::check;
use crate::core::event::{Body, CheckEvent, SessionEvent};
use crate::engine::enforcing::{Report, Told};
use crate::engine::sequencer::Sequencer;
use crate::engine::setup::Renewed;
use crate::model::id::{CheckId, EffectId};
use crate::model::plan::Run;
use crate::model::time::Now;

impl Sequencer {
    pub(super) fn enforce(&self, effect: EffectId) {
        if let Some(wanted) = self.state.enforcements().iter().rfind(|known| known.effect == effect) {
            self.enforcer.write(self.state.shared_plan(), wanted);
        }
    }

    pub(super) fn undo_enforcement(&self, effect: EffectId) {
        if let Some(wanted) = self.state.enforcements().iter().rfind(|known| known.effect == effect) {
            self.enforcer.undo(self.state.shared_plan(), wanted);
        }
    }

    pub(super) fn take_told(&mut self, (told, now): Report) {
        match told {
            Told::Enforcement(event) => self.pend(Body::Enforcement(event), now),
            Told::Gate(kept) => self.pend(Body::Session(SessionEvent::GateKept(kept)), now),
            Told::Renewed(effect, renewed) => self.look_with(effect, *renewed, now),
        }
    }

    /// Values were read anew: everything looks with them from now on, and what rests on them is looked at again.
    fn look_with(&mut self, effect: EffectId, renewed: Renewed, now: Now) {
        self.stepper.look_with(&renewed);
        self.enforcer.look_with(&renewed);
        self.redactor = renewed.redactor;
        self.runner.look_with(renewed.probes);
        for fact in renewed.facts {
            self.pend(fact, now);
        }
        let mended = self.state.enforcements().iter().rfind(|known| known.effect == effect);
        let mended: Vec<CheckId> = mended.map(|known| known.checks.clone()).unwrap_or_default();
        let again = self.state.plan().checks.iter().filter(|planned| {
            let of_values = check::kind(planned.kind.as_str()).is_some_and(|kind| !kind.variables(planned).is_empty());
            let open = self.state.session().is_open(planned.phase);
            open && planned.run == Run::Scheduled && (of_values || mended.contains(&planned.id))
        });
        let checks: Vec<CheckId> = again.map(|planned| planned.id.clone()).collect();
        if !checks.is_empty() {
            self.pend(Body::Check(CheckEvent::Demanded { checks }), now);
        }
    }
}
