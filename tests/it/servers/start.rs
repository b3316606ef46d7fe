//! Servers as the tests need them: from Debian's packages, on loopback, in a folder of their own, ended with the test.
//! PostgreSQL and MariaDB refuse to run as root: where the tests do, they run as `nobody`.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, Issuer, KeyPair};
use tempfile::TempDir;

/// `nobody` on every Debian.
const NOBODY: u32 = 65_534;
/// So long a server may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Finds a program, or says that its test is skipped; in CI, where the gate installs them, it must be there.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = path.split(':').map(PathBuf::from).collect();
    places.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    let found =
        places.iter().flat_map(|place| names.iter().map(move |name| place.join(name))).find(|path| path.is_file());
    if found.is_none() {
        skipped(names[0]);
    }
    found
}

/// Says that a test is skipped for want of something; in CI it must be there.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
pub(crate) fn skipped(what: &str) {
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!must, "{what} is not here, and CI=true says that it has to be");
    eprintln!("SKIPPED: {what} is not installed here");
}

/// A server's process, ended when it is dropped, with its folder.
pub(crate) struct Running {
    child: Child,
    _folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn folder() -> TempDir {
    let folder = TempDir::with_prefix("golive-server-").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A command that is not run as root.
pub(crate) fn unprivileged(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("HOME", folder).stdin(Stdio::null());
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said} {}", String::from_utf8_lossy(&output.stdout));
}

pub(crate) fn started(command: &mut Command, folder: TempDir, port: u16) -> Running {
    let log = fs::File::create(folder.path().join("log")).unwrap();
    command.stdout(log.try_clone().unwrap()).stderr(log);
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut running = Running { child, _folder: folder };
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = || fs::read_to_string(running._folder.path().join("log")).unwrap_or_default();
        assert!(running.child.try_wait().unwrap().is_none(), "{command:?} ended: {}", log());
        assert!(Instant::now() < until, "{command:?} does not come up: {}", log());
        std::thread::sleep(Duration::from_millis(100));
    }
    running
}

/// A certificate for a name, its key, and the root that signed it, in this folder and outside of it.
pub(crate) fn certificates(folder: &Path, name: &str) -> PathBuf {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap();
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::new(params, key)).unwrap();
    fs::write(folder.join("server.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("server.key"), leaf_key.serialize_pem()).unwrap();
    fs::write(folder.join("ca.pem"), root.pem()).unwrap();
    fs::set_permissions(folder.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(folder.join("server.key"), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder.join("ca.pem")
}

pub(crate) struct Postgres {
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    _running: Running,
}

impl Postgres {
    /// With user `app`, database `shop`, and a table `orders`.
    pub(crate) fn start(password: &str) -> Option<Self> {
        let (server, initdb, psql) = (program(&["postgres"])?, program(&["initdb"])?, program(&["psql"])?);
        let (folder, port) = (folder(), free_port());
        let path = folder.path().to_path_buf();
        let ca = certificates(&path, "db.example");
        let place = path.join("place");
        let set_up =
            ["-D", place.to_str().unwrap(), "-U", "owner", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        done(unprivileged(&initdb, &path).args(set_up));
        let rules = "local all owner trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(place.join("pg_hba.conf"), rules).unwrap();
        let mut command = unprivileged(&server, &path);
        command.args([
            "-D",
            place.to_str().unwrap(),
            "-p",
            &port.to_string(),
            "-h",
            "127.0.0.1",
            "-k",
            path.to_str().unwrap(),
        ]);
        let files = [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")];
        for (name, file) in files {
            command.args(["-c", &format!("{name}={}", path.join(file).display())]);
        }
        command.args(["-c", "ssl=on", "-c", "fsync=off", "-c", "shared_buffers=16MB"]);
        let running = started(&mut command, folder, port);
        let script = format!(
            "CREATE ROLE app LOGIN PASSWORD '{password}'; CREATE DATABASE shop OWNER app;\n\\c shop\nSET ROLE app; CREATE TABLE orders (id int8, state text); INSERT INTO orders VALUES (1, 'paid');"
        );
        fs::write(path.join("set-up.sql"), script).unwrap();
        let mut psql = unprivileged(&psql, &path);
        psql.args(["-h", path.to_str().unwrap(), "-p", &port.to_string(), "-U", "owner", "-d", "postgres", "-q"]);
        done(psql.args(["-v", "ON_ERROR_STOP=1", "-f", "set-up.sql"]));
        Some(Self { port, ca, _running: running })
    }
}

pub(crate) struct Maria {
    pub(crate) port: u16,
    pub(crate) ca: PathBuf,
    _running: Running,
}

impl Maria {
    /// With user `app`, database `shop`, and a table `orders`.
    pub(crate) fn start(password: &str) -> Option<Self> {
        let server = program(&["mariadbd", "mysqld"])?;
        let install = program(&["mariadb-install-db", "mysql_install_db"])?;
        let (folder, port) = (folder(), free_port());
        let path = folder.path().to_path_buf();
        let ca = certificates(&path, "db.example");
        let place = format!("--datadir={}", path.join("place").display());
        let mut set_up = unprivileged(&install, &path);
        done(set_up.args(["--no-defaults", &place, "--auth-root-authentication-method=normal", "--skip-test-db"]));
        let script = format!(
            "CREATE DATABASE shop; CREATE TABLE shop.orders (id BIGINT, state TEXT); INSERT INTO shop.orders VALUES (1, 'paid'); CREATE USER app@'%' IDENTIFIED BY '{password}'; GRANT ALL ON *.* TO app@'%'; DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES;"
        );
        fs::write(path.join("set-up.sql"), script.replace("; ", ";\n")).unwrap();
        let mut command = unprivileged(&server, &path);
        command.args(["--no-defaults", &place, "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        command.arg(format!("--port={port}")).arg(format!("--socket={}", path.join("s").display()));
        command.arg(format!("--init-file={}", path.join("set-up.sql").display()));
        command.arg(format!("--ssl-cert={}", path.join("server.pem").display()));
        command.arg(format!("--ssl-key={}", path.join("server.key").display()));
        let running = started(&mut command, folder, port);
        Some(Self { port, ca, _running: running })
    }
}

pub(crate) struct Redis {
    pub(crate) port: u16,
    _running: Running,
}

impl Redis {
    pub(crate) fn start(password: &str) -> Option<Self> {
        let server = program(&["redis-server", "valkey-server"])?;
        let (folder, port) = (folder(), free_port());
        let path = folder.path().to_path_buf();
        let settings = format!("port {port}\nbind 127.0.0.1\nsave \"\"\nrequirepass {password}\n");
        fs::write(path.join("redis.conf"), settings).unwrap();
        let running = started(unprivileged(&server, &path).arg("redis.conf"), folder, port);
        Some(Self { port, _running: running })
    }
}

pub(crate) struct Nginx {
    pub(crate) port: u16,
    _running: Running,
}

impl Nginx {
    pub(crate) fn start() -> Option<Self> {
        let server = program(&["nginx"])?;
        let (folder, port, nobody) = (folder(), free_port(), free_port());
        let path = folder.path().to_path_buf();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {};\n", path.join(name).display()))
            .collect();
        let settings = format!(
            "daemon off;\nmaster_process off;\npid {0}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}server {{\nlisten 127.0.0.1:{port};\nlocation = / {{ return 200 \"well\"; }}\nlocation /shut {{ deny all; }}\nlocation /behind {{ proxy_pass http://127.0.0.1:{nobody}; }}\nlocation /limited {{ add_header Retry-After 7 always; return 429; }}\nlocation / {{ return 404; }}\n}}\n}}\n",
            path.display()
        );
        fs::write(path.join("nginx.conf"), settings).unwrap();
        let mut command = unprivileged(&server, &path);
        command.args(["-p", path.to_str().unwrap(), "-c", path.join("nginx.conf").to_str().unwrap(), "-e", "stderr"]);
        let running = started(&mut command, folder, port);
        Some(Self { port, _running: running })
    }
}

pub(crate) struct Prometheus {
    pub(crate) port: u16,
    _running: Running,
}

impl Prometheus {
    pub(crate) fn start() -> Option<Self> {
        let server = program(&["prometheus"])?;
        let (folder, port) = (folder(), free_port());
        let path = folder.path().to_path_buf();
        fs::write(path.join("prometheus.yml"), "rule_files: [rules.yml]\n").unwrap();
        let rules = "groups: [{ name: g, rules: [{ alert: Always, expr: vector(1) }] }]\n";
        fs::write(path.join("rules.yml"), rules).unwrap();
        let mut command = unprivileged(&server, &path);
        command
            .arg("--config.file=prometheus.yml")
            .arg(format!("--storage.tsdb.path={}", path.join("place").display()));
        let running = started(command.arg(format!("--web.listen-address=127.0.0.1:{port}")), folder, port);
        // It listens before it is ready.
        std::thread::sleep(Duration::from_secs(2));
        Some(Self { port, _running: running })
    }
}
