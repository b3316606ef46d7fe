//! PostgreSQL: our own connection and TLS below `tokio-postgres`, one transaction, its answer decoded by type.

use std::error::Error as _;
use std::pin::pin;

use bytes::{BufMut, BytesMut};
use futures_util::StreamExt;
use secrecy::ExposeSecret;
use serde_json::{Map, Value as Json};
use tokio::time::Instant;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::check::sql::place::Place;
use crate::check::sql::rows::{Rows, number};
use crate::check::sql::{Answered, Question};
use crate::core::evidence::Timings;
use crate::network::{Bounded, Network, Trouble, within};

/// So many bytes are read of one connection.
const LARGEST: usize = 16 << 20;

type Boxed = Box<dyn std::error::Error + Sync + Send>;

pub(super) async fn ask(question: &Question, network: &Network, deadline: Instant) -> Result<Answered, Trouble> {
    let place = &question.place;
    let mut timings = Timings::default();
    let connected = network.connect(&place.host, place.port, deadline, &mut timings).await?;
    let stream = Bounded::new(connected.stream, LARGEST);
    let mut config = tokio_postgres::Config::new();
    config.user(&place.user).dbname(&place.database).application_name("golive");
    config.ssl_mode(if question.tls { SslMode::Require } else { SslMode::Disable });
    if let Some(password) = &place.password {
        config.password(password.expose_secret());
    }
    let what = format!("the login at {}", place.shown());
    let rows = if question.tls {
        let mut maker = MakeRustlsConnect::new(network.tls().as_ref().clone());
        let bare = place.host.trim_start_matches('[').trim_end_matches(']');
        let tls = MakeTlsConnect::<Bounded<tokio::net::TcpStream>>::make_tls_connect(&mut maker, bare)
            .map_err(|error| Trouble::Tls(error.to_string()))?;
        let (client, connection) =
            within(deadline, &what, config.connect_raw(stream, tls)).await?.map_err(|error| told(&error, place))?;
        alongside(connection, place, converse(question, &client, deadline)).await?
    } else {
        let (client, connection) =
            within(deadline, &what, config.connect_raw(stream, NoTls)).await?.map_err(|error| told(&error, place))?;
        alongside(connection, place, converse(question, &client, deadline)).await?
    };
    Ok(Answered { rows, address: Some(connected.address), tls: question.tls, timings, at: (question.clock)().at })
}

/// Drives the connection while the conversation goes on; no task is needed for it.
async fn alongside<T>(
    connection: impl Future<Output = Result<(), Error>>,
    place: &Place,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let (mut connection, mut work) = (pin!(connection), pin!(work));
    let mut driving = true;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            ended = &mut connection, if driving => match ended {
                Ok(()) => driving = false,
                Err(error) => return Err(told(&error, place)),
            },
        }
    }
}

async fn converse(question: &Question, client: &Client, deadline: Instant) -> Result<Rows, Trouble> {
    let told = |error: Error| told(&error, &question.place);
    let left = deadline.saturating_duration_since(Instant::now()).as_millis().max(1);
    let access = if question.writes { "READ WRITE" } else { "READ ONLY" };
    let begin = format!("BEGIN {access}; SET LOCAL statement_timeout = {left}");
    client.batch_execute(&begin).await.map_err(told)?;
    // The extended protocol takes one statement: nothing can be hung on behind it.
    let statement = client.prepare(&question.query).await.map_err(told)?;
    if statement.params().len() != question.with.len() {
        let (wanted, given) = (statement.params().len(), question.with.len());
        return Err(Trouble::Configuration(format!("the query has {wanted} places, and `with` fills {given}")));
    }
    let parameters = question.with.iter().map(|text| AsText(text));
    let stream = client.query_raw(&statement, parameters).await.map_err(told)?;
    let mut stream = pin!(stream);
    let mut found = Rows::default();
    while let Some(row) = stream.next().await.transpose().map_err(told)? {
        let mut read = Map::new();
        for (at, column) in row.columns().iter().enumerate() {
            let value: Option<Any> = row.try_get(at).map_err(|error| {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                Trouble::Configuration(format!("column {} cannot be read: {why}", column.name()))
            })?;
            read.insert(column.name().to_owned(), value.map_or(Json::Null, |value| value.0));
        }
        if !found.push(read, question.max_rows)? {
            // What is left is neither read nor asked for: the connection ends here.
            return Ok(found);
        }
    }
    client.batch_execute("COMMIT").await.map_err(told)?;
    Ok(found)
}

/// A parameter that the server reads as text, whatever type it takes it for.
#[derive(Debug)]
struct AsText<'a>(&'a str);

impl ToSql for AsText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// A value of any type that has a JSON form.
struct Any(Json);

impl<'a> FromSql<'a> for Any {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        let text = || std::str::from_utf8(raw).map(str::to_owned);
        Ok(Self(match *of {
            Type::BOOL => bool::from_sql(of, raw)?.into(),
            Type::INT2 => i16::from_sql(of, raw)?.into(),
            Type::INT4 => i32::from_sql(of, raw)?.into(),
            Type::INT8 => i64::from_sql(of, raw)?.into(),
            Type::OID => u32::from_sql(of, raw)?.into(),
            Type::FLOAT4 => f32::from_sql(of, raw)?.into(),
            Type::FLOAT8 => f64::from_sql(of, raw)?.into(),
            Type::NUMERIC => number(&numeric(raw).ok_or("it is no number")?),
            Type::JSON => serde_json::from_slice(raw)?,
            Type::JSONB => serde_json::from_slice(raw.get(1..).unwrap_or_default())?,
            Type::UUID => uuid(raw).into(),
            Type::BYTEA => hex::encode(&raw[..raw.len().min(4_096)]).into(),
            Type::TIMESTAMP | Type::TIMESTAMPTZ => moment(i64::from_sql(&Type::INT8, raw)?)?.into(),
            Type::DATE => moment(i64::from(i32::from_sql(&Type::INT4, raw)?) * 86_400_000_000)?[..10].into(),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML => text()?.into(),
            ref other if matches!(other.kind(), tokio_postgres::types::Kind::Enum(_)) => text()?.into(),
            ref other => return Err(format!("its type {other} has no JSON form: cast it to text").into()),
        }))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Microseconds since the first moment of 2000.
fn moment(micros: i64) -> Result<String, Boxed> {
    const MILLENNIUM: i64 = 946_684_800_000_000;
    let moment = jiff::Timestamp::from_microsecond(micros.checked_add(MILLENNIUM).ok_or("the date is out of range")?)?;
    Ok(moment.to_string())
}

fn uuid(raw: &[u8]) -> String {
    let text = hex::encode(raw);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// Groups of four decimal digits, as the binary protocol has them.
fn numeric(raw: &[u8]) -> Option<String> {
    let word = |at: usize| Some(i16::from_be_bytes([*raw.get(2 * at)?, *raw.get(2 * at + 1)?]));
    let (groups, weight, sign, scale) = (word(0)?, word(1)?, word(2)?.cast_unsigned(), word(3)?);
    if sign == 0xC000 {
        return Some("NaN".to_owned());
    }
    let group = |at: i16| if at >= 0 && at < groups { word(4 + usize::try_from(at).ok()?) } else { Some(0) };
    let mut whole = String::new();
    for at in 0..=weight.max(-1) {
        whole.push_str(&format!("{:04}", group(at)?));
    }
    let whole = whole.trim_start_matches('0');
    let mut fraction = String::new();
    let mut at = weight + 1;
    while fraction.len() < usize::try_from(scale).ok()? {
        fraction.push_str(&format!("{:04}", group(at)?));
        at += 1;
    }
    fraction.truncate(usize::try_from(scale).ok()?);
    let sign = if sign == 0x4000 { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// PostgreSQL's codes in a person's words.
fn told(error: &Error, place: &Place) -> Trouble {
    let at = format!("{}:{}", place.host, place.port);
    let Some(refused) = error.as_db_error() else { return told_below(error, &at) };
    let code = refused.code();
    let message = refused.message();
    let no_tls = message.contains("no encryption") || message.contains("SSL off");
    match *code {
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION if no_tls => {
            Trouble::Tls(format!("{at} lets nobody in without it; say tls = \"verify\""))
        }
        SqlState::INVALID_PASSWORD => {
            Trouble::Denied(format!("{at} does not take the password of user \"{}\"", place.user))
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Trouble::Denied(format!("{at} does not let user \"{}\" in: {message}", place.user))
        }
        SqlState::INVALID_CATALOG_NAME => {
            Trouble::Configuration(format!("there is no database \"{}\" at {at}", place.database))
        }
        SqlState::INSUFFICIENT_PRIVILEGE => Trouble::Denied(format!("user \"{}\" may not: {message}", place.user)),
        SqlState::READ_ONLY_SQL_TRANSACTION => {
            Trouble::Configuration("the statement writes, and a check only reads".into())
        }
        SqlState::QUERY_CANCELED => {
            Trouble::TooLate { what: format!("an answer of {}", place.shown()), after: std::time::Duration::ZERO }
        }
        SqlState::TOO_MANY_CONNECTIONS => Trouble::Unavailable(format!("{at} takes no more connections: {message}")),
        SqlState::CANNOT_CONNECT_NOW | SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN => {
            Trouble::Unavailable(format!("{at} is starting or stopping: {message}"))
        }
        _ if code.code().starts_with("53") => Trouble::Unavailable(format!("{at} is full: {message}")),
        _ => Trouble::Configuration(format!("the query cannot be answered: {message}")),
    }
}

fn told_below(error: &Error, at: &str) -> Trouble {
    let source = error.source();
    let text = source.map_or_else(|| error.to_string(), ToString::to_string);
    if let Some(broken) = source.and_then(|source| source.downcast_ref::<std::io::Error>()) {
        if broken.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            return Trouble::of_handshake(broken);
        }
        return Trouble::of_stream(broken);
    }
    match text.as_str() {
        text if text.contains("does not support TLS") => Trouble::Tls(format!("{at} does not speak it")),
        text if text.contains("password") => Trouble::Denied(format!("{at} wants a password, and the plan has none")),
        _ if error.is_closed() => Trouble::Protocol("the other side closed the connection".into()),
        text => Trouble::Protocol(format!("{at} does not speak PostgreSQL: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_keeps_its_digits() {
        let words = |words: &[i16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(numeric(&words(&[2, 0, 0, 2, 1234, 5000])).unwrap(), "1234.50");
        assert_eq!(numeric(&words(&[1, 1, 0x4000, 0, 12])).unwrap(), "-120000");
        assert_eq!(numeric(&words(&[1, -1, 0, 4, 5])).unwrap(), "0.0005");
        assert_eq!(numeric(&words(&[0, 0, 0, 0])).unwrap(), "0");
        assert_eq!(numeric(&[1]), None);
    }
}
