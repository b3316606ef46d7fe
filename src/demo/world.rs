//! The world as a whole: its folder, its servers on a thread of their own, its faults.
#![expect(clippy::disallowed_methods, reason = "the world writes its own files and has its own tasks")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::ServerConfig;
use rustls::crypto::ring;
use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::demo::application::{self, Application};
use crate::demo::authority::Authority;
use crate::demo::callbacks::Callbacks;
use crate::demo::customers::Customers;
use crate::demo::environment::{self, Credentials};
use crate::demo::faults::{Fault, Faults};
use crate::demo::ground::{Ground, GroundError};
use crate::demo::met::Met;
use crate::demo::payment_api::{self, PaymentApi};
use crate::demo::reconciler::{Reconciled, Reconciler};
use crate::demo::sinks::{self, Arrived, Sinks};
use crate::demo::switchboard::Switchboard;
use crate::demo::team::Team;
use crate::demo::{control, previous, server, site};

/// Why a world cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The folder that was named is none for a world.
    #[error("{0}: the demo would write over it")]
    Folder(String),
    /// Its files cannot be written.
    #[error("the demo's folder cannot be written: {0}")]
    Files(#[from] std::io::Error),
    /// Its certificates cannot be made.
    #[error("the demo's certificates cannot be made: {0}")]
    Certificates(#[from] rcgen::Error),
    /// TLS cannot be set up.
    #[error("the demo's TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// Its customers cannot be sent out.
    #[error("the demo's customers cannot be sent out: {0}")]
    Customers(#[from] reqwest::Error),
    /// Its database cannot be made.
    #[error("the demo's database cannot be made: {0}")]
    Database(#[from] rusqlite::Error),
}

impl From<GroundError> for WorldError {
    fn from(error: GroundError) -> Self {
        match error {
            GroundError::Files(error) => Self::Files(error),
            refused => Self::Folder(refused.to_string()),
        }
    }
}

/// A running world. Dropping it ends everything and takes its folder away, unless the folder was named.
pub struct World {
    folder: PathBuf,
    _own: Option<TempDir>,
    _ground: Ground,
    ports: Ports,
    credentials: Credentials,
    faults: Faults,
    token: String,
    sinks: Sinks,
    end: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy)]
struct Ports {
    https: SocketAddr,
    /// The second replica of the application, under the same name.
    replica: SocketAddr,
    http: SocketAddr,
    control: SocketAddr,
    smtp: SocketAddr,
}

impl World {
    /// Makes a world in a folder of its own, or in the one that is named, with these faults from the start.
    ///
    /// # Errors
    /// If the folder holds what no demo put there or another demo serves from it, or its files, certificates or
    /// listeners cannot be made.
    pub fn start(folder: Option<&Path>, faults: &[Fault]) -> Result<Self, WorldError> {
        let own = if folder.is_none() { Some(TempDir::with_prefix("golive-demo-")?) } else { None };
        let folder = folder.map(Path::to_path_buf).or_else(|| own.as_ref().map(|own| own.path().to_path_buf()));
        let folder = folder.unwrap_or_default();
        let (ground, folder) = Ground::claim(&folder)?;
        let (switchboard, credentials) = (Faults::default(), Credentials::make());
        site::write(&folder)?;
        environment::write(&folder, &credentials, &switchboard)?;
        site::release(&folder)?;
        Application::create_database(&folder)?;
        let names: Vec<&str> = [application::HOST, previous::HOST, payment_api::HOST, "localhost", sinks::MAIL]
            .into_iter()
            .chain(sinks::HTTPS_NAMES)
            .collect();
        let authority = Authority::new(&names, clock::now().at, switchboard.clone())?;
        std::fs::write(folder.join("ca.pem"), &authority.root)?;
        let token = ulid::Ulid::generate().to_string();
        let end = CancellationToken::new();
        let sinks = Sinks::new(folder.clone(), credentials.clone());
        let set_up = SetUp {
            folder: folder.clone(),
            credentials: credentials.clone(),
            faults: switchboard.clone(),
            token: token.clone(),
            sinks: sinks.clone(),
            end: end.clone(),
        };
        let (ports, thread) = set_up.run(authority)?;
        site::write_plan(&folder, [ports.https.port(), ports.replica.port()], ports.http.port(), ports.smtp.port())?;
        let world = Self {
            folder,
            _own: own,
            _ground: ground,
            ports,
            credentials,
            faults: switchboard,
            token,
            sinks,
            end,
            thread: Some(thread),
        };
        for fault in faults {
            world.set(*fault, true)?;
        }
        Ok(world)
    }

    /// Turns a fault on or off while the world runs.
    ///
    /// # Errors
    /// If its files cannot be changed.
    pub fn set(&self, fault: Fault, on: bool) -> Result<(), WorldError> {
        Ok(inject(&self.folder, &self.credentials, &self.faults, fault, on)?)
    }

    /// Its switchboard, to be held by whoever flies in it.
    #[must_use]
    pub fn switchboard(&self) -> Switchboard {
        let (folder, credentials) = (self.folder.clone(), self.credentials.clone());
        Switchboard { folder, credentials, faults: self.faults.clone() }
    }

    /// The folder with everything in it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The plan that flies over this world.
    #[must_use]
    pub fn plan(&self) -> PathBuf {
        self.folder.join("golive.toml")
    }

    /// The switchboard.
    #[must_use]
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The made-up credentials.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What golive told people, as it arrived: oldest first.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        self.sinks.arrived()
    }

    /// The code in the latest message that has one: what a person would type back.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        sinks::code(&self.arrived())
    }

    /// Everything that somebody needs who wants to write plans against this world. The credentials in it open nothing
    /// else.
    #[must_use]
    pub fn describe(&self) -> serde_json::Value {
        let env_files = [".env", ".env.production", ".env.production.local"].map(|name| self.folder.join(name));
        let switchboard = format!("http://{}/faults", self.ports.control);
        json!({
            "https": self.ports.https.to_string(),
            "http": self.ports.http.to_string(),
            "names": { "application": application::HOST, "payment_api": payment_api::HOST },
            "resolve": resolve(self.ports),
            "ca": self.folder.join("ca.pem"),
            "plan": self.plan(),
            "folder": self.folder,
            "env_files": env_files,
            "credentials": {
                "api_key": self.credentials.api_key.expose_secret(),
                "api_secret": self.credentials.api_secret.expose_secret(),
                "webhook_secret": self.credentials.webhook_secret.expose_secret(),
            },
            "control": { "url": switchboard, "header": control::TOKEN_HEADER, "token": self.token },
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic in it has been printed already; there is nothing more to do with it here.
            let _ = thread.join();
        }
    }
}

fn resolve(ports: Ports) -> BTreeMap<String, String> {
    let of_sinks = sinks::HTTPS_NAMES.map(|name| (format!("{name}:443"), ports.https.to_string()));
    let mut resolve = BTreeMap::from([
        (format!("{}:587", sinks::MAIL), ports.smtp.to_string()),
        (format!("{}:443", application::HOST), ports.https.to_string()),
        (format!("{}:80", application::HOST), ports.http.to_string()),
        (format!("{}:443", previous::HOST), ports.https.to_string()),
        (format!("{}:443", payment_api::HOST), ports.https.to_string()),
    ]);
    resolve.extend(of_sinks);
    resolve
}

/// Makes a fault real, or mends it.
pub(super) fn inject(
    folder: &Path,
    credentials: &Credentials,
    faults: &Faults,
    fault: Fault,
    on: bool,
) -> std::io::Result<()> {
    faults.set(fault, on);
    match fault {
        Fault::TestMode
        | Fault::SharedSecret
        | Fault::DevCredentials
        | Fault::WeakSecret
        | Fault::MissingVariable
        | Fault::PlainHttp
        | Fault::NoMonitoring
        | Fault::ExposedSecret
        | Fault::ServiceRoleKey
        | Fault::OldBundle => {
            environment::write(folder, credentials, faults)?;
            site::write_code(folder, faults.is_on(Fault::ExposedSecret))?;
            // Variables are compiled in: whoever changes them builds again.
            site::rebuild(folder)
        }
        Fault::DatabaseDown => {
            let database = Application::database(folder);
            let away = database.with_extension("db.away");
            let (from, to) = if on { (database, away) } else { (away, database) };
            match std::fs::rename(from, to) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        }
        Fault::KnownVulnerability => site::write_audit(folder, on),
        Fault::MigrationBehind => Application::set_newest_migration(folder, !on).map_err(std::io::Error::other),
        Fault::OldVersionBroken => previous::set_broken(folder, on).map_err(std::io::Error::other),
        Fault::FailedDeploy => site::set_stumbling_stone(folder, on),
        Fault::ExpiredCertificate
        | Fault::PaymentOutage
        | Fault::SlowApi
        | Fault::SyncDelay
        | Fault::VolumeDrop
        | Fault::NoRehearsal
        | Fault::OpenWebhook
        | Fault::ReplayedWebhook
        | Fault::RedirectingCallback
        | Fault::SuccessPage
        | Fault::AnyAmount
        | Fault::LateFailure
        | Fault::LostCallbacks
        | Fault::BackendTestMode
        | Fault::ShortPayment
        | Fault::UnrefundedPayment
        | Fault::ClockSkew
        | Fault::QuotaLow
        | Fault::FlagsDiffer
        | Fault::UnloggedRefusals
        | Fault::ExposedFiles
        | Fault::SickReplica => Ok(()),
    }
}

/// How long a slow payment API takes to make a link.
const SLOW: std::time::Duration = std::time::Duration::from_millis(1_800);

/// What the world's thread needs.
struct SetUp {
    folder: PathBuf,
    credentials: Credentials,
    faults: Faults,
    token: String,
    sinks: Sinks,
    end: CancellationToken,
}

impl SetUp {
    /// Starts the servers on a thread of their own and gives their addresses.
    fn run(self, authority: Authority) -> Result<(Ports, JoinHandle<()>), WorldError> {
        let root = authority.root.clone();
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(authority));
        let tls = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (https, replica) = (server::listen()?, server::listen()?);
        let (http, control) = (server::listen()?, server::listen()?);
        let smtp = sinks::listen()?;
        let ports = Ports { https: https.1, replica: replica.1, http: http.1, control: control.1, smtp: smtp.1 };
        let client = client(&root, ports)?;
        let end = self.end.clone();
        let thread = std::thread::Builder::new().name("demo-world".into()).spawn(move || {
            runtime.block_on(async move {
                let met = Met::nothing();
                let customers = Customers {
                    client,
                    credentials: self.credentials.clone(),
                    faults: self.faults.clone(),
                    met: met.clone(),
                    folder: self.folder.clone(),
                };
                sinks::serve_mail(smtp.0, tls.clone(), self.end.clone(), self.sinks.clone());
                let known = Reconciled::new();
                let reconciler = Reconciler {
                    shop: customers.clone(),
                    callbacks: self.callbacks(),
                    folder: self.folder.clone(),
                    known: known.clone(),
                };
                self.serve(tls, [https.0, replica.0], http.0, control.0, (met, known));
                let team = Team { shop: customers.clone() };
                tokio::join!(customers.pay(end.clone()), reconciler.work(end.clone()), team.pays(end));
            });
        })?;
        Ok((ports, thread))
    }

    fn callbacks(&self) -> Callbacks {
        Callbacks {
            log: Callbacks::log(&self.folder),
            credentials: self.credentials.clone(),
            faults: self.faults.clone(),
        }
    }

    fn serve(
        self,
        tls: TlsAcceptor,
        [https, replica]: [std::net::TcpListener; 2],
        http: std::net::TcpListener,
        control: std::net::TcpListener,
        (met, reconciled): (Met, Reconciled),
    ) {
        let instance = |instance: &'static str| {
            Arc::new(Application {
                instance,
                folder: self.folder.clone(),
                callbacks: self.callbacks(),
                faults: self.faults.clone(),
                met: met.clone(),
                reconciled: reconciled.clone(),
            })
        };
        let (application, second) = (instance("web-1"), instance("web-2"));
        server::serve(replica, Some(tls.clone()), self.end.clone(), move |asked| {
            std::future::ready(second.answer(&asked))
        });
        let api = Arc::new(PaymentApi {
            credentials: self.credentials.clone(),
            faults: self.faults.clone(),
            links: Mutex::default(),
            asked: Mutex::default(),
        });
        let (secure, slow) = (Arc::clone(&application), self.faults.clone());
        let (sinks, folder) = (self.sinks.clone(), self.folder.clone());
        server::serve(https, Some(tls), self.end.clone(), move |asked| {
            let is_api = server::host_of(&asked) == payment_api::HOST;
            let of_sinks = sinks.answer(&asked);
            let answer = of_sinks.unwrap_or_else(|| match server::host_of(&asked) {
                payment_api::HOST => api.answer(&asked),
                previous::HOST => previous::answered(&folder, &asked),
                _ => secure.answer(&asked),
            });
            let slow = is_api && asked.method() == http::Method::POST && slow.is_on(Fault::SlowApi);
            async move {
                if slow {
                    tokio::time::sleep(SLOW).await;
                }
                answer
            }
        });
        let faults = self.faults.clone();
        server::serve(http, None, self.end.clone(), move |asked| {
            let plain = faults.is_on(Fault::PlainHttp);
            std::future::ready(if plain { unprotected(application.answer(&asked)) } else { to_https(&asked) })
        });
        let Self { folder, credentials, faults, token, sinks: _, end } = self;
        server::serve(control, None, end, move |asked| {
            let set = |fault, on| inject(&folder, &credentials, &faults, fault, on);
            std::future::ready(control::answer_to(&asked, &token, &faults, &set))
        });
    }
}

/// An answer as a server without https gives it.
fn unprotected(mut answer: server::Answer) -> server::Answer {
    answer.headers_mut().remove(http::header::STRICT_TRANSPORT_SECURITY);
    answer
}

fn to_https(asked: &server::Asked) -> server::Answer {
    let path = asked.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut answer = server::text(http::StatusCode::MOVED_PERMANENTLY, "text/plain", Vec::new());
    let location = format!("https://{}{path}", server::host_of(asked));
    if let Ok(location) = http::HeaderValue::from_str(&location) {
        answer.headers_mut().insert(http::header::LOCATION, location);
    }
    answer
}

/// The customers' client: it knows the world's names and trusts its authority.
fn client(root: &str, ports: Ports) -> reqwest::Result<reqwest::Client> {
    // Another part of the process may have chosen the provider already, and it is the same one.
    let _ = ring::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(root.as_bytes())?;
    reqwest::Client::builder()
        .tls_certs_only([root])
        .no_proxy()
        // Payment providers follow none.
        .redirect(reqwest::redirect::Policy::none())
        .resolve(application::HOST, ports.https)
        .resolve(payment_api::HOST, ports.https)
        .timeout(std::time::Duration::from_secs(5))
        .build()
}
