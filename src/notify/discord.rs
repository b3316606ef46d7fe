//! `discord`: a channel's webhook; one embed, and nobody is mentioned whatever the text says.

use serde_json::{Value as Json, json};

use crate::core::notice::{Notice, Tone};
use crate::notify::chat::{Chat, any, bounded};

/// Discord takes so many characters in a title, a description and a field.
const LONGEST_TITLE: usize = 256;
const LONGEST_FIELD: usize = 1_024;

/// The kind.
pub(super) const DISCORD: Chat = Chat {
    name: "discord",
    doc: "A Discord channel, by its webhook.",
    example: "url = \"{{ credentials.discord_webhook }}\"\n",
    message,
    took: any,
};

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
    let mut embed = json!({
        "title": bounded(&notice.headline(), LONGEST_TITLE),
        "description": bounded(&notice.sentence(), LONGEST_FIELD),
        "color": colour,
        "fields": fields,
        "timestamp": notice.at,
    });
    if let Some(head) = notice.head_words() {
        embed["footer"] = json!({ "text": head });
    }
    json!({ "username": "golive", "embeds": [embed], "allowed_mentions": { "parse": [] } })
}
