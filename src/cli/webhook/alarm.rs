//! What a listener refuses is a security event: the plan's notifiers are told, each reason at most once a minute with
//! how often it came, and every refusal can be kept in a file.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::cli::exit::Stop;
use crate::cli::machine::Machine;
use crate::cli::opening;
use crate::cli::webhook::receiver::Received;
use crate::core::notice::{About, Happened, Notice, NoticeKey, OfAlert};
use crate::mask::Redactor;
use crate::model::alert::Level;
use crate::model::id::{AlertId, NotifierId, SessionId};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::network::Network;
use crate::notify::{self, Again, Roster};
use crate::webhook::Reason;
use crate::{check, clock, plan, source};

/// Of one reason nobody is told again sooner than this.
const QUIET: Duration = Duration::from_secs(60);
/// A notice is tried so often, with so long between.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// What is under way when the listener ends may take so long.
const LAST: Duration = Duration::from_secs(15);

/// Tells people of refusals.
pub(super) struct Alarm {
    roster: Arc<Roster>,
    network: Network,
    redactor: Redactor,
    to: Vec<NotifierId>,
    service: SafeText,
    environment: SafeText,
    session: SessionId,
    /// When each reason was last told, and how often it came since.
    told: BTreeMap<Reason, (Duration, u64)>,
    number: u64,
    under_way: JoinSet<String>,
}

impl Alarm {
    /// The notifiers of a plan, or those of `only`.
    pub(super) async fn of(path: &Path, only: &[String], machine: &Machine) -> Result<Self, Stop> {
        let loaded = plan::load(path, &check::specs())
            .map_err(|_| Stop::wrong(format!("{} is wrong", path.display())).instead("golive lint says where"))?;
        let plan = loaded.plan;
        let network = Network::new(&plan.network, &plan.folder).map_err(|error| Stop::because(&error))?;
        let trusted = opening::is_trusted(&plan.digest)?;
        let values = source::load(&plan, trusted, &machine.environment).await;
        let redactor = Redactor::new(values.secrets().chain(notify::secrets(&plan.notifiers, &values)));
        let roster = Roster::new(&plan, &values, trusted);
        let known: BTreeSet<&NotifierId> = roster.told().collect();
        let to: Vec<NotifierId> = match only {
            [] => known.into_iter().cloned().collect(),
            names => names.iter().map(|name| NotifierId::new(name)).collect(),
        };
        if let Some(unknown) = to.iter().find(|id| !roster.told().any(|known| known == *id)) {
            return Err(Stop::wrong(format!("the plan has no notifier {unknown} that takes notices")));
        }
        if to.is_empty() {
            return Err(Stop::wrong("the plan has no notifier").instead("add [notifiers.NAME], or leave --plan out"));
        }
        Ok(Self {
            roster: Arc::new(roster),
            network,
            redactor,
            to,
            service: SafeText::bounded(&plan.service.name, 100),
            environment: SafeText::bounded(&plan.service.environment, 100),
            session: SessionId::new(&ulid::Ulid::generate().to_string()),
            told: BTreeMap::new(),
            number: 0,
            under_way: JoinSet::new(),
        })
    }

    /// Tells of a refusal, unless its reason was told a moment ago; then it is counted for the next notice.
    pub(super) fn refused(&mut self, received: &Received, reason: Reason, now: Now) {
        let since = match self.told.get_mut(&reason) {
            Some((told, count)) if now.up.saturating_sub(*told) < QUIET => {
                *count += 1;
                return;
            }
            Some((_, count)) => *count,
            None => 0,
        };
        self.told.insert(reason, (now.up, 0));
        self.number += 1;
        let source = received.source.map_or_else(|| "an unknown address".to_owned(), |source| source.to_string());
        let more =
            if since > 0 { format!(", and {since} more of that reason since the last notice") } else { String::new() };
        let value = SafeText::bounded(&format!("{} from {source}{more}", reason.word()), 200);
        for to in self.to.clone() {
            let notice = self.notice(&to, value.clone(), reason, now);
            let (roster, network, redactor) = (Arc::clone(&self.roster), self.network.clone(), self.redactor.clone());
            self.under_way.spawn(async move { told(&notice, &roster, &network, &redactor).await });
        }
    }

    fn notice(&self, to: &NotifierId, value: SafeText, reason: Reason, now: Now) -> Notice {
        let lane = format!("webhook_refused-{}", reason.word());
        let text = SafeText::from_foreign;
        Notice {
            key: NoticeKey::new(&self.session, &lane, self.number, to),
            to: to.clone(),
            at: now.at,
            service: self.service.clone(),
            environment: self.environment.clone(),
            about: About::Alert(Box::new(OfAlert {
                alert: AlertId::new("webhook_refused"),
                title: text("A webhook delivery was refused"),
                level: Level::Warning,
                happened: Happened::Fired,
                value,
                threshold: SafeText::empty(),
                by: None,
                note: None,
                impact: Some(text(reason.sentence())),
                remedy: Some(text(
                    "see whether it is the provider's: then its secret or its clock is off; if not, somebody is trying",
                )),
            })),
            head: None,
        }
    }

    /// What came of an attempt, as soon as one has ended; never, while none is under way.
    pub(super) async fn outcome(&mut self) -> String {
        loop {
            match self.under_way.join_next().await {
                Some(Ok(outcome)) => return outcome,
                Some(Err(_)) => return "a notice broke off".to_owned(),
                None => std::future::pending::<()>().await,
            }
        }
    }

    /// Waits for the attempts that are under way; gives what came of them.
    pub(super) async fn last(mut self) -> Vec<String> {
        let mut outcomes = Vec::new();
        let all = async {
            while let Some(outcome) = self.under_way.join_next().await {
                outcomes.extend(outcome.ok());
            }
        };
        if tokio::time::timeout(LAST, all).await.is_err() {
            outcomes.push("some notices were not taken in time".to_owned());
        }
        outcomes
    }
}

async fn told(notice: &Notice, roster: &Roster, network: &Network, redactor: &Redactor) -> String {
    let mut why = String::new();
    for attempt in 0..ATTEMPTS {
        match roster.send(notice, network, clock::now).await {
            Ok(_) => return format!("told {}: {}", notice.to, notice.headline()),
            Err(refused) => {
                why = redactor.redact(refused.why.as_str()).into_owned();
                let pause = match refused.again {
                    Again::Never => break,
                    Again::After(pause) => pause.min(LAST),
                    Again::Later => PAUSE * (attempt + 1),
                };
                tokio::time::sleep(pause).await;
            }
        }
    }
    format!("{} was not told: {}", notice.to, SafeText::bounded(&why, 200))
}

/// Keeps one refusal as a line of a file that only its owner can read.
pub(super) fn keep(path: &PathBuf, line: &str) -> Result<(), Stop> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let opened = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .map_err(|error| Stop::own(format!("{} cannot be written: {error}", path.display())))
}
