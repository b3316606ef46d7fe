//! MySQL and MariaDB. The library makes its own connections, so it is told the one address, and the roots to trust.

use std::net::SocketAddr;
use std::path::Path;

use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder, Params, Row, SslOpts, Value};
use secrecy::ExposeSecret;
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use crate::check::sql::place::Place;
use crate::check::sql::rows::{Rows, number};
use crate::check::sql::{Answered, Question};
use crate::core::evidence::Timings;
use crate::network::{Network, Trouble, within};

/// No packet is larger.
const LARGEST: usize = 4 << 20;
/// Where systems keep the roots that they trust.
const SYSTEM_ROOTS: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

pub(super) async fn ask(question: &Question, network: &Network, deadline: Instant) -> Result<Answered, Trouble> {
    let place = &question.place;
    let mut timings = Timings::default();
    let began = Instant::now();
    let (addresses, overridden) = network.addresses(&place.host, place.port, deadline).await?;
    timings.dns = (!overridden).then(|| began.elapsed());
    let mut trouble = Trouble::NoSuchName(place.host.clone());
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(1);
        let until = Instant::now() + deadline.saturating_duration_since(Instant::now()) / left;
        let connecting = Conn::new(options(question, network, *address));
        match within(until, &format!("the login at {}", place.shown()), connecting).await {
            Ok(Ok(connection)) => {
                let rows = converse(question, connection, *address).await?;
                return Ok(Answered {
                    rows,
                    address: Some(*address),
                    tls: question.tls,
                    timings,
                    at: (question.clock)().at,
                });
            }
            Ok(Err(error)) => trouble = told(&error, place, *address),
            Err(late) => trouble = late,
        }
        if !matches!(trouble, Trouble::Refused(_) | Trouble::Unreachable(_) | Trouble::TooLate { .. }) {
            break;
        }
    }
    Err(trouble)
}

fn options(question: &Question, network: &Network, address: SocketAddr) -> OptsBuilder {
    let place = &question.place;
    let tls = question.tls.then(|| {
        let bare = place.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let options = SslOpts::default().with_danger_tls_hostname_override(Some(bare));
        match network.roots() {
            Some(roots) => options.with_root_certs(vec![roots.to_vec().into()]).with_disable_built_in_roots(true),
            None => {
                let system = SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists());
                options.with_root_certs(system.map(|path| path.to_path_buf().into()).into_iter().collect())
            }
        }
    });
    OptsBuilder::default()
        .ip_or_hostname(address.ip().to_string())
        .tcp_port(address.port())
        .user(Some(place.user.clone()))
        .pass(place.password.as_ref().map(|password| password.expose_secret().to_owned()))
        .db_name(Some(place.database.clone()))
        .prefer_socket(false)
        .max_allowed_packet(Some(LARGEST))
        .wait_timeout(Some(60))
        .stmt_cache_size(0)
        .ssl_opts(tls)
}

async fn converse(question: &Question, mut connection: Conn, address: SocketAddr) -> Result<Rows, Trouble> {
    let told = |error: Error| told(&error, &question.place, address);
    let access = if question.writes { "READ WRITE" } else { "READ ONLY" };
    connection.query_drop(format!("START TRANSACTION {access}")).await.map_err(told)?;
    let parameters = if question.with.is_empty() {
        Params::Empty
    } else {
        Params::Positional(question.with.iter().map(|text| Value::Bytes(text.as_bytes().to_vec())).collect())
    };
    // A prepared statement is one statement: nothing can be hung on behind it.
    let mut result = connection.exec_iter(question.query.as_str(), parameters).await.map_err(told)?;
    let mut found = Rows::default();
    let mut more = true;
    while more && let Some(row) = result.next().await.map_err(told)? {
        more = found.push(read(row), question.max_rows)?;
    }
    if more {
        drop(result);
        connection.query_drop("COMMIT").await.map_err(told)?;
    }
    Ok(found)
}

fn read(row: Row) -> Map<String, Json> {
    let columns = row.columns();
    let values = row.unwrap_raw();
    columns
        .iter()
        .zip(values)
        .map(|(column, value)| (column.name_str().into_owned(), json(value, column.column_type())))
        .collect()
}

fn json(value: Option<Value>, of: ColumnType) -> Json {
    match value {
        None | Some(Value::NULL) => Json::Null,
        Some(Value::Int(whole)) => whole.into(),
        Some(Value::UInt(whole)) => i64::try_from(whole).map_or_else(|_| whole.into(), Json::from),
        Some(Value::Float(number)) => number.into(),
        Some(Value::Double(number)) => number.into(),
        Some(Value::Bytes(bytes)) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            match of {
                ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => number(&text),
                ColumnType::MYSQL_TYPE_JSON => serde_json::from_str(&text).unwrap_or(Json::String(text)),
                _ => Json::String(text),
            }
        }
        Some(date @ (Value::Date(..) | Value::Time(..))) => date.as_sql(true).trim_matches('\'').into(),
    }
}

/// MySQL's codes in a person's words.
fn told(error: &Error, place: &Place, address: SocketAddr) -> Trouble {
    let at = format!("{}:{}", place.host, place.port);
    match error {
        Error::Server(refused) => match refused.code {
            1045 | 1698 => Trouble::Denied(format!(
                "{at} does not take the password of user \"{}\": {}",
                place.user, refused.message
            )),
            1044 | 1142 | 1143 | 1227 => {
                Trouble::Denied(format!("user \"{}\" may not: {}", place.user, refused.message))
            }
            1049 => Trouble::Configuration(format!("there is no database \"{}\" at {at}", place.database)),
            3159 | 4031 => Trouble::Tls(format!("{at} lets nobody in without it; say tls = \"verify\"")),
            1040 | 1203 | 1226 => Trouble::Unavailable(format!("{at} takes no more connections: {}", refused.message)),
            1053 | 1079 => Trouble::Unavailable(format!("{at} is stopping: {}", refused.message)),
            1792 | 1290 => Trouble::Configuration("the statement writes, and a check only reads".into()),
            _ => Trouble::Configuration(format!("the query cannot be answered: {}", refused.message)),
        },
        Error::Io(IoError::Io(broken)) => match broken.kind() {
            std::io::ErrorKind::ConnectionRefused
            | std::io::ErrorKind::HostUnreachable
            | std::io::ErrorKind::NetworkUnreachable => Trouble::of_connect(address, broken),
            _ if broken.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => Trouble::of_handshake(broken),
            _ => Trouble::of_stream(broken),
        },
        Error::Io(IoError::Tls(refused)) => Trouble::Tls(refused.to_string()),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => Trouble::Tls(format!("{at} does not speak it")),
        Error::Driver(DriverError::StmtParamsMismatch { required, supplied }) => {
            Trouble::Configuration(format!("the query has {required} places, and `with` fills {supplied}"))
        }
        Error::Driver(DriverError::ConnectionClosed) => {
            Trouble::Protocol("the other side closed the connection".into())
        }
        other => Trouble::Protocol(format!("{at} does not speak MySQL: {other}")),
    }
}
