//! Env files: every variable becomes `env.NAME`, with file and line.
#![expect(clippy::disallowed_methods, reason = "env files are read here")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::envfile;
use crate::model::values::{Origin, Value, Values};

/// An env file is written by people. What is larger is something else.
const LARGEST: u64 = 1 << 20;

/// Puts the variables of these files and of the process into `values`. A missing file is skipped; one that cannot be
/// read makes every variable that no other source has unknown rather than missing.
pub(super) fn load(folder: &Path, files: &[PathBuf], process: &BTreeMap<String, String>, values: &mut Values) {
    let mut texts: Vec<(Arc<str>, String)> = Vec::new();
    for file in files {
        let shown: Arc<str> = Arc::from(file.display().to_string());
        match read(&folder.join(file)) {
            Ok(Some(text)) => texts.push((shown, text)),
            Ok(None) => {}
            Err(why) => values.fail(Values::ENV_FILES, &format!("{shown}: {why}")),
        }
    }
    let bare: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
    for variable in envfile::load(&bare, process, &[""]) {
        let origin = match variable.place {
            Some((file, line)) => Origin::Line { file: Arc::clone(&texts[file].0), line },
            None => Origin::Process,
        };
        values.insert(&format!("env.{}", variable.name), Value::plain(&variable.value, origin));
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err("it is larger than 1 MiB".to_owned());
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}
