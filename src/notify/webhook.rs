//! `webhook`: any endpoint that takes JSON, signed in the Standard Webhooks form, with the notice's key as the message's
//! id, so that the other side can tell a second delivery from a second alert.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Uri;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::core::notice::{About, Notice};
use crate::model::kind::{KindSpec, OptionProblem};
use crate::model::template::Template;
use crate::model::word::Category;
use crate::notify::post::{self, Post};
use crate::notify::{Given, Kind, Notifier, Refused, Sending, Unusable, Way, keys};
use crate::webhook::{self, Message, Profile, SignError, Stamped};

/// The kind.
pub(super) struct Webhook;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Where to: https, or http on this machine.
    url: Template,
    /// What messages are signed with: a reference. `whsec_` and base64 as Standard Webhooks have it, or any text.
    #[schemars(extend("writeOnly" = true))]
    secret: Template,
}

impl Kind for Webhook {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "webhook",
            doc: "An endpoint that takes signed JSON, in the Standard Webhooks form.",
            category: Category::Monitoring,
            example: "url = \"https://ops.example/hooks/golive\"\nsecret = \"{{ credentials.ops_webhook }}\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                keys::problems::<Keys>(options, |keys, problems| {
                    problems.extend(keys::url_problem("url", &keys.url));
                    if keys.url.as_written().contains('@') {
                        problems.push(OptionProblem::at("url", "a URL with a password in it stands in every log"));
                    }
                })
            },
            touches: |options| keys::touched_url(options, "url", ""),
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        let secret = keys::fill(&own.secret, given)?;
        let secret = key_of(secret.expose())?;
        Ok(Box::new(Ready { url: keys::url("url", &own.url, given)?, secret }))
    }
}

/// The secret as Standard Webhooks writes it: any other text is taken as the bytes it is.
fn key_of(secret: &str) -> Result<SecretString, Unusable> {
    let secret = secret.trim();
    match secret.strip_prefix("whsec_") {
        Some(encoded) if STANDARD.decode(encoded).is_err() => {
            Err(Unusable::new("`secret` begins with whsec_ and is no base64"))
        }
        Some(_) => Ok(secret.to_owned().into()),
        None if secret.is_empty() => Err(Unusable::new("`secret` is empty")),
        None => Ok(format!("whsec_{}", STANDARD.encode(secret)).into()),
    }
}

struct Ready {
    url: Uri,
    secret: SecretString,
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move {
            let body = payload(notice).to_string();
            let at = way.now.as_second().to_string();
            let headers = signed(&self.secret, notice.key.as_str(), &at, &body)
                .map_err(|error| Refused::never(&error.to_string()))?;
            let mut post = Post::bytes(&self.url, "application/json", Bytes::from(body))
                .header("idempotency-key", notice.key.as_str());
            for (name, value) in &headers {
                post = post.header(name, value);
            }
            post.send(way, |_| Ok(())).await
        })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

/// The headers of the Standard Webhooks form.
fn signed(secret: &SecretString, id: &str, at: &str, body: &str) -> Result<Vec<(String, String)>, SignError> {
    let profile = Profile::named("standard-webhooks").ok_or(SignError::Secret)?;
    let message = Message { body: body.as_bytes(), ..Message::default() };
    webhook::sign(&profile, std::slice::from_ref(secret), Stamped { id: Some(id), timestamp: at }, &message)
}

fn payload(notice: &Notice) -> Json {
    let mut details = json!({
        "key": notice.key,
        "service": notice.service,
        "environment": notice.environment,
        "headline": notice.headline(),
        "sentence": notice.sentence(),
        "test": matches!(notice.about, About::Test { .. }),
    });
    if let Some(head) = &notice.head {
        // As a report has it, so that `golive verify --report` takes either.
        details["journal"] = json!({ "session": head.session, "events": head.event, "head": head.hash });
    }
    match &notice.about {
        About::Alert(about) => details["alert"] = json!(about),
        About::Notifier { notifier, down, why } => {
            details["notifier"] = json!({ "id": notifier, "down": down, "why": why });
        }
        About::Test { code, rules } => {
            details["code"] = json!(code);
            details["rules"] = json!(rules);
        }
    }
    json!({ "type": notice.kind(), "timestamp": notice.at, "data": details })
}
