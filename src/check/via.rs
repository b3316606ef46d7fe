//! `via`: a check made from somewhere else, through a command such as ssh (K6): what golive's own machine reaches and
//! trusts is not what the application's host reaches and trusts. The far side needs `curl`; nothing else is asked of it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::check::process::{self, Ended, Ordered, Unended};
use crate::core::evidence::Evidence;
use crate::model::kind::{Options, Touch};
use crate::model::template::{Filled, Template};
use crate::network::Trouble;

/// So long a greeting is waited for at the other end.
const LONGEST_GREETING: Duration = Duration::from_secs(2);

/// The way to another vantage.
pub(super) struct Via {
    words: Vec<String>,
    shown: String,
    folder: std::path::PathBuf,
}

impl Via {
    /// The way that the keys name, if they name one. It is a command: it needs trust, and holds no secret.
    pub(super) fn of(
        words: Option<&[Template]>,
        finding: &Finding,
        surroundings: &Arc<Surroundings>,
    ) -> Result<Option<Self>, Box<Evidence>> {
        let Some(words) = words.filter(|words| !words.is_empty()) else { return Ok(None) };
        process::allowed(finding, surroundings)?;
        let filled =
            words.iter().map(|word| finding.fill(word, &surroundings.values)).collect::<Result<Vec<_>, _>>()?;
        if filled.iter().any(Filled::is_secret) {
            let summary = "a secret may not stand among a command's arguments: every user of the machine can read them";
            return Err(Box::new(finding.error(summary)));
        }
        let words: Vec<String> = filled.iter().map(|word| word.expose().to_owned()).collect();
        let shown = words.join(" ");
        Ok(Some(Self { words, shown, folder: surroundings.folder.clone() }))
    }

    /// As the evidence names it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// These words, run at the other end. What ssh is given it hands to a shell there, so each word is quoted.
    pub(super) fn before(&self, words: &[String]) -> Vec<String> {
        let program = self.words.first().map(String::as_str).unwrap_or_default();
        let by_shell = Path::new(program).file_name().is_some_and(|name| name == "ssh");
        let quoted = words.iter().map(|word| if by_shell { quoted(word) } else { word.clone() });
        self.words.iter().cloned().chain(quoted).collect()
    }

    /// `curl` at the other end, told by its standard input what to do: nothing of it stands among arguments.
    pub(super) async fn curl(&self, config: String, limit: usize, deadline: Instant) -> Result<Ended, Trouble> {
        let ended = self.curl_ended(config, limit, deadline).await?;
        told(self.words.first().map(String::as_str).unwrap_or_default(), ended)
    }

    /// A connection to `host:port` from the other end, and what it is greeted with. curl never hangs up by itself: it
    /// is given a moment, and has done its work if it was connected when that was over.
    pub(super) async fn connect(&self, place: &str, limit: usize, deadline: Instant) -> Result<Vec<u8>, Trouble> {
        let left = deadline.saturating_duration_since(Instant::now()) / 2;
        let config = format!(
            "silent\nshow-error\nmax-time = {:.3}\nwrite-out = \"%{{stderr}}\\nconnected %{{time_connect}}\"\nurl = {}\n",
            left.min(LONGEST_GREETING).as_secs_f64().max(0.1),
            in_config(&format!("telnet://{place}"))
        );
        let ended = self.curl_ended(config, limit, deadline).await?;
        let after = ended.stderr.text();
        let after = after.lines().find_map(|line| line.strip_prefix("connected ")).map(str::parse::<f64>);
        if ended.code == Some(28) && matches!(after, Some(Ok(seconds)) if seconds > 0.0) {
            return Ok(ended.stdout.kept);
        }
        told(self.words.first().map(String::as_str).unwrap_or_default(), ended).map(|ended| ended.stdout.kept)
    }

    async fn curl_ended(&self, config: String, limit: usize, deadline: Instant) -> Result<Ended, Trouble> {
        let words = ["curl", "--disable", "--config", "-"].map(str::to_owned);
        let ordered = Ordered {
            words: self.before(&words),
            environment: Vec::new(),
            folder: self.folder.clone(),
            input: Some(SecretString::from(config)),
            limit,
        };
        let began = Instant::now();
        let program = self.words.first().map(String::as_str).unwrap_or_default();
        match ordered.run(deadline).await {
            Ok(ended) => Ok(ended),
            Err(Unended::NotStarted(why)) => Err(Trouble::Local(format!("{program} cannot be started: {why}"))),
            Err(Unended::Lost(why)) => Err(Trouble::Local(format!("{program} was lost: {why}"))),
            Err(Unended::TooLate) => {
                Err(Trouble::TooLate { what: format!("an answer by way of {}", self.shown), after: began.elapsed() })
            }
        }
    }
}

/// curl's exit codes, in this program's words. What curl does not know is the way's own trouble: golive's, not the
/// target's.
fn told(program: &str, ended: Ended) -> Result<Ended, Trouble> {
    let lines = ended.stderr.last_lines();
    let said = lines.iter().find(|line| line.starts_with("curl: (")).or_else(|| lines.last());
    let said = said.map_or("it says nothing", |line| line.split_once(") ").map_or(line.as_str(), |(_, rest)| rest));
    let trouble = match ended.code {
        Some(0) => return Ok(ended),
        Some(6) => Trouble::NoSuchName(said.trim_start_matches("Could not resolve host: ").to_owned()),
        Some(7) => Trouble::Unavailable(format!("nobody answers: {said}")),
        Some(28) => Trouble::TooLate { what: "the answer".into(), after: Duration::ZERO },
        Some(35 | 51 | 53 | 58 | 59 | 60 | 77 | 80 | 83 | 90 | 91) => Trouble::Tls(said.to_owned()),
        Some(1 | 2 | 3 | 26 | 27) => Trouble::Local(format!("curl does not understand: {said}")),
        Some(8 | 18 | 47 | 52 | 55 | 56 | 61 | 63 | 92) => Trouble::Protocol(said.to_owned()),
        Some(126 | 127) => Trouble::Local("there is no curl at the other end".into()),
        Some(255) => Trouble::Local(format!("{program} did not lead there: {said}")),
        Some(code) => Trouble::Local(format!("{program} ended with {code}: {said}")),
        None => Trouble::Local(format!("{program} was ended by a signal")),
    };
    Err(trouble)
}

/// A word as a POSIX shell takes it unchanged.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A text as curl's config file takes it between double quotes.
pub(super) fn in_config(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => written.extend(['\\', character]),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            other => written.push(other),
        }
    }
    written.push('"');
    written
}

/// The command that a check with `via` runs.
pub(super) fn touches(options: &Options) -> Option<Touch> {
    let words = options.get("via").and_then(serde_json::Value::as_array)?;
    let words: Vec<_> = words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect();
    (!words.is_empty()).then_some(Touch::Command(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::kit::{self, listener};
    use crate::model::word::Outcome;

    /// A way that leads nowhere else: `env` runs what follows it, as ssh would elsewhere.
    const VIA: &str = "via = [\"env\"]";

    #[tokio::test]
    async fn a_check_is_made_from_the_other_vantage_and_says_so() {
        let surroundings = kit::surroundings_with_secret("credentials.api_key", "FAKE-key-of-the-test");
        let (port, seen) = listener::recording("HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 12\r\n\r\n{\"ok\": true}");
        let keys = format!(
            "url = \"http://127.0.0.1:{port}/x\"\nexpect = 'status == 200 && json.ok && headers[\"x-a\"] == \"b\"'\nheaders = {{ x-key = \"{{{{ credentials.api_key }}}}\" }}\n{VIA}"
        );
        let evidence = kit::run("http", &keys, &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{evidence:?}");
        assert!(evidence.facts.iter().any(|fact| fact.name.as_str() == "vantage" && fact.value.as_str() == "env"));
        assert!(seen.lock().unwrap().contains("x-key: FAKE-key-of-the-test"));
        let closed = listener::closed_port();
        let keys = format!("url = \"http://127.0.0.1:{closed}/\"\nstatus = 200\n{VIA}");
        let down = kit::run("http", &keys, &surroundings).await;
        assert_eq!(down.outcome, Outcome::Fail, "{}", down.summary);
        let greets = listener::greeting("220 ready\r\n");
        for (keys, outcome) in [
            (format!("address = \"127.0.0.1:{greets}\"\nbanner = \"^220 ready\"\n{VIA}"), Outcome::Pass),
            (format!("address = \"127.0.0.1:{greets}\"\nbanner = \"^SSH\"\n{VIA}"), Outcome::Fail),
            (format!("address = \"127.0.0.1:{greets}\"\n{VIA}"), Outcome::Pass),
            (format!("address = \"127.0.0.1:{closed}\"\n{VIA}"), Outcome::Fail),
            (format!("address = \"127.0.0.1:{greets}\"\nvia = [\"false\"]"), Outcome::Error),
        ] {
            let evidence = kit::run("tcp", &keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
        }
        let keys = format!("run = [\"echo\", \"a b\"]\nexpect = 'stdout == \"a b\\n\"'\n{VIA}");
        assert_eq!(kit::run("command", &keys, &surroundings).await.outcome, Outcome::Pass);
    }

    #[test]
    fn what_ssh_hands_to_a_shell_is_quoted() {
        let way = |words: &[&str]| Via {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            shown: String::new(),
            folder: ".".into(),
        };
        let words = ["a b".to_owned(), "it's".to_owned()];
        assert_eq!(way(&["ssh", "web-1"]).before(&words), ["ssh", "web-1", "'a b'", r"'it'\''s'"]);
        assert_eq!(way(&["docker", "exec", "-i", "app"]).before(&words)[4..], ["a b", "it's"]);
    }
}
