//! Where a database is, read from a URL as applications have it.

use secrecy::SecretString;

use crate::model::template::Filled;

/// Which database speaks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Postgres,
    Mysql,
    Sqlite,
}

impl Engine {
    /// By the URL's scheme.
    pub(super) fn of(url: &str) -> Option<Self> {
        match url.split(':').next()? {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::Mysql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }
}

/// A database and who asks it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) engine: Engine,
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
    pub(super) host: String,
    pub(super) port: u16,
    /// The database's name, or SQLite's file.
    pub(super) database: String,
    /// What the URL itself says of TLS.
    asked_tls: Option<bool>,
}

impl Place {
    /// Reads a URL; the password beside it comes before the one in it. Says what is wrong without showing it.
    pub(super) fn read(url: &str, password: Option<&Filled>) -> Result<Self, String> {
        let engine = Engine::of(url).ok_or("the database's URL begins with postgres://, mysql:// or sqlite:")?;
        let beside = password.map(|password| SecretString::from(password.expose().to_owned()));
        let (_, rest) = url.split_once(':').unwrap_or_default();
        let rest = rest.trim_start_matches("//");
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        if engine == Engine::Sqlite {
            let rest = if url.starts_with("sqlite:///") {
                format!("/{}", rest.trim_start_matches('/'))
            } else {
                rest.to_owned()
            };
            let (user, host, port) = (String::new(), String::new(), 0);
            return Ok(Self { engine, user, password: None, host, port, database: rest, asked_tls: Some(false) });
        }
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, inside) = match login.split_once(':') {
            Some((user, password)) => (decoded(user), Some(decoded(password))),
            None => (decoded(login), None),
        };
        let usual = if engine == Engine::Postgres { 5432 } else { 3306 };
        let named = crate::network::host_and_port(place, usual);
        let (host, port) = named.ok_or("the database's URL names no host")?;
        if database.is_empty() || user.is_empty() {
            return Err("the database's URL names no user or no database".to_owned());
        }
        let password = beside.or_else(|| inside.map(SecretString::from));
        Ok(Self { engine, user, password, host, port, database: decoded(database), asked_tls: asked_tls(query) })
    }

    /// Every host but this machine is asked over TLS, unless the URL itself forgoes it.
    pub(super) fn wants_tls(&self) -> bool {
        self.asked_tls.unwrap_or_else(|| !crate::network::is_this_machine(&self.host))
    }

    /// As a person knows it.
    pub(super) fn shown(&self) -> String {
        match self.engine {
            Engine::Sqlite => self.database.clone(),
            _ => format!("{}:{}/{}", self.host, self.port, self.database),
        }
    }
}

fn asked_tls(query: &str) -> Option<bool> {
    query.split('&').find_map(|pair| match pair.split_once('=') {
        Some(("sslmode" | "ssl-mode" | "ssl_mode" | "require_ssl", mode)) => match mode.to_ascii_lowercase().as_str() {
            "disable" | "disabled" | "false" => Some(false),
            "require" | "required" | "verify-ca" | "verify_ca" | "verify-full" | "verify_identity" | "true" => {
                Some(true)
            }
            _ => None,
        },
        _ => None,
    })
}

/// `%40` into `@`.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut read = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                read.push(byte);
                at += 3;
            }
            None => {
                read.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&read).into_owned()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_url_is_read_as_applications_write_it() {
        let place = Place::read("postgresql://app:FAKE%40pw@db.example/shop?sslmode=require", None).unwrap();
        assert_eq!((place.user.as_str(), place.port, place.database.as_str()), ("app", 5432, "shop"));
        assert_eq!(place.password.as_ref().unwrap().expose_secret(), "FAKE@pw");
        assert!(place.wants_tls());
        assert!(!Place::read("mysql://app@127.0.0.1:3307/shop", None).unwrap().wants_tls());
        assert!(Place::read("mysql://app@db.example/shop", None).unwrap().wants_tls());
        assert_eq!(Place::read("sqlite:data/shop.db", None).unwrap().database, "data/shop.db");
        assert_eq!(Place::read("sqlite:///srv/shop.db", None).unwrap().database, "/srv/shop.db");
        assert!(Place::read("postgres://db.example/shop", None).is_err());
        assert!(Place::read("oracle://x", None).is_err());
    }
}
