//! `pagerduty`: the Events API v2. One incident an alert: triggered, acknowledged and resolved under one dedup key.

use http::Uri;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::core::notice::{About, Happened, Notice, Tone};
use crate::model::kind::KindSpec;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::notify::post::{self, Post};
use crate::notify::{Given, Kind, Notifier, Sending, Unusable, Way, keys};

const EVENTS: &str = "https://events.pagerduty.com/v2/enqueue";
/// The Events API cuts off what is longer.
const LONGEST_SUMMARY: usize = 1_024;

/// The kind.
pub(super) struct PagerDuty;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The integration key of a service: a reference.
    #[schemars(extend("writeOnly" = true))]
    routing_key: Template,
    /// Where to; another one for the European service region.
    #[serde(default = "events")]
    url: Template,
}

fn events() -> Template {
    Template::new(EVENTS)
}

impl Kind for PagerDuty {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "pagerduty",
            doc: "A PagerDuty service, by the Events API v2.",
            category: Category::Monitoring,
            example: "routing_key = \"{{ credentials.pagerduty_key }}\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                keys::problems::<Keys>(options, |keys, problems| {
                    problems.extend(keys::url_problem("url", &keys.url));
                })
            },
            touches: |options| keys::touched_url(options, "url", EVENTS),
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        let routing_key = SecretString::from(keys::fill(&own.routing_key, given)?.expose().trim().to_owned());
        Ok(Box::new(Ready { url: keys::url("url", &own.url, given)?, routing_key }))
    }
}

struct Ready {
    url: Uri,
    routing_key: SecretString,
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move {
            let taken = Post::json(&self.url, &self.event(notice, action(notice))).send(way, |_| Ok(())).await?;
            if matches!(notice.about, About::Test { .. }) {
                // A test leaves no open incident behind.
                Post::json(&self.url, &self.event(notice, "resolve")).send(way, |_| Ok(())).await?;
            }
            Ok(taken)
        })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

fn action(notice: &Notice) -> &'static str {
    match &notice.about {
        About::Alert(about) => match about.happened {
            Happened::Fired | Happened::Escalated => "trigger",
            Happened::Acknowledged => "acknowledge",
            Happened::Resolved => "resolve",
        },
        About::Notifier { down: false, .. } => "resolve",
        About::Notifier { down: true, .. } | About::Test { .. } => "trigger",
    }
}

impl Ready {
    fn event(&self, notice: &Notice, action: &str) -> Json {
        let mut event = json!({
            "routing_key": self.routing_key.expose_secret(),
            "event_action": action,
            "dedup_key": format!("golive/{}/{}/{}", notice.service, notice.environment, notice.lane()),
        });
        if action == "trigger" {
            let severity = match notice.tone() {
                Tone::Bad => "critical",
                Tone::Look => "warning",
                Tone::Good | Tone::Plain => "info",
            };
            let summary: String =
                format!("{} [{}]", notice.headline(), notice.service).chars().take(LONGEST_SUMMARY).collect();
            let head = notice.head_words().map(|head| ("head", head));
            let details: serde_json::Map<String, Json> =
                notice.facts().into_iter().chain(head).map(|(name, value)| (name.to_owned(), value.into())).collect();
            event["client"] = json!("golive");
            event["payload"] = json!({
                "summary": summary,
                "source": notice.service,
                "severity": severity,
                "timestamp": notice.at,
                "component": notice.lane(),
                "group": notice.environment,
                "class": notice.kind(),
                "custom_details": details,
            });
        }
        event
    }
}
