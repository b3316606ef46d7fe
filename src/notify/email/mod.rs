//! `email`: SMTP with STARTTLS (or TLS from the start), text and HTML. All messages of one alert are one thread.

mod letter;
mod secure;

use lettre::address::{Address, Envelope};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::core::evidence::Timings;
use crate::core::notice::Notice;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::{self, Network, host_and_port, within};
use crate::notify::{Given, Kind, Notifier, Refused, Sending, Taken, Unusable, Way, keys};

/// The port of message submission.
const SUBMISSION: u16 = 587;

/// The kind.
pub(super) struct Email;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The mail server, `host` or `host:port`; 587 unless said otherwise.
    server: Template,
    /// `starttls`, `tls` (from the first byte, usually port 465), or `none`, for a server on this machine alone.
    #[serde(default)]
    security: Security,
    /// Who writes: `golive <golive@academy.example>`.
    from: Template,
    /// Who reads.
    to: Vec<Template>,
    /// Who signs in, where the server wants it.
    username: Option<Template>,
    /// With what: a reference.
    #[schemars(extend("writeOnly" = true))]
    password: Option<Template>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Security {
    #[default]
    StartTls,
    Tls,
    None,
}

impl Kind for Email {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "email",
            doc: "Mailboxes, by SMTP with STARTTLS.",
            category: Category::Monitoring,
            example: "server = \"smtp.academy.example\"\nfrom = \"golive <golive@academy.example>\"\nto = [\"oncall@academy.example\"]\nusername = \"golive\"\npassword = \"{{ credentials.smtp_password }}\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let server = options.get("server").and_then(serde_json::Value::as_str);
                server.map(|server| Touch::Host(server.to_owned())).into_iter().collect()
            },
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        let server = keys::fill(&own.server, given)?;
        let Some((host, port)) = host_and_port(server.expose(), SUBMISSION) else {
            return Err(Unusable::new(format!("{} is no mail server's name", server.shown())));
        };
        let mailbox = |key: &str, template: &Template| {
            let filled = keys::fill(template, given)?;
            filled
                .expose()
                .trim()
                .parse::<Mailbox>()
                .map_err(|_| Unusable::new(format!("`{key}` holds no mail address")))
        };
        let to = own.to.iter().map(|to| mailbox("to", to)).collect::<Result<Vec<_>, _>>()?;
        let from = mailbox("from", &own.from)?;
        let readers: Vec<Address> = to.iter().map(|mailbox| mailbox.email.clone()).collect();
        let envelope =
            Envelope::new(Some(from.email.clone()), readers).map_err(|_| Unusable::new("`to` names nobody"))?;
        let signing_in = match (&own.username, &own.password) {
            (Some(name), Some(password)) => Some((
                keys::fill(name, given)?.expose().to_owned(),
                SecretString::from(keys::fill(password, given)?.expose().to_owned()),
            )),
            _ => None,
        };
        if own.security == Security::None && !keys::is_local(&host) {
            return Err(Unusable::new("security = \"none\" is for a server on this machine alone"));
        }
        Ok(Box::new(Ready { host, port, security: own.security, from, to, envelope, signing_in }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    keys::problems::<Keys>(options, |own, problems| {
        if own.to.is_empty() {
            problems.push(OptionProblem::at("to", "nobody reads this").help("to = [\"oncall@academy.example\"]"));
        }
        for (key, template) in own.to.iter().map(|to| ("to", to)).chain([("from", &own.from)]) {
            let written = template.as_written();
            if !written.contains("{{") && written.parse::<Mailbox>().is_err() {
                problems.push(OptionProblem::at(key, format!("`{written}` is no mail address")));
            }
        }
        if own.username.is_some() != own.password.is_some() {
            problems.push(OptionProblem::whole("`username` and `password` go together"));
        }
        let server = own.server.as_written();
        let local = host_and_port(server, SUBMISSION).is_some_and(|(host, _)| keys::is_local(&host));
        if own.security == Security::None && !local && !server.contains("{{") {
            problems.push(OptionProblem::at("security", "`none` is for a server on this machine alone"));
        }
    })
}

struct Ready {
    host: String,
    port: u16,
    security: Security,
    from: Mailbox,
    to: Vec<Mailbox>,
    envelope: Envelope,
    signing_in: Option<(String, SecretString)>,
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move {
            let letter = letter::of(notice, &self.from, &self.to, way.now).map_err(|why| Refused::never(&why))?;
            let mut open = self.opened(way).await?;
            let sending = open.send(&self.envelope, &letter);
            let answer = within(way.deadline, "the mail server's answer", sending).await?;
            let answer = answer.map_err(|error| refused(&error, true))?;
            let said = answer.message().collect::<Vec<_>>().join(" ");
            let code = answer.code();
            // It has it; how the farewell goes changes nothing.
            let _ = within(way.deadline, "a farewell", open.quit()).await;
            Ok(Taken::new(&format!("{code} {said}")))
        })
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move {
            let mut open = self.opened(way).await?;
            let _ = within(way.deadline, "a farewell", open.quit()).await;
            Ok(Taken::new(&format!("{}:{} greets, {}", self.host, self.port, self.security.words())))
        })
    }
}

impl Security {
    const fn words(self) -> &'static str {
        match self {
            Self::StartTls => "STARTTLS and its certificate are right",
            Self::Tls => "its certificate is right",
            Self::None => "without TLS",
        }
    }
}

impl Ready {
    /// A connection that is as secure as the plan says, and signed in.
    async fn opened(&self, way: Way<'_>) -> Result<AsyncSmtpConnection, Refused> {
        let connected = way.network.connect_to(&self.host, self.port, way.only_loopback, way.deadline).await?;
        let hello = ClientId::default();
        let stream: Box<dyn AsyncTokioStream> = if self.security == Security::Tls {
            let tls = way.network.tls();
            let mut timings = Timings::default();
            let stream = network::handshake(tls, &self.host, connected.stream, way.deadline, &mut timings).await?;
            Box::new(secure::Secure(stream))
        } else {
            Box::new(connected.stream)
        };
        let greeting = AsyncSmtpConnection::connect_with_transport(stream, &hello);
        let mut open = said(within(way.deadline, "the mail server's greeting", greeting).await?)?;
        if self.security == Security::StartTls {
            let tls = parameters(&self.host, way.network).map_err(|error| refused(&error, false))?;
            said(within(way.deadline, "STARTTLS", open.starttls(tls, &hello)).await?)?;
        }
        if let Some((name, password)) = &self.signing_in {
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            let signing_in = open.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            said(within(way.deadline, "signing in", signing_in).await?)?;
        }
        Ok(open)
    }
}

/// Whom STARTTLS trusts: the plan's roots alone where it names any, the system's otherwise.
fn parameters(host: &str, network: &Network) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(roots) = network.roots() {
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(Certificate::from_pem(roots)?);
    }
    builder.build()
}

fn said<T>(answer: Result<T, lettre::transport::smtp::Error>) -> Result<T, Refused> {
    answer.map_err(|error| refused(&error, false))
}

/// A 5xx on the message itself is for good; on the way there the configuration may be mended.
fn refused(error: &lettre::transport::smtp::Error, of_message: bool) -> Refused {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !why.contains(&inner_text) {
            why = format!("{why}: {inner_text}");
        }
        source = inner.source();
    }
    if of_message && error.is_permanent() { Refused::never(&why) } else { Refused::later(&why) }
}
