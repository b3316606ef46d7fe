//! The letter: a subject that can be read in a list, a text that reads well, the same as HTML, and the headers that make
//! one thread of an alert and one message of two deliveries.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Message, message};
use maud::html;

use crate::core::notice::{Notice, Tone};

/// The letter as it goes through the line.
pub(super) fn of(notice: &Notice, from: &Mailbox, to: &[Mailbox], now: Timestamp) -> Result<Vec<u8>, String> {
    let host = from.email.domain();
    let thread = format!("<{}.{}@{host}>", notice.service, notice.lane()).replace(' ', "-");
    let mut builder: message::MessageBuilder = Message::builder()
        .from(from.clone())
        .subject(format!("[{}] {}", notice.service, notice.headline()))
        .date(moment(now))
        .message_id(Some(format!("<{}@{host}>", notice.key)))
        .references(thread.clone())
        .in_reply_to(thread)
        .raw_header(own("X-Golive-Key", notice.key.as_str()))
        .raw_header(own("X-Golive-Event", notice.kind()))
        .raw_header(own("Auto-Submitted", "auto-generated"));
    if let Some(head) = &notice.head {
        builder = builder.raw_header(own("X-Golive-Head", &head.to_string()));
    }
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let parts = MultiPart::alternative()
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text(notice)))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(page(notice)));
    let letter = builder.multipart(parts).map_err(|error| format!("no letter can be made of it: {error}"))?;
    Ok(letter.formatted())
}

fn moment(now: Timestamp) -> SystemTime {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn own(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn text(notice: &Notice) -> String {
    let mut lines = vec![notice.headline(), String::new()];
    let sentence = notice.sentence();
    if !sentence.is_empty() {
        lines.extend([sentence, String::new()]);
    }
    let facts = notice.facts();
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.extend(facts.iter().map(|(name, value)| format!("{name:>width$}  {value}")));
    lines.extend([String::new(), "-- ".to_owned(), format!("golive, {}", notice.key)]);
    lines.extend(notice.head_words());
    lines.join("\r\n")
}

fn page(notice: &Notice) -> String {
    let colour = match notice.tone() {
        Tone::Bad => "#b00020",
        Tone::Look => "#b35c00",
        Tone::Good => "#0b6b3a",
        Tone::Plain => "#444444",
    };
    let sentence = notice.sentence();
    let page = html! {
        (maud::DOCTYPE)
        html {
            body style="font-family: sans-serif; color: #222222; max-width: 40em" {
                h2 style=(format!("color: {colour}; margin-bottom: 0.3em")) { (notice.headline()) }
                @if !sentence.is_empty() { p { (sentence) } }
                table cellpadding="4" {
                    @for (name, value) in notice.facts() {
                        tr { td style="color: #666666; text-align: right" { (name) } td { (value) } }
                    }
                }
                p style="color: #888888; font-size: small" {
                    "golive, " (notice.key)
                    @if let Some(head) = notice.head_words() { br; (head) }
                }
            }
        }
    };
    page.into_string()
}
