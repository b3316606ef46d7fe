//! The notifiers of a session, made once of the plan and its values. One that cannot be used says why each time it is
//! asked; it never disappears.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use secrecy::SecretString;
use tokio::time::Instant;

use crate::core::notice::{About, Notice, NoticeKey};
use crate::model::id::NotifierId;
use crate::model::notifier;
use crate::model::template::Template;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::Values;
use crate::network::Network;
use crate::notify::{self, Given, Notifier, Refused, Taken, Unusable, Way, heartbeat};

/// A value shorter than this in a URL's path is no secret worth looking for.
const SHORTEST_PATH: usize = 8;

/// The notifiers of a session.
#[derive(Default)]
pub struct Roster {
    entries: BTreeMap<NotifierId, Entry>,
    /// Whether nothing may leave this machine: a session that is kept nowhere promises no delivery.
    only_loopback: bool,
    /// Whether the outbox is another process's to empty.
    leaves_outbox: bool,
}

struct Entry {
    built: Result<Box<dyn Notifier>, Unusable>,
    timeout: Duration,
    takes_notices: bool,
    beat: Option<Duration>,
    rules: Vec<SafeText>,
}

impl Roster {
    /// Makes them.
    #[must_use]
    pub fn new(plan: &crate::model::plan::Plan, values: &Values, trusted: bool) -> Self {
        let mut roster = Self::of(&plan.notifiers, values, &plan.folder, trusted);
        for (id, entry) in &mut roster.entries {
            entry.rules = rules_to(plan, id);
        }
        roster
    }

    /// Makes these, for no rules.
    #[must_use]
    pub fn of(notifiers: &[notifier::Notifier], values: &Values, folder: &Path, trusted: bool) -> Self {
        let entries = notifiers.iter().map(|wanted| (wanted.id.clone(), entry(wanted, values, folder, trusted)));
        Self { entries: entries.collect(), ..Self::default() }
    }

    /// The same for other values: a source changed.
    #[must_use]
    pub fn renewed(&self, plan: &crate::model::plan::Plan, values: &Values, trusted: bool) -> Self {
        let (only_loopback, leaves_outbox) = (self.only_loopback, self.leaves_outbox);
        Self { only_loopback, leaves_outbox, ..Self::new(plan, values, trusted) }
    }

    /// Keeps everything on this machine from now on.
    pub fn keep_to_loopback(&mut self) {
        self.only_loopback = true;
    }

    /// Leaves the outbox alone from now on: the session is read here, and flown elsewhere.
    pub fn leave_outbox(&mut self) {
        self.leaves_outbox = true;
    }

    /// Whether the outbox is another process's to empty.
    #[must_use]
    pub const fn leaves_outbox(&self) -> bool {
        self.leaves_outbox
    }

    /// Those that are told of things, in order of name.
    pub fn told(&self) -> impl Iterator<Item = &NotifierId> {
        self.entries.iter().filter(|(_, entry)| entry.takes_notices).map(|(id, _)| id)
    }

    /// All of them, in order of name.
    pub fn all(&self) -> impl Iterator<Item = &NotifierId> {
        self.entries.keys()
    }

    /// The rules whose alerts come to a notifier.
    #[must_use]
    pub fn rules(&self, id: &NotifierId) -> &[SafeText] {
        self.entries.get(id).map_or(&[], |entry| &entry.rules)
    }

    /// The heartbeats and how often they beat.
    pub fn beats(&self) -> impl Iterator<Item = (&NotifierId, Duration)> {
        self.entries.iter().filter_map(|(id, entry)| Some((id, entry.beat?)))
    }

    /// Tells one notifier, once.
    ///
    /// # Errors
    /// Why it was not taken, or that nobody knows.
    pub async fn send(&self, notice: &Notice, network: &Network, clock: fn() -> Now) -> Result<Taken, Refused> {
        let (notifier, way) = self.way(&notice.to, network, clock)?;
        within(way, notifier.send(notice, way)).await
    }

    /// Goes as far towards a notifier as can be gone without anybody being told.
    ///
    /// # Errors
    /// Why it cannot be reached.
    pub async fn reach(&self, id: &NotifierId, network: &Network, clock: fn() -> Now) -> Result<Taken, Refused> {
        let (notifier, way) = self.way(id, network, clock)?;
        within(way, notifier.reach(way)).await
    }

    /// One beat of a heartbeat.
    ///
    /// # Errors
    /// Why it did not arrive.
    pub async fn beat(&self, id: &NotifierId, network: &Network, clock: fn() -> Now) -> Result<Taken, Refused> {
        let beat = Notice {
            key: NoticeKey::of_test("beat", id),
            to: id.clone(),
            at: clock().at,
            service: SafeText::empty(),
            environment: SafeText::empty(),
            about: About::Test { code: None, rules: Vec::new() },
            head: None,
        };
        self.send(&beat, network, clock).await
    }

    fn way<'a>(
        &'a self,
        id: &NotifierId,
        network: &'a Network,
        clock: fn() -> Now,
    ) -> Result<(&'a dyn Notifier, Way<'a>), Refused> {
        let entry = self.entries.get(id).ok_or_else(|| Refused::never("the plan has no such notifier any more"))?;
        let notifier = entry.built.as_ref().map_err(Refused::from)?;
        let deadline = Instant::now() + entry.timeout;
        Ok((&**notifier, Way { network, only_loopback: self.only_loopback, deadline, now: clock().at }))
    }
}

/// A notifier keeps its deadline by itself; one that does not is cut off.
async fn within(way: Way<'_>, sending: notify::Sending<'_>) -> Result<Taken, Refused> {
    let cut_off = way.deadline + Duration::from_millis(250);
    tokio::time::timeout_at(cut_off, sending).await.unwrap_or_else(|_| Err(Refused::too_late()))
}

fn entry(wanted: &notifier::Notifier, values: &Values, folder: &Path, trusted: bool) -> Entry {
    let given = Given { options: &wanted.options, values, folder, trusted };
    let built = match notify::kind(wanted.kind.as_str()) {
        Some(kind) => kind.build(&given),
        None => Err(Unusable::new(format!("this golive has no notifier of kind \"{}\"", wanted.kind))),
    };
    let beat = (!wanted.takes_notices()).then(|| heartbeat::every(&wanted.options).0);
    let takes_notices = wanted.takes_notices();
    Entry { built, timeout: wanted.timeout.0, takes_notices, beat, rules: Vec::new() }
}

fn rules_to(plan: &crate::model::plan::Plan, id: &NotifierId) -> Vec<SafeText> {
    let named = |names: &[String]| names.iter().any(|name| name == id.as_str());
    let rules = plan
        .alerts
        .iter()
        .filter(|rule| named(&rule.notify) || rule.escalate.as_ref().is_some_and(|escalation| named(&escalation.to)));
    rules.map(|rule| SafeText::bounded(&format!("{} ({})", rule.id, rule.level.word()), 100)).collect()
}

/// The secrets that notifiers hold, for the redactor: the values under the keys that are secret, and of URLs the path
/// alone too, for that is what an answer repeats.
#[must_use]
pub fn secrets(notifiers: &[notifier::Notifier], values: &Values) -> Vec<(Arc<str>, SecretString)> {
    let mut secrets = Vec::new();
    for wanted in notifiers {
        let Some(kind) = notify::kind(wanted.kind.as_str()) else { continue };
        let schema = (kind.spec().schema)().to_value();
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let written = wanted.options.get(key).and_then(serde_json::Value::as_str);
            let Some(written) = written.filter(|_| property["writeOnly"] == true) else { continue };
            let Ok(filled) = Template::new(written).fill(values) else { continue };
            let name: Arc<str> = Arc::from(format!("notifiers.{}.{key}", wanted.id));
            let path = filled.expose().parse::<Uri>().ok();
            let path = path.as_ref().filter(|url| url.host().is_some()).and_then(Uri::path_and_query);
            if let Some(path) = path.filter(|path| path.as_str().len() >= SHORTEST_PATH) {
                secrets.push((Arc::clone(&name), path.as_str().to_owned().into()));
            }
            secrets.push((name, filled.expose().to_owned().into()));
        }
    }
    secrets
}
