//! The TLS sessions of servers whose chain was verified, so that the next connection to one of them need not verify it
//! again: that is half of what HTTPS costs.
//!
//! One memory belongs to one configuration, hence to one set of roots and one client: nothing that other roots verified
//! is resumed. Whoever judges a chain has a configuration that resumes nothing; and every few minutes each server has to
//! show its chain anew, so that one that has ended or was changed is not passed over for long.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use tokio::time::Instant;

/// So many servers are remembered; the one that was asked for longest ago is forgotten first.
const MOST_SERVERS: usize = 1_024;
/// A ticket is good for one connection. So many are kept of a server that is asked by one check after the other, and so
/// many of one that is asked by many at once: each holds the server's whole chain.
const FEWEST_TICKETS: usize = 2;
const MOST_TICKETS: usize = 32;
/// So long sessions are resumed; then a whole handshake is due.
const CHAIN_HOLDS: Duration = Duration::from_mins(5);

/// The sessions.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    servers: HashMap<ServerName<'static>, Known>,
    /// Grows with each question.
    asked: u64,
}

/// What is known of a server.
struct Known {
    /// When it was asked for last.
    asked: u64,
    /// When it had to show its chain last.
    shown: Instant,
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    /// Oldest first.
    tickets: VecDeque<Tls13ClientSessionValue>,
    /// So many tickets are kept.
    room: usize,
}

impl Memory {
    /// What is known of a server, which is remembered from now on.
    fn of(&mut self, server: ServerName<'static>) -> &mut Known {
        if self.servers.len() >= MOST_SERVERS && !self.servers.contains_key(&server) {
            let oldest = self.servers.iter().min_by_key(|(_, known)| known.asked).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.servers.remove(&name));
        }
        self.asked += 1;
        let asked = self.asked;
        let known = self.servers.entry(server).or_insert_with(Known::new);
        known.asked = asked;
        known
    }

    /// What may be resumed of a server: nothing once its chain has to be seen again.
    fn resumable(&mut self, server: &ServerName<'static>) -> Option<&mut Known> {
        let known = self.servers.get_mut(server)?;
        if known.shown.elapsed() > CHAIN_HOLDS {
            known.shown = Instant::now();
            known.tls12 = None;
            known.tickets.clear();
        }
        Some(known)
    }
}

impl Known {
    fn new() -> Self {
        let shown = Instant::now();
        Self { asked: 0, shown, group: None, tls12: None, tickets: VecDeque::new(), room: FEWEST_TICKETS }
    }

    fn keep(&mut self, ticket: Tls13ClientSessionValue) {
        while self.tickets.len() >= self.room {
            self.tickets.pop_front();
        }
        self.tickets.push_back(ticket);
    }

    /// The youngest ticket. Who finds none came at the same time as others: next time there is room for more.
    fn take(&mut self) -> Option<Tls13ClientSessionValue> {
        let ticket = self.tickets.pop_back();
        if ticket.is_none() {
            self.room = (self.room * 2).min(MOST_TICKETS);
        }
        ticket
    }
}

impl Sessions {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.memory().of(server).group = Some(group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.memory().servers.get(server).and_then(|known| known.group)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.memory().of(server).tls12 = Some(session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        let memory = self.memory();
        let known = memory.servers.get(server).filter(|known| known.shown.elapsed() <= CHAIN_HOLDS);
        known.and_then(|known| known.tls12.clone())
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        if let Some(known) = self.memory().servers.get_mut(server) {
            known.tls12 = None;
        }
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.memory().of(server).keep(ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.memory().resumable(server).and_then(Known::take)
    }
}

impl fmt::Debug for Sessions {
    /// Sessions are secrets: how many servers, and no more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sessions with {} servers", self.memory().servers.len())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::client::Resumption;
    use rustls::crypto::ring;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{
        ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
        SideData,
    };

    use super::*;

    /// A server's configuration, and a client's that trusts it and has a memory of its own.
    fn both() -> (Arc<ServerConfig>, ClientConfig) {
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let mut root = CertificateParams::new(Vec::<String>::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut roots = RootCertStore::empty();
        roots.add(root.self_signed(&root_key).unwrap().der().clone()).unwrap();
        let leaf = CertificateParams::new(vec!["shop.example".to_owned(), "other.example".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = server.unwrap().with_no_client_auth().with_single_cert(vec![leaf.der().clone()], private);
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.resumption = Resumption::store(Arc::new(Sessions::default()));
        (Arc::new(server.unwrap()), client)
    }

    fn pour<A: SideData, B: SideData>(from: &mut ConnectionCommon<A>, to: &mut ConnectionCommon<B>) -> bool {
        let mut bytes = Vec::new();
        while from.wants_write() {
            from.write_tls(&mut bytes).unwrap();
        }
        let mut left = &bytes[..];
        while !left.is_empty() {
            to.read_tls(&mut left).unwrap();
            to.process_new_packets().unwrap();
        }
        !bytes.is_empty()
    }

    /// Connections that are opened at the same time, and are done one after the other.
    fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, host: &'static str, many: usize) -> Vec<bool> {
        let name = ServerName::try_from(host).unwrap();
        let open = |_| ClientConnection::new(Arc::clone(client), name.clone()).unwrap();
        let opened: Vec<ClientConnection> = (0..many).map(open).collect();
        let done = opened.into_iter().map(|mut client| {
            let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
            while pour(&mut client, &mut server) | pour(&mut server, &mut client) {}
            client.writer().write_all(b"?").unwrap();
            pour(&mut client, &mut server);
            server.reader().read_exact(&mut [0]).unwrap();
            client.handshake_kind() == Some(HandshakeKind::Resumed)
        });
        done.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_is_verified_once_and_again_after_some_minutes() {
        let (server, client) = both();
        let client = Arc::new(client);
        assert_eq!(connect(&client, &server, "shop.example", 1), [false]);
        tokio::time::advance(Duration::from_mins(4)).await;
        assert_eq!(connect(&client, &server, "shop.example", 1), [true]);
        tokio::time::advance(Duration::from_mins(2)).await;
        assert_eq!(connect(&client, &server, "shop.example", 1), [false], "its chain has to be seen again");
        assert_eq!(connect(&client, &server, "shop.example", 1), [true]);
    }

    #[test]
    fn what_is_asked_by_many_at_once_is_resumed_by_all_of_them() {
        let (server, client) = both();
        let client = Arc::new(client);
        // Who comes in a crowd finds no ticket the first few times; then there is room for one each.
        for _ in 0..6 {
            connect(&client, &server, "shop.example", 32);
        }
        let resumed = connect(&client, &server, "shop.example", 32);
        assert_eq!(resumed.iter().filter(|resumed| **resumed).count(), 32);
    }

    #[test]
    fn nothing_is_resumed_under_another_name_or_by_whoever_has_other_roots() {
        let (server, client) = both();
        let sessions = Arc::new(Sessions::default());
        let with = |client: &ClientConfig| {
            let mut client = client.clone();
            client.resumption = Resumption::store(Arc::<Sessions>::clone(&sessions));
            Arc::new(client)
        };
        let own = with(&client);
        connect(&own, &server, "shop.example", 1);
        assert_eq!(connect(&own, &server, "other.example", 1), [false], "another name");
        // Even one memory for both would not carry what one of them verified over to the other.
        let (_, stranger) = both();
        let stranger = with(&stranger);
        let name = ServerName::try_from("shop.example").unwrap();
        let mut refused = ClientConnection::new(stranger, name).unwrap();
        let mut theirs = ServerConnection::new(Arc::clone(&server)).unwrap();
        pour(&mut refused, &mut theirs);
        let mut bytes = Vec::new();
        theirs.write_tls(&mut bytes).unwrap();
        refused.read_tls(&mut &bytes[..]).unwrap();
        assert!(refused.process_new_packets().is_err(), "it does not trust this server, and says so");
    }

    #[test]
    fn of_many_servers_the_one_that_was_asked_longest_ago_is_forgotten() {
        let mut memory = Memory::default();
        let name = |number: usize| ServerName::try_from(format!("host-{number}.example")).unwrap();
        for number in 0..MOST_SERVERS {
            memory.of(name(number));
        }
        memory.of(name(0));
        memory.of(name(MOST_SERVERS));
        assert_eq!(memory.servers.len(), MOST_SERVERS);
        assert!(memory.servers.contains_key(&name(0)) && !memory.servers.contains_key(&name(1)));
    }
}
