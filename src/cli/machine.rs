//! What golive finds where it was started: the process's environment, the folder, the machine, the person, the state
//! folder. Read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::cli::exit::Stop;
use crate::model::operator::{Operator, Provenance};
use crate::model::text::SafeText;
use crate::plan;
use crate::source::process;

#[derive(Clone)]
pub(super) struct Machine {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) host: SafeText,
    pub(super) operator: Operator,
}

impl Machine {
    pub(super) fn here() -> Self {
        let environment = process::environment();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let operator = operator(&environment);
        Self { environment, host: SafeText::bounded(&host, 64), operator }
    }

    /// Whether a variable is set and not empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.environment.get(name).is_some_and(|value| !value.is_empty())
    }

    /// Where sessions, trust and steps are kept: `golive` below the XDG state folder.
    pub(super) fn state_folder() -> Result<PathBuf, Stop> {
        let strategy = etcetera::base_strategy::Xdg::new()
            .map_err(|error| Stop::own(format!("there is no home folder to keep sessions in: {error}")))?;
        let state = strategy.state_dir().expect("XDG has a state folder");
        Ok(state.join("golive"))
    }

    /// The plan that was named, or the one for this folder.
    pub(super) fn plan_path(named: Option<&Path>) -> Result<PathBuf, Stop> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        let here = std::env::current_dir()
            .map_err(|error| Stop::own(format!("the folder that golive was started in is gone: {error}")))?;
        plan::find(&here).ok_or_else(|| {
            Stop::wrong("there is no golive.toml here or in a folder above")
                .instead("name the plan, or look at one at work: golive demo")
        })
    }
}

/// Who sits here: the name from golive's own configuration, or the account's. `USER` can say anything, so it is asked
/// last: a name that is shown as the machine's word has to be it.
fn operator(environment: &BTreeMap<String, String>) -> Operator {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    if let Some(name) = set("GOLIVE_OPERATOR") {
        return Operator::new(&name, Provenance::Config);
    }
    let id = rustix::process::getuid().as_raw();
    let name = account(id).or_else(|| set("USER")).or_else(|| set("LOGNAME")).unwrap_or_else(|| format!("uid {id}"));
    Operator::new(&name, Provenance::Os)
}

/// The account's name in the machine's own list of accounts.
#[expect(clippy::disallowed_methods, reason = "the list of accounts is a file")]
fn account(id: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(id)).then(|| name.to_owned())
    })
}
