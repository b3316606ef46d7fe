//! Chat channels that take a message as JSON at a webhook's URL. What is common to them is here; a channel's own file
//! has its name, its sentence, its message, and how it says that it took one.

use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::core::notice::Notice;
use crate::model::kind::KindSpec;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::request::Incoming;
use crate::notify::post::{self, Post};
use crate::notify::{Given, Kind, Notifier, Refused, Sending, Unusable, Way, keys};

/// A kind of chat channel.
pub(super) struct Chat {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) example: &'static str,
    /// What is sent.
    pub(super) message: fn(&Notice) -> Json,
    /// Whether an answer of success is the channel's own.
    pub(super) took: fn(&Incoming) -> Result<(), Refused>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The channel's webhook. Its URL is a secret: a reference, as in the example.
    #[schemars(extend("writeOnly" = true))]
    url: Template,
}

impl Kind for Chat {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: self.name,
            doc: self.doc,
            category: Category::Monitoring,
            example: self.example,
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
        Ok(Box::new(Ready { url: keys::url("url", &own.url, given)?, message: self.message, took: self.took }))
    }
}

struct Ready {
    url: Uri,
    message: fn(&Notice) -> Json,
    took: fn(&Incoming) -> Result<(), Refused>,
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move { Post::json(&self.url, &(self.message)(notice)).send(way, self.took).await })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

/// Any answer of success will do.
pub(super) fn any(_: &Incoming) -> Result<(), Refused> {
    Ok(())
}

/// A text of so many characters at most.
pub(super) fn bounded(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}
