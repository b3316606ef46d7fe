//! `terminal`: the cockpit itself rings, and shows a notification where the terminal can (OSC 9). This room draws
//! nothing: the cockpit sees in the state that a notice came to it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::notice::Notice;
use crate::model::kind::KindSpec;
use crate::model::word::Category;
use crate::notify::{Given, Kind, Notifier, Sending, Taken, Unusable, Way, keys};

/// The kind.
pub(super) struct Terminal;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the cockpit reads them from the plan")]
struct Keys {
    /// Whether the bell rings.
    #[serde(default = "yes")]
    bell: bool,
    /// Whether the terminal is asked to show a notification (OSC 9); terminals that cannot ignore it.
    #[serde(default)]
    notification: bool,
}

const fn yes() -> bool {
    true
}

impl Kind for Terminal {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "terminal",
            doc: "The terminal that the cockpit runs in: its bell, and a notification where it can show one.",
            category: Category::Monitoring,
            example: "notification = true\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| keys::problems::<Keys>(options, |_, _| {}),
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        keys::read::<Keys>(given)?;
        Ok(Box::new(Ready))
    }
}

struct Ready;

impl Notifier for Ready {
    fn send<'a>(&'a self, _notice: &'a Notice, _way: Way<'a>) -> Sending<'a> {
        Box::pin(std::future::ready(Ok(Taken::new("the cockpit has it"))))
    }

    fn reach<'a>(&'a self, _way: Way<'a>) -> Sending<'a> {
        Box::pin(std::future::ready(Ok(Taken::new("the cockpit itself"))))
    }
}
