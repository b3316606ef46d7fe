//! How old a credential may grow (C11): something to look at before its time, a failure after it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::check::credential::{Loaded, Objection};
use crate::model::duration::{self, Span};
use crate::model::values::Origin;

/// What is said of one credential's age, if anything is to be said.
pub(super) fn objection(
    loaded: &Loaded<'_>,
    most: Duration,
    warn_before: Option<Span>,
    folder: &Path,
    now: Timestamp,
) -> Option<Objection> {
    let id = loaded.id;
    let Some(changed) = changed(loaded.origin, folder) else {
        return Some(Objection::warning(format!("nobody can tell how old {id} is: its source has no date")));
    };
    let age = Duration::try_from(now.duration_since(changed)).unwrap_or_default();
    let (days, most_days) = (in_days(age), in_days(most));
    let lead = warn_before.map_or(most / 6, |span| span.0);
    if age > most {
        Some(Objection::failure(format!("{id} is {days} days old, {most_days} are allowed: rotate it")))
    } else if age + lead > most {
        let left = duration::written(most.saturating_sub(age));
        Some(Objection::warning(format!("{id} is {days} days old and has to be rotated within {left}")))
    } else {
        None
    }
}

const fn in_days(age: Duration) -> u64 {
    age.as_secs() / 86_400
}

/// When the file that a value stands in was last changed. A file that was changed for another reason makes a value
/// younger than it is; a credential in a file of its own tells its age exactly.
fn changed(origin: &Origin, folder: &Path) -> Option<Timestamp> {
    let file = origin.file()?;
    let modified = std::fs::metadata(folder.join(file)).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(modified).ok()
}
