//! What a pipeline's service answers, and the paths into it.

use std::time::Duration;

use serde_json::Value as Json;

/// An answer, as far as it matters here.
pub(super) struct Answer {
    /// Its status.
    pub(super) status: u16,
    /// Its body; null where it is no JSON.
    pub(super) json: Json,
    /// How long it asks to be left alone.
    pub(super) rest: Option<Duration>,
}

impl Answer {
    /// What services say when they refuse: `{ "message": … }`, `{ "error": … }`.
    pub(super) fn said(&self) -> String {
        let words = ["message", "error", "errors"].iter().find_map(|key| self.json.get(*key));
        let words = words.map(|words| words.as_str().map_or_else(|| words.to_string(), str::to_owned));
        words.map(|words| format!(": {}", words.chars().take(200).collect::<String>())).unwrap_or_default()
    }
}

/// What stands at a path such as `json.workflow_runs.0.id`; in an entry of a list, such as `head_commit.id`.
pub(super) fn at<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    let path = path.trim();
    let path = path.strip_prefix("json").filter(|rest| rest.is_empty() || rest.starts_with('.')).unwrap_or(path);
    let steps = path.split('.').filter(|step| !step.is_empty());
    let step = |json: &'a Json, step: &str| match json {
        Json::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    };
    steps.into_iter().try_fold(json, step)
}

/// A text or a number at a path, as text; nothing for what is null, empty or larger than a name.
pub(super) fn text_at(json: &Json, path: &str) -> Option<String> {
    let text = match at(json, path)? {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(number) => number.to_string(),
        Json::Bool(truth) => truth.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    };
    (!text.is_empty() && text.len() <= 2_000).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_texts_and_numbers_and_to_nothing_else() {
        let json = json!({ "runs": [{ "id": 7, "name": "deploy" }], "state": null, "json": { "x": 1 }, "ok": true });
        for (path, found) in [
            ("json.runs.0.id", Some("7")),
            ("runs.0.name", Some("deploy")),
            ("json.runs.1.id", None),
            ("json.state", None),
            ("json.runs", None),
            ("json.ok", Some("true")),
            ("json.json.x", Some("1")),
            ("json.no.such", None),
        ] {
            assert_eq!(text_at(&json, path).as_deref(), found, "{path}");
        }
    }
}
