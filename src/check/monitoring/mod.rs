//! `monitoring`: the monitoring of production has what it should have. Prometheus is ready, its targets are up, its rules
//! are loaded, its series have samples; Alertmanager has the receivers; the error tracker takes an event.

mod ask;
mod errors;

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::monitoring::ask::Trace;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::{Check, Run};
use crate::model::template::{Filled, Template};
use crate::model::word::Category;
use crate::network;

/// The kind.
pub(super) struct Monitoring;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Prometheus' address. It has to be ready, whatever else is asked of it.
    prometheus: Option<Template>,
    /// Jobs that Prometheus scrapes: each has a target, and every target of it is up.
    #[serde(default)]
    up: Vec<String>,
    /// Alert rules that Prometheus has loaded, by name, without an error.
    #[serde(default)]
    rules: Vec<String>,
    /// Queries that have samples: the metric is really collected.
    #[serde(default)]
    series: Vec<String>,
    /// Alertmanager's address. It has to be ready.
    alertmanager: Option<Template>,
    /// Receivers that Alertmanager has, by name.
    #[serde(default)]
    receivers: Vec<String>,
    /// The error tracker's DSN, as Sentry and its like have it. On demand it has to take a marked event; by interval it
    /// only has to answer.
    error_tracker: Option<Template>,
}

impl Kind for Monitoring {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "monitoring",
            doc: "Prometheus, Alertmanager and the error tracker have what production needs.",
            category: Category::Monitoring,
            example: "prometheus = \"https://prometheus.example\"\nup = [\"academy\"]\nrules = [\"PaymentFailures\"]\nseries = [\"payments_total\"]\nalertmanager = \"https://alertmanager.example\"\nreceivers = [\"oncall\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let urls = ["prometheus", "alertmanager", "error_tracker"].into_iter();
                let urls = urls.filter_map(|key| options.get(key).and_then(serde_json::Value::as_str));
                urls.filter_map(ask::host).map(Touch::Host).collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let fill = |template: &Option<Template>| {
            let filled = template.as_ref().map(|template| finding.fill(template, &surroundings.values)).transpose()?;
            Ok::<_, Box<Evidence>>(filled.filter(|filled| !filled.expose().trim().is_empty()))
        };
        let (prometheus, alertmanager) = (fill(&keys.prometheus)?, fill(&keys.alertmanager)?);
        let error_tracker = fill(&keys.error_tracker)?;
        let asks_prometheus = !(keys.up.is_empty() && keys.rules.is_empty() && keys.series.is_empty());
        let unsaid = match (&prometheus, &alertmanager) {
            (None, None) if error_tracker.is_none() => Some("any monitoring"),
            (None, _) if asks_prometheus => Some("Prometheus"),
            (_, None) if !keys.receivers.is_empty() => Some("Alertmanager"),
            _ => None,
        };
        if let Some(what) = unsaid {
            let evidence = finding.fail(FailureClass::Value, &format!("the plan does not say where {what} is"));
            return Err(Box::new(
                evidence.remedy("name its address: in the ikhokha preset a parameter, otherwise this check's key"),
            ));
        }
        let sends = check.run == Run::OnDemand;
        let surroundings = Arc::clone(surroundings);
        Ok(Box::new(Looker { finding, keys, prometheus, alertmanager, error_tracker, sends, surroundings }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.prometheus.is_none() && keys.alertmanager.is_none() && keys.error_tracker.is_none() {
            problems.push(
                OptionProblem::whole("this check looks at nothing")
                    .help("prometheus = \"https://prometheus.example\", or alertmanager, or error_tracker"),
            );
        }
        let asks = [("up", &keys.up), ("rules", &keys.rules), ("series", &keys.series)];
        for (key, _) in asks.into_iter().filter(|(_, asked)| keys.prometheus.is_none() && !asked.is_empty()) {
            problems.push(OptionProblem::at(key, "it is Prometheus that is asked for this: `prometheus` is missing"));
        }
        if keys.alertmanager.is_none() && !keys.receivers.is_empty() {
            problems.push(OptionProblem::at("receivers", "Alertmanager has receivers: `alertmanager` is missing"));
        }
    })
}

struct Looker {
    finding: Finding,
    keys: Keys,
    prometheus: Option<Filled>,
    alertmanager: Option<Filled>,
    error_tracker: Option<Filled>,
    sends: bool,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (deadline, began) = (network::deadline(timeout), Instant::now());
            let evidence = self.look(deadline).await.unwrap_or_else(|wrong| *wrong);
            evidence.timed(Timings { total: Some(began.elapsed()), ..Timings::default() })
        })
    }
}

impl Looker {
    async fn look(&self, deadline: Instant) -> Result<Evidence, Box<Evidence>> {
        let mut trace = Trace::new(&self.finding, &self.surroundings.network, deadline);
        if let Some(prometheus) = &self.prometheus {
            trace.ready("Prometheus", prometheus).await?;
            if !self.keys.up.is_empty() {
                trace.up(prometheus, &self.keys.up).await?;
            }
            if !self.keys.rules.is_empty() {
                trace.rules(prometheus, &self.keys.rules).await?;
            }
            for series in &self.keys.series {
                trace.has_samples(prometheus, series).await?;
            }
        }
        if let Some(alertmanager) = &self.alertmanager {
            trace.ready("Alertmanager", alertmanager).await?;
            if !self.keys.receivers.is_empty() {
                trace.receivers(alertmanager, &self.keys.receivers).await?;
            }
        }
        if let Some(dsn) = &self.error_tracker {
            let now = (self.surroundings.clock)().at;
            trace.error_tracker(dsn, self.sends.then_some(now)).await?;
        }
        Ok(trace.passed())
    }
}

#[cfg(test)]
mod tests;
