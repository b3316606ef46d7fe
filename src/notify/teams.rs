//! `teams`: a Microsoft Teams channel, by the webhook of a workflow; the message is an adaptive card.

use serde_json::{Value as Json, json};

use crate::core::notice::{Notice, Tone};
use crate::notify::chat::{Chat, any};

/// The kind.
pub(super) const TEAMS: Chat = Chat {
    name: "teams",
    doc: "A Microsoft Teams channel, by a workflow's webhook.",
    example: "url = \"{{ credentials.teams_webhook }}\"\n",
    message,
    took: any,
};

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
    if let Some(head) = notice.head_words() {
        body.push(json!({ "type": "TextBlock", "text": head, "wrap": true, "isSubtle": true, "size": "small" }));
    }
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
