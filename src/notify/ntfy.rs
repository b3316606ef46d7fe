//! `ntfy`: a topic of ntfy.sh or of a server of one's own; what fires comes with a priority that wakes people.

use http::Uri;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::core::notice::{Notice, Tone};
use crate::model::kind::KindSpec;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::notify::post::{self, Post};
use crate::notify::{Given, Kind, Notifier, Sending, Unusable, Way, keys};

const SERVER: &str = "https://ntfy.sh";

/// The kind.
pub(super) struct Ntfy;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The server.
    #[serde(default = "server")]
    url: Template,
    /// The topic. Where topics are open to all, whoever knows it reads along: name it by reference then.
    topic: Template,
    /// An access token: a reference.
    #[schemars(extend("writeOnly" = true))]
    token: Option<Template>,
}

fn server() -> Template {
    Template::new(SERVER)
}

impl Kind for Ntfy {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "ntfy",
            doc: "A topic of ntfy: telephones and browsers that subscribe to it.",
            category: Category::Monitoring,
            example: "topic = \"academy-alerts\"\ntoken = \"{{ credentials.ntfy_token }}\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                keys::problems::<Keys>(options, |keys, problems| {
                    problems.extend(keys::url_problem("url", &keys.url));
                })
            },
            touches: |options| keys::touched_url(options, "url", SERVER),
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        let topic = SecretString::from(keys::fill(&own.topic, given)?.expose().trim().to_owned());
        let token = own.token.as_ref().map(|token| keys::fill(token, given)).transpose()?;
        let token = token.map(|token| SecretString::from(token.expose().trim().to_owned()));
        Ok(Box::new(Ready { url: keys::url("url", &own.url, given)?, topic, token }))
    }
}

struct Ready {
    url: Uri,
    topic: SecretString,
    token: Option<SecretString>,
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move {
            let mut post = Post::json(&self.url, &self.message(notice));
            if let Some(token) = &self.token {
                post = post.header("authorization", &format!("Bearer {}", token.expose_secret()));
            }
            post.send(way, |_| Ok(())).await
        })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

impl Ready {
    fn message(&self, notice: &Notice) -> Json {
        let (priority, tag) = match notice.tone() {
            Tone::Bad => (5, "rotating_light"),
            Tone::Look => (4, "warning"),
            Tone::Good => (3, "white_check_mark"),
            Tone::Plain => (3, "information_source"),
        };
        let facts: Vec<String> = notice.facts().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let sentence = notice.sentence();
        let message =
            if sentence.is_empty() { facts.join("\n") } else { format!("{sentence}\n\n{}", facts.join("\n")) };
        json!({
            "topic": self.topic.expose_secret(),
            "title": notice.headline(),
            "message": message,
            "priority": priority,
            "tags": [tag],
        })
    }
}
