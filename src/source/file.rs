//! A whole file as one value, without its last line break.
#![expect(clippy::disallowed_methods, reason = "a file source is read here")]

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;

use crate::model::values::Origin;
use crate::source::Got;

const LARGEST: u64 = 64 << 10;

pub(super) fn read(folder: &Path, path: &Path) -> Got {
    let shown = path.display().to_string();
    let file = match std::fs::File::open(folder.join(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{shown}: {error}")),
    };
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(|error| format!("{shown}: {error}"))?;
    let kept = text.strip_suffix('\n').unwrap_or(&text);
    let kept = kept.strip_suffix('\r').unwrap_or(kept);
    Ok(Some((SecretString::from(kept.to_owned()), Origin::File(Arc::from(shown)))))
}
