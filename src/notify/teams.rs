//! `teams`: a Microsoft Teams channel, by the webhook of a workflow; the message is an adaptive card.

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

/// The kind.
pub(super) struct Teams;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The workflow's webhook URL. It is a secret: a reference such as `{{ credentials.teams_webhook }}`.
    #[schemars(extend("writeOnly" = true))]
    url: Template,
}

impl Kind for Teams {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "teams",
            doc: "A Microsoft Teams channel, by a workflow's webhook.",
            category: Category::Monitoring,
            example: "url = \"{{ credentials.teams_webhook }}\"\n",
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
        Tone::Bad => "attention",
        Tone::Look => "warning",
        Tone::Good => "good",
        Tone::Plain => "default",
    };
    let facts: Vec<Json> =
        notice.facts().iter().map(|(name, value)| json!({ "title": name, "value": escaped(value) })).collect();
    let mut body = vec![json!({
        "type": "TextBlock", "text": escaped(&notice.headline()), "weight": "bolder", "size": "medium", "wrap": true,
        "color": colour,
    })];
    let sentence = notice.sentence();
    if !sentence.is_empty() {
        body.push(json!({ "type": "TextBlock", "text": escaped(&sentence), "wrap": true }));
    }
    body.push(json!({ "type": "FactSet", "facts": facts }));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard", "version": "1.4", "body": body,
            },
        }],
    })
}

/// A card's text is Markdown: a foreign text must not make a link of itself.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '[' | ']' | '\\' | '`') {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}
