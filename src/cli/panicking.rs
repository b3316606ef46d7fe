//! What is said when golive itself breaks down: where, and only words that stood in its own text. A panic's message may
//! quote the very value it broke down on, and nothing stands between it and the terminal.

use std::any::Any;
use std::fmt;
use std::panic::PanicHookInfo;

use color_eyre::section::PanicMessage;

/// The head of a panic's report.
pub struct BrokeDown;

impl PanicMessage for BrokeDown {
    fn display(&self, panic: &PanicHookInfo<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "golive broke down: {}", said(panic.payload()))?;
        match panic.location() {
            Some(place) => write!(f, "at {}:{}", place.file(), place.line()),
            None => Ok(()),
        }
    }
}

/// Constant words are golive's own. Made up ones may hold anything.
fn said(payload: &dyn Any) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("what it said is not shown, for it may hold a value")
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_panics_message_never_tells_the_value_it_broke_down_on() {
        let secret = format!("FAKE-é{}", ulid::Ulid::generate());
        let caught = std::panic::catch_unwind(|| secret[..6].len()).unwrap_err();
        assert!(
            caught.downcast_ref::<String>().is_some_and(|said| said.contains("FAKE-")),
            "the standard library tells it"
        );
        assert!(!said(caught.as_ref()).contains("FAKE"));
        let constant: &dyn std::any::Any = &"the plan is empty";
        assert_eq!(said(constant), "the plan is empty");
    }
}
