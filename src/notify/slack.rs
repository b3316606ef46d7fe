//! `slack`: an incoming webhook; a header, a sentence and facts as blocks, with a plain text for small screens.

use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::core::notice::{Notice, Tone};
use crate::model::kind::KindSpec;
use crate::model::template::Template;
use crate::model::text::SafeText;
use crate::model::word::Category;
use crate::notify::post::{self, Post};
use crate::notify::{Given, Kind, Notifier, Refused, Sending, Unusable, Way, keys};

/// Slack takes so many characters in a header and in a section.
const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 2_900;

/// The kind.
pub(super) struct Slack;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The incoming webhook's URL. It is a secret: a reference such as `{{ credentials.slack_webhook }}`.
    #[schemars(extend("writeOnly" = true))]
    url: Template,
}

impl Kind for Slack {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "slack",
            doc: "A Slack channel, by an incoming webhook.",
            category: Category::Monitoring,
            example: "url = \"{{ credentials.slack_webhook }}\"\n",
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
        Box::pin(async move {
            let post = Post::json(&self.url, &message(notice));
            // Slack says "ok" and nothing else; a proxy's friendly page is no channel.
            let said_ok = |answer: &crate::network::request::Incoming| match answer.body.trim_ascii() {
                b"ok" => Ok(()),
                other => Err(Refused::later(&format!("the answer is not Slack's: {}", String::from_utf8_lossy(other)))),
            };
            post.send(way, said_ok).await
        })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

fn message(notice: &Notice) -> Json {
    let mark = match notice.tone() {
        Tone::Bad => ":red_circle:",
        Tone::Look => ":large_orange_circle:",
        Tone::Good => ":large_green_circle:",
        Tone::Plain => ":white_circle:",
    };
    let headline = format!("{mark} {}", notice.headline());
    let mut blocks = vec![json!({
        "type": "header", "text": { "type": "plain_text", "emoji": true, "text": bounded(&headline, LONGEST_HEADER) },
    })];
    let sentence = notice.sentence();
    if !sentence.is_empty() {
        blocks.push(section(&escaped(&sentence)));
    }
    let facts: Vec<String> =
        notice.facts().iter().map(|(name, value)| format!("*{name}*: {}", escaped(value))).collect();
    blocks.push(section(&facts.join("\n")));
    let plain =
        format!("{} [{}, {}]", escaped(&notice.headline()), escaped(notice.service.as_str()), notice.environment);
    json!({ "text": plain, "blocks": blocks })
}

fn section(text: &str) -> Json {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": bounded(text, LONGEST_SECTION) } })
}

fn bounded(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// Slack's three; with them gone, no text from outside can mention a channel or hide a link.
fn escaped(text: &str) -> String {
    SafeText::from_foreign(text).as_str().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
