//! What all of `golive webhook` is told: the scheme, the secrets by the names of their variables, the time, the body.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::cli::exit::Stop;
use crate::cli::machine::Machine;
use crate::clock;
use crate::webhook::{self, Algorithm, Custom, Encoding, Profile, Reason, SCHEMES};

/// A body larger than this is no webhook's.
const LARGEST_BODY: u64 = 64 << 20;

/// The scheme and what it takes to sign or verify with it.
#[derive(Debug, Args)]
pub(super) struct SchemeArguments {
    /// Whose way of signing: ikhokha, standard-webhooks, stripe, github, slack, shopify, square, paystack, custom.
    #[arg(long, value_name = "S", value_parser = clap::builder::PossibleValuesParser::new(SCHEMES))]
    pub(super) scheme: String,
    /// The variable that holds the secret; several while one is rotated: any of them may have signed.
    #[arg(long = "secret-env", value_name = "VAR", required = true, num_args = 1..)]
    pub(super) secrets: Vec<String>,
    /// Seconds that a timestamp may lie away from now; 0: it has to be now.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(super) tolerance: u64,
    /// custom: the header that the signature stands in.
    #[arg(long, value_name = "NAME", help_heading = "The scheme custom")]
    signature_header: Option<String>,
    /// custom: what stands before the signature, such as sha256=.
    #[arg(long, value_name = "TEXT", default_value = "", help_heading = "The scheme custom")]
    signature_prefix: String,
    /// custom: how the signature is written.
    #[arg(long, value_enum, default_value_t = Written::Hex, help_heading = "The scheme custom")]
    encoding: Written,
    /// custom: the hash under the HMAC.
    #[arg(long, value_enum, default_value_t = Hash::Sha256, help_heading = "The scheme custom")]
    algorithm: Hash,
    /// custom: what is signed, of {id}, {timestamp}, {path}, {url}, {body} and text between them.
    #[arg(long, value_name = "TEXT", default_value = "{body}", help_heading = "The scheme custom")]
    template: String,
    /// custom: the header that the timestamp stands in.
    #[arg(long, value_name = "NAME", help_heading = "The scheme custom")]
    timestamp_header: Option<String>,
    /// custom: the header that the id stands in.
    #[arg(long, value_name = "NAME", help_heading = "The scheme custom")]
    id_header: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Written {
    Hex,
    Base64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hash {
    Sha256,
    Sha512,
}

/// What of a message is not its body.
#[derive(Debug, Args)]
pub(super) struct MessageArguments {
    /// A header of the message, `Name: value`; may repeat, also with the same name.
    #[arg(long = "header", value_name = "LINE")]
    headers: Vec<String>,
    /// The path that it was sent to, query included; signed by ikhokha.
    #[arg(long)]
    pub(super) path: Option<String>,
    /// The whole URL that the provider was given; signed by square.
    #[arg(long)]
    pub(super) url: Option<String>,
    /// The moment to judge or sign at, in seconds since 1970; now when absent.
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    now: Option<i64>,
}

/// Header lines as names and values. A line that is none is not shown: a signature may stand in it.
pub(super) fn headers(lines: &[String]) -> Result<Vec<(String, String)>, Stop> {
    let wrong = |nth| Stop::wrong(format!("--header number {} is no header", nth + 1)).instead("write \"Name: value\"");
    lines.iter().enumerate().map(|(nth, line)| webhook::header_line(line).ok_or_else(|| wrong(nth))).collect()
}

impl SchemeArguments {
    pub(super) fn profile(&self) -> Result<Profile, Stop> {
        if let Some(profile) = Profile::named(&self.scheme) {
            return Ok(profile);
        }
        Ok(Profile::custom(&self.custom()?))
    }

    /// The settings of the scheme custom.
    fn custom(&self) -> Result<Custom, Stop> {
        let custom = Custom {
            header: self.signature_header.clone().unwrap_or_default(),
            prefix: self.signature_prefix.clone(),
            encoding: match self.encoding {
                Written::Hex => Encoding::Hex,
                Written::Base64 => Encoding::Base64,
            },
            algorithm: match self.algorithm {
                Hash::Sha256 => Algorithm::Sha256,
                Hash::Sha512 => Algorithm::Sha512,
            },
            template: self.template.clone(),
            timestamp_header: self.timestamp_header.clone(),
            id_header: self.id_header.clone(),
        };
        custom.check().map_err(|problem| {
            Stop::wrong(problem.to_string()).instead("see golive webhook verify --help: The scheme custom")
        })?;
        Ok(custom)
    }

    /// The same as a plan has them; `None` for any other scheme.
    pub(super) fn custom_keys(&self) -> Result<Option<serde_json::Value>, Stop> {
        if self.scheme != "custom" {
            return Ok(None);
        }
        let custom = self.custom()?;
        let encoding = if custom.encoding == Encoding::Hex { "hex" } else { "base64" };
        let algorithm = if custom.algorithm == Algorithm::Sha256 { "sha256" } else { "sha512" };
        Ok(Some(serde_json::json!({
            "header": custom.header, "prefix": custom.prefix, "encoding": encoding, "algorithm": algorithm,
            "template": custom.template, "timestamp_header": custom.timestamp_header, "id_header": custom.id_header,
        })))
    }

    /// The secrets, each from its variable. A variable that is not set is a wrong call; one that is empty is a secret
    /// under which nothing is genuine.
    pub(super) fn secrets(&self, machine: &Machine) -> Result<Vec<SecretString>, Stop> {
        let read = |name: &String| {
            let value = machine.environment.get(name).cloned();
            value.map(SecretString::from).ok_or_else(|| {
                Stop::wrong(format!("the variable {name} is not set, or is no text"))
                    .instead("a secret is never an argument: put it into a variable and name that")
            })
        };
        self.secrets.iter().map(read).collect()
    }

    pub(super) const fn tolerance(&self) -> Duration {
        Duration::from_secs(self.tolerance)
    }
}

impl MessageArguments {
    pub(super) fn headers(&self) -> Result<Vec<(String, String)>, Stop> {
        headers(&self.headers)
    }

    pub(super) fn now(&self) -> Result<Timestamp, Stop> {
        let wrong = |_| Stop::wrong("--now is no moment").instead("give seconds since 1970, as date +%s does");
        self.now.map_or_else(|| Ok(clock::now().at), |seconds| Timestamp::from_second(seconds).map_err(wrong))
    }

    /// The path, from the URL where only that was given; needed where the scheme signs it.
    pub(super) fn path(&self, profile: &Profile) -> Result<String, Stop> {
        let of_url = || self.url.as_deref().and_then(path_of);
        match self.path.clone().or_else(of_url) {
            Some(path) => Ok(path),
            None if profile.signs_path() && self.url.is_some() => {
                Err(Stop::wrong("--url is no URL whose path could be signed")
                    .instead("write it as it was sent, or add --path"))
            }
            None if profile.signs_path() => Err(Stop::wrong(format!("{} signs the path", profile.name()))
                .instead("add --path /the/path, as it stands in the request")),
            None => Ok(String::new()),
        }
    }

    pub(super) fn url(&self, profile: &Profile) -> Result<&str, Stop> {
        match self.url.as_deref().filter(|url| !url.is_empty()) {
            None if profile.signs_url() => Err(Stop::wrong(format!("{} signs the whole URL", profile.name()))
                .instead("add --url https://…, exactly as the provider was given it")),
            url => Ok(url.unwrap_or_default()),
        }
    }
}

fn path_of(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    uri.host()?;
    Some(uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()))
}

/// The raw body, from a file or from standard input; too large is a refusal, and no wrong call.
#[expect(clippy::disallowed_methods, reason = "the body of a message that a person has in a file")]
pub(super) fn body(named: &Path) -> Result<Result<Vec<u8>, Reason>, Stop> {
    let mut body = Vec::new();
    let read = if named == Path::new("-") {
        std::io::stdin().lock().take(LARGEST_BODY + 1).read_to_end(&mut body)
    } else {
        std::fs::File::open(named).and_then(|file| file.take(LARGEST_BODY + 1).read_to_end(&mut body))
    };
    read.map_err(|error| Stop::wrong(format!("the body cannot be read from {}: {error}", named.display())))?;
    Ok(if body.len() as u64 > LARGEST_BODY { Err(Reason::TooLarge) } else { Ok(body) })
}

/// The same where there is nothing to refuse.
pub(super) fn body_to_send(named: &Path) -> Result<Vec<u8>, Stop> {
    body(named)?.map_err(|_| Stop::wrong(format!("the body is larger than {} MiB", LARGEST_BODY >> 20)))
}
