//! `discord`: a channel's webhook; one embed, and nobody is mentioned whatever the text says.

use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::core::notice::{Notice, Tone};
use crate::model::kind::KindSpec;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::notify::post::{self, Post};
use crate::notify::{Given, Kind, Notifier, Sending, Unusable, Way, keys};

/// Discord takes so many characters in a title, a description and a field.
const LONGEST_TITLE: usize = 256;
const LONGEST_FIELD: usize = 1_024;

/// The kind.
pub(super) struct Discord;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The webhook's URL. It is a secret: a reference such as `{{ credentials.discord_webhook }}`.
    #[schemars(extend("writeOnly" = true))]
    url: Template,
}

impl Kind for Discord {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "discord",
            doc: "A Discord channel, by its webhook.",
            category: Category::Monitoring,
            example: "url = \"{{ credentials.discord_webhook }}\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                keys::problems::<Keys>(options, |keys, problems| {
                    problems.extend(keys::url_problem("url", &keys.url));
                })
            },
            touches: |options| keys::touched_url(options, "url", ""),
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        Ok(Box::new(Ready { url: keys::url("url", &own.url, given)? }))
    }
}

struct Ready {
    url: Uri,
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move { Post::json(&self.url, &message(notice)).send(way, |_| Ok(())).await })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

fn message(notice: &Notice) -> Json {
    let colour = match notice.tone() {
        Tone::Bad => 0x00d6_3031,
        Tone::Look => 0x00e1_7055,
        Tone::Good => 0x0000_b894,
        Tone::Plain => 0x0063_6e72,
    };
    let facts = notice.facts();
    let fields: Vec<Json> = facts
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": bounded(value, LONGEST_FIELD), "inline": true }))
        .collect();
    let embed = json!({
        "title": bounded(&notice.headline(), LONGEST_TITLE),
        "description": bounded(&notice.sentence(), LONGEST_FIELD),
        "color": colour,
        "fields": fields,
        "timestamp": notice.at,
    });
    json!({ "username": "golive", "embeds": [embed], "allowed_mentions": { "parse": [] } })
}

fn bounded(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}
