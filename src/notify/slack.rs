//! `slack`: an incoming webhook; a header, a sentence and facts as blocks, with a plain text for small screens.

use serde_json::{Value as Json, json};

use crate::core::notice::{Notice, Tone};
use crate::model::text::SafeText;
use crate::network::request::Incoming;
use crate::notify::Refused;
use crate::notify::chat::{Chat, bounded};

/// Slack takes so many characters in a header and in a section.
const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 2_900;

/// The kind.
pub(super) const SLACK: Chat = Chat {
    name: "slack",
    doc: "A Slack channel, by an incoming webhook.",
    example: "url = \"{{ credentials.slack_webhook }}\"\n",
    message,
    took: said_ok,
};

/// Slack says "ok" and nothing else; a proxy's friendly page is no channel.
fn said_ok(answer: &Incoming) -> Result<(), Refused> {
    match answer.body.trim_ascii() {
        b"ok" => Ok(()),
        other => Err(Refused::later(&format!("the answer is not Slack's: {}", String::from_utf8_lossy(other)))),
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
    if let Some(head) = notice.head_words() {
        blocks.push(json!({ "type": "context", "elements": [{ "type": "plain_text", "text": head }] }));
    }
    let plain =
        format!("{} [{}, {}]", escaped(&notice.headline()), escaped(notice.service.as_str()), notice.environment);
    json!({ "text": plain, "blocks": blocks })
}

fn section(text: &str) -> Json {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": bounded(text, LONGEST_SECTION) } })
}

/// Slack's three; with them gone, no text from outside can mention a channel or hide a link.
fn escaped(text: &str) -> String {
    SafeText::from_foreign(text).as_str().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
