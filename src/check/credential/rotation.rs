//! How old a credential may grow (C11): something to look at before its time, a failure after it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::check::credential::{Loaded, Objection};
use crate::model::duration::{self, Span};

/// What is said of one credential's age, if anything is to be said.
pub(super) fn objection(
    loaded: &Loaded<'_>,
    most: Duration,
    warn_before: Option<Span>,
    folder: &Path,
    now: Timestamp,
) -> Option<Objection> {
    let id = loaded.id;
    let first_seen = loaded.known.and_then(|known| known.since);
    let too_old = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default() > most;
    // Seen first today it may be of any age; seen first long ago it is older still.
    let Some(changed) = in_use_since(loaded, folder).or_else(|| first_seen.filter(|since| too_old(*since))) else {
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

/// Since when a value is in use: since golive rotated it, or since its file was last changed, or since golive first saw
/// it there, whichever is longer ago. A file that changed for another value's sake makes no value younger.
fn in_use_since(loaded: &Loaded<'_>, folder: &Path) -> Option<Timestamp> {
    let first_seen = loaded.known.and_then(|known| known.since);
    if loaded.known.is_some_and(|known| known.born) {
        return first_seen;
    }
    let file = loaded.origin.file()?;
    let modified = std::fs::metadata(folder.join(file)).and_then(|metadata| metadata.modified()).ok()?;
    let changed = Timestamp::try_from(modified).ok()?;
    Some(first_seen.map_or(changed, |since| since.min(changed)))
}
