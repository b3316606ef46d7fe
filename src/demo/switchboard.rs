//! The switchboard of a running world, to be held by whoever flies in it: the cockpit's door to practise by.

use std::path::PathBuf;

use crate::demo::environment::Credentials;
use crate::demo::faults::{Fault, Faults};
use crate::demo::scenario::SCENARIOS;
use crate::demo::world::inject;

/// Switches a world's faults. Cheap to clone.
#[derive(Clone)]
pub struct Switchboard {
    pub(super) folder: PathBuf,
    pub(super) credentials: Credentials,
    pub(super) faults: Faults,
}

impl Switchboard {
    /// The faults that mean something while a go-live is under way, each with what is wrong then, and whether it is on.
    #[must_use]
    pub fn faults(&self) -> Vec<(Fault, &'static str, bool)> {
        // Whether somebody has rehearsed is decided before the go-live begins.
        let switchable = Fault::ALL.iter().copied().filter(|fault| *fault != Fault::NoRehearsal);
        switchable.map(|fault| (fault, sentence(fault), self.faults.is_on(fault))).collect()
    }

    /// Turns a fault on or off. Takes as long as the world takes: a build, where variables are compiled in.
    ///
    /// # Errors
    /// If the world's files cannot be changed.
    pub fn set(&self, fault: Fault, on: bool) -> std::io::Result<()> {
        inject(&self.folder, &self.credentials, &self.faults, fault, on)
    }
}

/// As the scenario of this fault alone says it.
fn sentence(fault: Fault) -> &'static str {
    SCENARIOS.iter().find(|scenario| scenario.faults == [fault]).map_or("", |scenario| scenario.sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_sentence() {
        for fault in Fault::ALL {
            assert!(!sentence(*fault).is_empty(), "{} has no scenario of its own", fault.name());
        }
    }
}
