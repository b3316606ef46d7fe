//! What a delivery did: how many effects its transaction had, and whether a refusal left an event. Both are asked
//! where the plan says, and waited for as long as it says.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::check::http::{Exchange, Kept};
use crate::check::sql;
use crate::check::webhook::keys::{self, EffectKeys, Keys};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::values::Values;

/// Between two looks at what has to appear.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the effects of a transaction are counted.
pub(super) enum Effect {
    /// By a number that a URL answers.
    Asked(Box<Asked>),
    /// By the rows of a query.
    Queried(Box<sql::Question>),
}

/// A URL that answers the number.
pub(super) struct Asked {
    url: String,
    field: String,
    headers: HeaderMap,
    /// Looking is done over and over: on one connection.
    kept: Mutex<Option<Kept>>,
}

/// Where refusals leave their events.
pub(super) enum Audit {
    /// A file that grows.
    File(PathBuf, String),
    /// A number that rises.
    Number(Uri, String),
}

impl Effect {
    pub(super) fn of(keys: &Keys, finding: &Finding, around: &Surroundings) -> Result<Option<Self>, Box<Evidence>> {
        let Some(keys) = &keys.effect else { return Ok(None) };
        let values = &around.values;
        if let Some(url) = keys::filled(keys.url.as_ref(), finding, values)? {
            return Ok(Some(Self::Asked(Box::new(Asked::of(keys, url, finding, values)?))));
        }
        let Some(keys) = &keys.sql else { return Ok(None) };
        Ok(Some(Self::Queried(Box::new(sql::Question::of(keys, finding, values, around)?))))
    }

    /// How many effects a transaction has now.
    pub(super) async fn count(&self, id: &str, around: &Surroundings, deadline: Instant) -> Result<i64, String> {
        match self {
            Self::Asked(asked) => asked.count(id, around, deadline).await,
            Self::Queried(question) => {
                let answered = question.about(id).ask(&around.network, deadline).await;
                let answered =
                    answered.map_err(|trouble| format!("{} counts no effects: {trouble}", question.shown()))?;
                Ok(i64::try_from(answered.count()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Who counts, as it is named to people.
    pub(super) fn counted_by(&self) -> String {
        match self {
            Self::Asked(_) => "the application's count".to_owned(),
            Self::Queried(question) => question.shown(),
        }
    }

    /// The count once it has reached `wanted`, or what it is when time is up.
    pub(super) async fn reaches(
        &self,
        wanted: i64,
        id: &str,
        settle: Duration,
        around: &Surroundings,
        deadline: Instant,
    ) -> Result<i64, String> {
        let until = (Instant::now() + settle).min(deadline);
        loop {
            let count = self.count(id, around, deadline).await;
            if matches!(&count, Ok(count) if *count >= wanted) || Instant::now() >= until {
                return count;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Asked {
    fn of(keys: &EffectKeys, url: String, finding: &Finding, values: &Values) -> Result<Self, Box<Evidence>> {
        let wrong = |what: String| Box::new(finding.fail(FailureClass::Value, &what));
        let headers = finding.headers(&keys.headers, values)?;
        if url.replace("{id}", "x").parse::<Uri>().is_err() {
            return Err(wrong(format!("{url} is no URL")));
        }
        let field = keys.field.clone().unwrap_or_default();
        Ok(Self { url, field, headers, kept: Mutex::new(None) })
    }

    async fn count(&self, id: &str, around: &Surroundings, deadline: Instant) -> Result<i64, String> {
        let url: Uri = self.url.replace("{id}", id).parse().map_err(|_| format!("{} is no URL", self.url))?;
        number(url, &self.field, &self.headers, around, deadline, Some(&mut *self.kept.lock().await)).await
    }
}

impl Audit {
    pub(super) fn of(keys: &Keys, finding: &Finding, around: &Surroundings) -> Result<Option<Self>, Box<Evidence>> {
        let Some(keys) = &keys.audit else { return Ok(None) };
        if let Some(file) = keys::filled(keys.file.as_ref(), finding, &around.values)? {
            return Ok(Some(Self::File(around.folder.join(&file), file)));
        }
        let Some(url) = keys::filled(keys.url.as_ref(), finding, &around.values)? else { return Ok(None) };
        let parsed = url.parse().map_err(|_| Box::new(finding.fail(FailureClass::Value, &format!("{url} is no URL"))));
        Ok(Some(Self::Number(parsed?, keys.field.clone().unwrap_or_default())))
    }

    /// How much is there now.
    pub(super) async fn size(&self, around: &Surroundings, deadline: Instant) -> Result<i64, String> {
        match self {
            Self::File(path, shown) => {
                let path = path.clone();
                let length = tokio::task::spawn_blocking(move || path.metadata().map(|known| known.len())).await;
                match length {
                    Ok(Ok(length)) => Ok(i64::try_from(length).unwrap_or(i64::MAX)),
                    // A log that nobody has written to yet.
                    Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
                    Ok(Err(error)) => Err(format!("{shown} cannot be looked at: {error}")),
                    Err(_) => Err(format!("looking at {shown} broke off")),
                }
            }
            Self::Number(url, field) => number(url.clone(), field, &HeaderMap::new(), around, deadline, None).await,
        }
    }

    /// Whether there is more than `before` until time is up.
    pub(super) async fn grows(
        &self,
        before: i64,
        settle: Duration,
        around: &Surroundings,
        deadline: Instant,
    ) -> Result<bool, String> {
        let until = (Instant::now() + settle).min(deadline);
        loop {
            if self.size(around, deadline).await? > before {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// As it is named in a sentence.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(_, shown) => shown.clone(),
            Self::Number(url, field) => format!("{field} of {url}"),
        }
    }
}

/// A whole number of a JSON answer; `field` may be a path with dots.
async fn number(
    url: Uri,
    field: &str,
    headers: &HeaderMap,
    around: &Surroundings,
    deadline: Instant,
    kept: Option<&mut Option<Kept>>,
) -> Result<i64, String> {
    let shown = url.to_string();
    let exchange = Exchange::of_bytes(Method::GET, url, headers.clone(), Bytes::new());
    let answer = exchange.make(&around.network, deadline, kept).await;
    let answer = answer.map_err(|(trouble, _)| format!("{shown} gives no number: {trouble}"))?;
    if answer.status != 200 {
        return Err(format!("{shown} gives no number: answered {}", answer.status));
    }
    let json: serde_json::Value =
        serde_json::from_slice(&answer.body).map_err(|_| format!("{shown} does not answer JSON"))?;
    let found = field.split('.').try_fold(&json, |inner, name| inner.get(name));
    found.and_then(serde_json::Value::as_i64).ok_or_else(|| format!("{shown} has no whole number \"{field}\""))
}
