//! `smtp`: a mail server greets, encrypts, takes the login and would take a message: everything up to the message
//! itself, which is not sent.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::plan::Check;
use crate::model::template::{Filled, Template};
use crate::model::word::Category;
use crate::network::{self, Bounded, Duplex, Trouble, handshake, host_and_port, within};

/// So much is read of one connection.
const LARGEST: usize = 256 << 10;
/// A reply has no more lines.
const MOST_LINES: usize = 100;

/// The kind.
pub(super) struct Smtp;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// `host` or `host:port`; 587 unless said otherwise.
    address: Template,
    /// How the way is encrypted.
    #[serde(default)]
    tls: Tls,
    /// Who logs in; nobody unless said.
    user: Option<Template>,
    /// The password, from a credential.
    password: Option<Template>,
    /// The name that golive greets with.
    #[serde(default = "own_name")]
    hello: String,
    /// A sender that has to be taken; no message is sent.
    sender: Option<Template>,
    /// A recipient that has to be taken; no message is sent.
    recipient: Option<Template>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tls {
    /// Begins in the clear and turns to TLS before anything else: port 587.
    #[default]
    Starttls,
    /// TLS from the first byte: port 465.
    Implicit,
    /// None: for this machine alone.
    Off,
}

fn own_name() -> String {
    "golive.invalid".to_owned()
}

impl Kind for Smtp {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "smtp",
            doc: "A mail server greets, encrypts, takes the login and would take a message.",
            category: Category::System,
            example: "address = \"mail.example:587\"\nuser = \"alerts@shop.example\"\npassword = \"{{ credentials.mail_password }}\"\nrecipient = \"oncall@shop.example\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: options::touches_address,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let values = &surroundings.values;
        let address = finding.fill(&keys.address, values)?;
        let Some(place) = host_and_port(address.expose(), 587) else {
            let summary = format!("{} is no address", address.shown());
            return Err(Box::new(finding.fail(FailureClass::Value, &summary)));
        };
        let fill = |template: &Option<Template>| template.as_ref().map(|one| finding.fill(one, values)).transpose();
        let login = match (fill(&keys.user)?, fill(&keys.password)?) {
            (Some(user), Some(password)) => Some((user, password)),
            _ => None,
        };
        if login.is_some() && keys.tls == Tls::Off && !network::is_this_machine(&place.0) {
            return Err(Box::new(finding.error("a password is not sent in the clear: tls = \"starttls\"")));
        }
        let (sender, recipient) = (fill(&keys.sender)?, fill(&keys.recipient)?);
        let parties = [&sender, &recipient].map(|party| party.as_ref().map(|party| party.expose().to_owned()));
        if parties.iter().flatten().any(|party| party.contains(['\r', '\n', '<', '>'])) {
            return Err(Box::new(finding.fail(FailureClass::Value, "sender or recipient is no address")));
        }
        let (tls, hello, surroundings) = (keys.tls, keys.hello, Arc::clone(surroundings));
        Ok(Box::new(Looker { finding, place, tls, login, hello, parties, surroundings }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.user.is_some() != keys.password.is_some() {
            problems.push(OptionProblem::whole("a login has a user and a password"));
        }
        if keys.hello.is_empty()
            || !keys.hello.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.[]:".contains(&byte))
        {
            problems.push(OptionProblem::at("hello", "this is no host's name"));
        }
    })
}

struct Looker {
    finding: Finding,
    place: (String, u16),
    tls: Tls,
    login: Option<(Filled, Filled)>,
    hello: String,
    /// Sender and recipient.
    parties: [Option<String>; 2],
    surroundings: Arc<Surroundings>,
}

/// What was found out on the way.
#[derive(Default)]
struct Talk {
    timings: Timings,
    address: String,
    greeting: String,
    done: Vec<&'static str>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (began, deadline) = (Instant::now(), network::deadline(timeout));
            let mut talk = Talk::default();
            let result = self.talk(deadline, &mut talk).await;
            talk.timings.total = Some(began.elapsed());
            let place = format!("{}:{}", self.place.0, self.place.1);
            let done = talk.done.join(", ");
            let evidence = match result {
                Ok(()) => Evidence::pass(&format!("{place} {done} in {} ms", began.elapsed().as_millis())),
                Err(trouble) => self
                    .finding
                    .of_trouble(&trouble)
                    .fact("came as far as", if done.is_empty() { "nothing" } else { &done }),
            };
            let evidence = evidence.fact("address", if talk.address.is_empty() { &place } else { &talk.address });
            let evidence = if talk.greeting.is_empty() { evidence } else { evidence.fact("greeting", &talk.greeting) };
            evidence.timed(talk.timings)
        })
    }
}

impl Looker {
    async fn talk(&self, deadline: Instant, talk: &mut Talk) -> Result<(), Trouble> {
        let network = &self.surroundings.network;
        let host = self.place.0.as_str();
        let connected = network.connect(host, self.place.1, deadline, &mut talk.timings).await?;
        talk.address = connected.address.to_string();
        let stream = Bounded::new(connected.stream, LARGEST);
        let stream: Box<dyn Duplex> = match self.tls {
            Tls::Implicit => Box::new(handshake(network.tls(), host, stream, deadline, &mut talk.timings).await?),
            Tls::Starttls | Tls::Off => Box::new(stream),
        };
        let mut line = Line { stream: BufReader::new(stream), deadline };
        talk.greeting = line.reply("the greeting", &[220]).await?.1;
        talk.done.push("greets");
        let hello = format!("EHLO {}", self.hello);
        let mut offers = line.say(&hello, "an answer to EHLO", &[250]).await?;
        if self.tls == Tls::Starttls {
            if !offers.to_uppercase().contains("STARTTLS") {
                return Err(Trouble::Tls("the mail server does not offer STARTTLS".into()));
            }
            line.say("STARTTLS", "an answer to STARTTLS", &[220]).await?;
            if !line.stream.buffer().is_empty() {
                return Err(Trouble::Protocol("the mail server spoke on in the clear after STARTTLS".into()));
            }
            let stream = line.stream.into_inner();
            let stream = handshake(network.tls(), host, stream, deadline, &mut talk.timings).await?;
            line = Line { stream: BufReader::new(Box::new(stream)), deadline };
            offers = line.say(&hello, "an answer to EHLO", &[250]).await?;
        }
        if self.tls != Tls::Off {
            talk.done.push("encrypts");
        }
        if let Some((user, password)) = &self.login {
            line.log_in(&offers, user, password).await?;
            talk.done.push("takes the login");
        }
        if let [sender, Some(recipient)] = &self.parties {
            let sender = sender.as_deref().unwrap_or_default();
            line.say(&format!("MAIL FROM:<{sender}>"), "an answer to MAIL", &[250]).await?;
            line.say(&format!("RCPT TO:<{recipient}>"), "an answer to RCPT", &[250, 251, 252]).await?;
            line.say("RSET", "an answer to RSET", &[250]).await?;
            talk.done.push("would take a message");
        }
        // Everything is known; whether it says goodbye is its own affair.
        let _ = line.say("QUIT", "goodbye", &[221]).await;
        Ok(())
    }
}

struct Line {
    stream: BufReader<Box<dyn Duplex>>,
    deadline: Instant,
}

impl Line {
    async fn say(&mut self, text: &str, what: &str, wanted: &[u16]) -> Result<String, Trouble> {
        let written = format!("{text}\r\n");
        let stream = &mut self.stream;
        let writing = async {
            stream.write_all(written.as_bytes()).await?;
            stream.flush().await
        };
        within(self.deadline, what, writing).await?.map_err(|error| Trouble::of_stream(&error))?;
        Ok(self.reply(what, wanted).await?.1)
    }

    /// A reply of one of these codes; all of its lines.
    async fn reply(&mut self, what: &str, wanted: &[u16]) -> Result<(u16, String), Trouble> {
        let mut text = String::new();
        for _ in 0..MOST_LINES {
            let line = within(self.deadline, what, one_line(&mut self.stream)).await??;
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
            let Some(code) = code.filter(|code| (200..600).contains(code)) else {
                return Err(Trouble::Protocol("what answers there is no mail server".into()));
            };
            text.push_str(line.get(4..).unwrap_or_default());
            if line.as_bytes().get(3) != Some(&b'-') {
                return if wanted.contains(&code) { Ok((code, text)) } else { Err(refused(code, &text)) };
            }
            text.push('\n');
        }
        Err(Trouble::Protocol(format!("{what} has more than {MOST_LINES} lines")))
    }

    async fn log_in(&mut self, offers: &str, user: &Filled, password: &Filled) -> Result<(), Trouble> {
        let offered = offers.lines().find(|line| line.to_uppercase().starts_with("AUTH")).unwrap_or_default();
        let offered = offered.to_uppercase();
        if offered.contains("PLAIN") {
            let both = STANDARD.encode(format!("\0{}\0{}", user.expose(), password.expose()));
            self.say(&format!("AUTH PLAIN {both}"), "the login", &[235]).await?;
        } else if offered.contains("LOGIN") {
            self.say("AUTH LOGIN", "the login", &[334]).await?;
            self.say(&STANDARD.encode(user.expose()), "the login", &[334]).await?;
            self.say(&STANDARD.encode(password.expose()), "the login", &[235]).await?;
        } else {
            return Err(Trouble::Configuration("the mail server offers no login that golive knows".into()));
        }
        Ok(())
    }
}

async fn one_line(stream: &mut BufReader<Box<dyn Duplex>>) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    stream.take(4_096).read_until(b'\n', &mut bytes).await.map_err(|error| Trouble::of_stream(&error))?;
    if bytes.is_empty() {
        return Err(Trouble::Protocol("the other side closed the connection".into()));
    }
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

/// A mail server's codes in a person's words.
fn refused(code: u16, said: &str) -> Trouble {
    match code {
        530 | 534 | 535 | 538 => Trouble::Denied(format!("the mail server does not take the login: {code} {said}")),
        454 => Trouble::Unavailable(format!("the mail server cannot encrypt or log in now: {code} {said}")),
        421 | 450 | 451 | 452 => Trouble::Unavailable(format!("the mail server is not ready: {code} {said}")),
        550..=554 => Trouble::Configuration(format!("the mail server refuses: {code} {said}")),
        _ => Trouble::Protocol(format!("the mail server answers {code} {said}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::kit::{self, listener};
    use crate::model::failure::FailureClass;
    use crate::model::word::Outcome;

    const GREETS: &str = "220 mail.example ready";

    #[tokio::test]
    async fn a_mail_server_is_asked_as_far_as_the_plan_says() {
        let surroundings = kit::surroundings_with_secret("credentials.mail", "FAKE-password-of-the-test");
        let login = "user = \"app\"\npassword = \"{{ credentials.mail }}\"";
        for (answers, more, outcome, class, says) in [
            (&["250 ok"][..], "", Outcome::Pass, None, "greets"),
            (&["250-mail.example\r\n250 AUTH PLAIN LOGIN", "235 in"], login, Outcome::Pass, None, "takes the login"),
            (
                &["250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 in"],
                login,
                Outcome::Pass,
                None,
                "login",
            ),
            (&["250 AUTH PLAIN", "535 5.7.8 no"], login, Outcome::Fail, Some(FailureClass::Denied), "535"),
            (&["421 too busy"], "", Outcome::Fail, Some(FailureClass::ServerError), "not ready"),
            (
                &["250 ok", "250 ok", "550 no such user"],
                "recipient = \"a@b.example\"",
                Outcome::Fail,
                Some(FailureClass::Configuration),
                "550",
            ),
            (
                &["250 ok", "250 ok", "250 ok", "250 ok"],
                "recipient = \"a@b.example\"",
                Outcome::Pass,
                None,
                "would take",
            ),
            (&["hello"], "", Outcome::Fail, Some(FailureClass::Protocol), "no mail server"),
        ] {
            let port = listener::conversing(GREETS, answers);
            let keys = format!("address = \"127.0.0.1:{port}\"\ntls = \"off\"\n{more}");
            let evidence = kit::run("smtp", &keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{answers:?}: {}", evidence.summary);
            assert_eq!(evidence.failure.as_ref().map(|failure| failure.class), class, "{}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{answers:?}: {}", evidence.summary);
        }
    }

    #[tokio::test]
    async fn no_password_is_sent_before_the_way_is_encrypted() {
        let surroundings = kit::surroundings_with_secret("credentials.mail", "FAKE-password-of-the-test");
        let login = "user = \"app\"\npassword = \"{{ credentials.mail }}\"";
        let port = listener::conversing(GREETS, &["250 AUTH PLAIN"]);
        let evidence = kit::run("smtp", &format!("address = \"127.0.0.1:{port}\"\n{login}"), &surroundings).await;
        assert!(evidence.summary.as_str().contains("does not offer STARTTLS"), "{}", evidence.summary);
        let keys = format!("address = \"mail.example\"\ntls = \"off\"\n{login}");
        assert_eq!(kit::run("smtp", &keys, &surroundings).await.outcome, Outcome::Error);
    }
}
