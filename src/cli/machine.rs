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

pub(super) struct Machine {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) host: SafeText,
    pub(super) operator: Operator,
}

impl Machine {
    pub(super) fn here() -> Self {
        let environment = process::environment();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let named = ["USER", "LOGNAME"].iter().find_map(|name| environment.get(*name).filter(|name| !name.is_empty()));
        let operator = named.cloned().unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        let operator = Operator::new(&operator, Provenance::Os);
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
