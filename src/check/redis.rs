//! `redis`: a Redis or Valkey takes the login, and its answer to one reading command is as it should be.
//!
//! The protocol is a dozen lines of text and is spoken here by hand: depth, lengths and bytes are bounded.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::judging::judged;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::{Filled, Template};
use crate::model::word::Category;
use crate::network::{self, Duplex, Trouble, host_and_port, within};

/// So much is read of one connection, and so deep do answers nest.
const LARGEST: usize = 4 << 20;
const DEEPEST: usize = 8;

/// Commands that only read.
const READING: &[&str] = &[
    "PING",
    "GET",
    "MGET",
    "EXISTS",
    "TYPE",
    "TTL",
    "PTTL",
    "STRLEN",
    "LLEN",
    "LRANGE",
    "LINDEX",
    "HGET",
    "HMGET",
    "HGETALL",
    "HLEN",
    "HEXISTS",
    "SCARD",
    "SISMEMBER",
    "SMEMBERS",
    "ZCARD",
    "ZSCORE",
    "ZCOUNT",
    "XLEN",
    "XPENDING",
    "INFO",
    "DBSIZE",
    "LASTSAVE",
    "ROLE",
    "TIME",
];

/// The kind.
pub(super) struct Redis;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// `host` or `host:port`; 6379 unless said otherwise.
    address: Template,
    /// Who logs in; the default user unless said otherwise.
    user: Option<Template>,
    /// The password, from a credential.
    password: Option<Template>,
    /// Whether TLS is demanded and verified; unless said otherwise, of every host that is not this machine.
    tls: Option<bool>,
    /// One reading command and its arguments.
    #[serde(default = "ping")]
    command: Vec<Template>,
    /// A condition over value (of `INFO` an object) and latency. Default: it is answered.
    expect: Option<String>,
}

fn ping() -> Vec<Template> {
    vec![Template::new("PING")]
}

fn fact_names() -> FactNames {
    FactNames::new(&[("value", FactType::Json), ("latency", FactType::Duration)])
}

impl Kind for Redis {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "redis",
            doc: "A Redis takes the login and answers a reading command as it should.",
            category: Category::System,
            example: "address = \"cache.example:6379\"\npassword = \"{{ credentials.cache_password }}\"\ncommand = [\"LLEN\", \"jobs\"]\nexpect = 'value < 1000'\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let address = options.get("address").and_then(Json::as_str);
                address.map(|address| Touch::Host(address.to_owned())).into_iter().collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let values = &surroundings.values;
        let address = finding.fill(&keys.address, values)?;
        let Some(place) = host_and_port(address.expose(), 6379) else {
            let summary = format!("{} is no address", address.shown());
            return Err(Box::new(finding.fail(FailureClass::Value, &summary)));
        };
        let fill = |template: &Option<Template>| template.as_ref().map(|one| finding.fill(one, values)).transpose();
        let (user, password) = (fill(&keys.user)?, fill(&keys.password)?);
        let command = keys.command.iter().map(|word| finding.fill(word, values)).collect::<Result<Vec<_>, _>>()?;
        let condition =
            Condition::compile(keys.expect.as_deref().unwrap_or("latency >= duration(\"0s\")"), &fact_names())
                .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
        let secure = keys.tls.unwrap_or_else(|| !network::is_this_machine(&place.0));
        let surroundings = Arc::clone(surroundings);
        Ok(Box::new(Looker { finding, place, user, password, secure, command, condition, surroundings }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        let command = keys.command.first().map(|word| word.as_written().to_uppercase()).unwrap_or_default();
        if !READING.contains(&command.as_str()) {
            let problem = OptionProblem::at("command", format!("`{command}` is no command that only reads"));
            problems.push(problem.help(READING.join(", ")));
        }
        problems.extend(keys.expect.as_ref().and_then(|e| options::condition_problem("expect", e, &fact_names())));
    })
}

struct Looker {
    finding: Finding,
    place: (String, u16),
    user: Option<Filled>,
    password: Option<Filled>,
    secure: bool,
    command: Vec<Filled>,
    condition: Condition,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (began, deadline) = (Instant::now(), network::deadline(timeout));
            let mut timings = Timings::default();
            let shown = format!("{}:{}", self.place.0, self.place.1);
            let asked = self.ask(deadline, &mut timings).await;
            timings.total = Some(began.elapsed());
            let evidence = match asked {
                Ok((value, address)) => self.judge(value, began.elapsed(), &shown).fact("address", &address),
                Err(trouble) => self.finding.of_trouble(&trouble).fact("address", &shown),
            };
            evidence.timed(timings)
        })
    }
}

impl Looker {
    fn judge(&self, value: Json, took: Duration, shown: &str) -> Evidence {
        let mut facts = Facts::default();
        facts.insert("value", Fact::Json(value));
        facts.insert("latency", Fact::Duration(took));
        let passed = format!("{shown} answers {} in {} ms", self.command[0].shown().to_uppercase(), took.as_millis());
        judged(&self.finding, &self.condition, &facts, &passed, "the answer")
    }

    async fn ask(&self, deadline: Instant, timings: &mut Timings) -> Result<(Json, String), Trouble> {
        let place = (self.place.0.as_str(), self.place.1);
        let line = self.surroundings.network.line(place, self.secure, LARGEST, deadline, timings).await?;
        let mut stream = BufReader::new(line.stream);
        if let Some(password) = &self.password {
            let user = self.user.as_ref().map(Filled::expose);
            let words: Vec<&str> = ["AUTH"].into_iter().chain(user).chain([password.expose()]).collect();
            within(deadline, "the login", self.say(&mut stream, &words)).await??;
        }
        let words: Vec<&str> = self.command.iter().map(Filled::expose).collect();
        let value = within(deadline, "an answer", self.say(&mut stream, &words)).await??;
        let is_info = words[0].eq_ignore_ascii_case("info");
        Ok((if is_info { info(&value) } else { value }, line.address.to_string()))
    }

    async fn say(&self, stream: &mut BufReader<Box<dyn Duplex>>, words: &[&str]) -> Result<Json, Trouble> {
        let mut written = format!("*{}\r\n", words.len());
        for word in words {
            written.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        stream.write_all(written.as_bytes()).await.map_err(|error| Trouble::of_stream(&error))?;
        stream.flush().await.map_err(|error| Trouble::of_stream(&error))?;
        value(stream, DEEPEST).await?.map_err(|said| self.refused(&said))
    }

    /// Redis' errors begin with a word that says what they are.
    fn refused(&self, said: &str) -> Trouble {
        let user = self.user.as_ref().map_or("default", Filled::shown);
        let place = format!("{}:{}", self.place.0, self.place.1);
        match said.split_whitespace().next().unwrap_or_default() {
            "WRONGPASS" => Trouble::Denied(format!("{place} does not take the password of user \"{user}\"")),
            "NOAUTH" => Trouble::Denied(format!("{place} wants a password, and the plan has none")),
            "NOPERM" | "DENIED" => Trouble::Denied(format!("{place}: {said}")),
            "LOADING" | "MASTERDOWN" | "BUSY" | "CLUSTERDOWN" | "TRYAGAIN" => {
                Trouble::Unavailable(format!("{place} is not ready: {said}"))
            }
            "ERR" if said.contains("max number of clients") => Trouble::Unavailable(format!("{place} is full: {said}")),
            "ERR" if said.contains("without any password configured") => {
                Trouble::Configuration(format!("{place} knows no password, and the plan has one"))
            }
            _ => Trouble::Configuration(format!("{place} refuses: {said}")),
        }
    }
}

type Stream = BufReader<Box<dyn Duplex>>;
type Read<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Result<Json, String>, Trouble>> + Send + 'a>>;

/// One value of the protocol; an error that Redis answers is the inner one.
fn value(stream: &mut Stream, depth: usize) -> Read<'_> {
    Box::pin(async move {
        let line = line(stream).await?;
        let not_redis = || Trouble::Protocol("what answers there is no Redis".into());
        let (kind, rest) = line.split_at_checked(1).ok_or_else(not_redis)?;
        let count = || rest.parse::<i64>().map_err(|_| not_redis());
        Ok(match kind {
            "+" => Ok(rest.into()),
            "-" => Err(rest.to_owned()),
            ":" => Ok(count()?.into()),
            "$" => match usize::try_from(count()?) {
                Ok(length) if length <= LARGEST => Ok(bulk(stream, length).await?),
                Ok(_) => return Err(Trouble::Protocol(format!("the answer is larger than {LARGEST} bytes"))),
                Err(_) => Ok(Json::Null),
            },
            "*" if depth > 0 => {
                let mut items = Vec::new();
                for _ in 0..count()?.max(0) {
                    match value(stream, depth - 1).await? {
                        Ok(item) => items.push(item),
                        Err(said) => return Ok(Err(said)),
                    }
                }
                Ok(Json::Array(items))
            }
            _ => return Err(not_redis()),
        })
    })
}

async fn line(stream: &mut Stream) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    let mut bounded = stream.take(4_096);
    bounded.read_until(b'\n', &mut bytes).await.map_err(|error| Trouble::of_stream(&error))?;
    if bytes.is_empty() {
        return Err(Trouble::Protocol("the other side closed the connection".into()));
    }
    let whole = bytes.strip_suffix(b"\r\n").ok_or(Trouble::Protocol("what answers there is no Redis".into()))?;
    Ok(String::from_utf8_lossy(whole).into_owned())
}

async fn bulk(stream: &mut Stream, length: usize) -> Result<Json, Trouble> {
    let mut bytes = Vec::new();
    stream.take(length as u64 + 2).read_to_end(&mut bytes).await.map_err(|error| Trouble::of_stream(&error))?;
    if bytes.len() != length + 2 {
        return Err(Trouble::Protocol("the connection was closed in the middle of the answer".into()));
    }
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// `INFO` as an object, numbers as numbers.
fn info(value: &Json) -> Json {
    let pairs = value.as_str().unwrap_or_default().lines().filter_map(|line| line.split_once(':'));
    let read = |text: &str| text.parse::<i64>().map_or_else(|_| Json::from(text), Json::from);
    Json::Object(pairs.map(|(name, value)| (name.to_owned(), read(value))).collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use crate::check::kit::{self, listener};
    use crate::model::failure::FailureClass;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn answers_are_judged_and_refusals_told_apart() {
        for (said, more, outcome, class, says) in [
            ("+PONG\r\n", "", Outcome::Pass, None, "answers PING"),
            (
                ":3\r\n",
                "command = [\"LLEN\", \"jobs\"]\nexpect = 'value < 2'",
                Outcome::Fail,
                Some(FailureClass::Condition),
                "value is 3",
            ),
            (
                "$10\r\na:1\r\nb:x\r\n\r\n",
                "command = [\"INFO\"]\nexpect = 'value.a == 1 && value.b == \"x\"'",
                Outcome::Pass,
                None,
                "",
            ),
            (
                "*2\r\n$1\r\na\r\n$-1\r\n",
                "command = [\"MGET\", \"a\", \"b\"]\nexpect = 'size(value) == 2'",
                Outcome::Pass,
                None,
                "",
            ),
            ("-NOAUTH Authentication required.\r\n", "", Outcome::Fail, Some(FailureClass::Denied), "wants a password"),
            ("-WRONGPASS invalid\r\n", "", Outcome::Fail, Some(FailureClass::Denied), "does not take the password"),
            ("-LOADING Redis is loading\r\n", "", Outcome::Fail, Some(FailureClass::ServerError), "not ready"),
            ("HTTP/1.1 400 Bad\r\n\r\n", "", Outcome::Fail, Some(FailureClass::Protocol), "no Redis"),
            (
                "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
                "",
                Outcome::Fail,
                Some(FailureClass::Protocol),
                "no Redis",
            ),
            ("$9999999999\r\n", "", Outcome::Fail, Some(FailureClass::Protocol), "larger than"),
        ] {
            let port = listener::greeting(said);
            let keys = format!("address = \"127.0.0.1:{port}\"\n{more}");
            let evidence = kit::run("redis", &keys, &kit::surroundings(&[])).await;
            assert_eq!(evidence.outcome, outcome, "{said}: {}", evidence.summary);
            assert_eq!(evidence.failure.as_ref().map(|failure| failure.class), class, "{said}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{said}: {}", evidence.summary);
        }
    }

    #[test]
    fn a_command_that_writes_is_a_problem() {
        let options = toml::from_str::<toml::Table>("address = \"a\"\ncommand = [\"FLUSHALL\"]").unwrap();
        let options = serde_json::to_value(options).unwrap().as_object().unwrap().clone();
        assert_eq!((crate::check::kind("redis").unwrap().spec().problems)(&options).len(), 1);
    }
}
