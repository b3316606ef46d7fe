//! The world's configuration: env files as an application would have them, with the faults that lie in them.
#![expect(clippy::disallowed_methods, reason = "the world writes its own files")]

use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::demo::faults::{Fault, Faults};

/// The world's credentials, made up when it starts. They open nothing but this world.
#[derive(Clone)]
pub struct Credentials {
    /// The application's id with the payment API.
    pub api_key: SecretString,
    /// What requests and callbacks are signed with.
    pub api_secret: SecretString,
    /// The merchant's own webhook layer.
    pub webhook_secret: SecretString,
    /// The address of the chat channel: whoever knows it may write there.
    pub slack_webhook: SecretString,
    /// What notices to the operations endpoint are signed with.
    pub ops_webhook: SecretString,
    /// The mail account's password.
    pub smtp_password: SecretString,
    /// Supabase's key for browsers.
    anonymous_key: SecretString,
    /// Supabase's key that no row is safe from.
    service_role_key: SecretString,
}

impl Credentials {
    /// New ones.
    pub(super) fn make() -> Self {
        let (anonymous_key, service_role_key) = (token("anon"), token("service_role"));
        let channel: String = make().expose_secret().chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            api_key: make(),
            api_secret: make(),
            webhook_secret: make(),
            slack_webhook: format!("https://hooks.slack.com/services/{channel}").into(),
            ops_webhook: format!("whsec_{}", STANDARD.encode(make().expose_secret())).into(),
            smtp_password: make(),
            anonymous_key,
            service_role_key,
        }
    }

    /// What the env file holds, with the faults that are on.
    fn written(&self, faults: &Faults) -> [String; 3] {
        let own =
            [&self.api_key, &self.api_secret, &self.webhook_secret].map(|secret| secret.expose_secret().to_owned());
        let [api_key, mut api_secret, mut webhook_secret] = own;
        if faults.is_on(Fault::DevCredentials) {
            return ["test_", "dev-", "sandbox-"].map(|prefix| format!("{prefix}{}", make().expose_secret()));
        }
        if faults.is_on(Fault::WeakSecret) {
            api_secret = "qwertyuiopasdfg".to_owned();
        }
        if faults.is_on(Fault::SharedSecret) {
            webhook_secret.clone_from(&api_secret);
        }
        [api_key, api_secret, webhook_secret]
    }
}

/// Forty random characters of all classes, without a word in them that a check could take for a placeholder.
fn make() -> SecretString {
    const LETTERS: &[u8] = b"BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz";
    let random = || {
        (ulid::Ulid::generate().random() as u64)
            .to_be_bytes()
            .into_iter()
            .chain((ulid::Ulid::generate().random() as u64).to_be_bytes())
    };
    let bytes: Vec<u8> = random().chain(random()).chain(random()).take(40).collect();
    let text: String = bytes
        .iter()
        .enumerate()
        .map(|(at, byte)| match at % 8 {
            3 => char::from(b"23456789"[usize::from(*byte) % 8]),
            6 => char::from(b"-_.~"[usize::from(*byte) % 4]),
            _ => char::from(LETTERS[usize::from(*byte) % LETTERS.len()]),
        })
        .collect();
    SecretString::from(text)
}

/// A signed token as Supabase gives them out; its signature is made up.
fn token(role: &str) -> SecretString {
    let part = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let claims = format!(r#"{{"iss":"supabase","ref":"academy","role":"{role}","iat":1761955200,"exp":2077315200}}"#);
    let signature = part(&make().expose_secret().as_bytes()[..32]);
    format!("{}.{}.{signature}", part(br#"{"alg":"HS256","typ":"JWT"}"#), part(claims.as_bytes())).into()
}

/// Writes `.env`, `.env.production` and `.env.production.local` (the secrets, readable by their owner alone).
pub(super) fn write(folder: &Path, credentials: &Credentials, faults: &Faults) -> io::Result<()> {
    std::fs::write(folder.join(".env"), "# Values for every mode.\nVITE_APP_NAME=\"Academy\"\n")?;
    std::fs::write(folder.join(".env.production"), production(credentials, faults))?;
    let [api_key, api_secret, webhook_secret] = credentials.written(faults);
    let secrets = format!(
        "# Made up for this demo. Server side only: no VITE_ prefix.\nIKHOKHA_API_KEY='{api_key}'\nIKHOKHA_API_SECRET='{api_secret}'\nIKHOKHA_WEBHOOK_SECRET='{webhook_secret}'\nSLACK_WEBHOOK_URL='{}'\nOPS_WEBHOOK_SECRET='{}'\nSMTP_PASSWORD='{}'\n",
        credentials.slack_webhook.expose_secret(),
        credentials.ops_webhook.expose_secret(),
        credentials.smtp_password.expose_secret(),
    );
    let path = folder.join(".env.production.local");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    io::Write::write_all(&mut file, secrets.as_bytes())
}

/// What is on in production.
const SWITCHED_ON: &[&str] = &[
    "VITE_ENABLE_ENHANCED_WEBHOOK_VALIDATION",
    "VITE_ENABLE_CARD_PAYMENT_THREAT_DETECTION",
    "VITE_ENABLE_CARD_PAYMENT_AUDIT_LOGGING",
    "VITE_ENABLE_SECURITY_LOGGING",
    "VITE_ENABLE_ERROR_TRACKING",
    "VITE_ENABLE_PAYMENT_MONITORING",
    "VITE_ENABLE_BUSINESS_METRICS",
    "VITE_ENABLE_HEALTH_CHECKS",
    "VITE_ENABLE_CARD_PAYMENT_FAST_TRACK",
    "VITE_ENABLE_ENHANCED_REAL_TIME_SYNC",
    "VITE_ENABLE_BULLETPROOF_PERSISTENCE",
    "VITE_ENABLE_IMMEDIATE_ACCESS_GRANTING",
    "VITE_ENABLE_OPTIMISTIC_UI_UPDATES",
];

fn production(credentials: &Credentials, faults: &Faults) -> String {
    let is_service = faults.is_on(Fault::ServiceRoleKey);
    let rows_key = if is_service { &credentials.service_role_key } else { &credentials.anonymous_key };
    let test_mode = faults.is_on(Fault::TestMode);
    let scheme = if faults.is_on(Fault::PlainHttp) { "http" } else { "https" };
    let mut lines = vec![
        "VITE_NODE_ENV=production".to_owned(),
        format!("VITE_IKHOKHA_TEST_MODE={test_mode}"),
        "VITE_IKHOKHA_TIMEOUT=45000".to_owned(),
        "VITE_IKHOKHA_RETRY_ATTEMPTS=3".to_owned(),
        "VITE_IKHOKHA_RETRY_DELAY=2000".to_owned(),
        "VITE_ENABLE_WEBHOOK_VALIDATION=true".to_owned(),
        "VITE_REQUIRE_HTTPS=true".to_owned(),
        "VITE_ENABLE_PAYMENT_LOGGING=true".to_owned(),
        format!("VITE_PRODUCTION_URL={scheme}://academy.example"),
        format!("VITE_APP_URL={scheme}://academy.example"),
        format!("VITE_PAYMENT_RETURN_URL={scheme}://academy.example/?payment=done"),
        format!("VITE_PAYMENT_CANCEL_URL={scheme}://academy.example/?payment=cancelled"),
        format!("VITE_WEBHOOK_ENDPOINT={scheme}://academy.example/api/ikhokha/webhook"),
        "VITE_WEBHOOK_SIGNATURE_ALGORITHM=sha256".to_owned(),
        "DATABASE_URL=sqlite:data/academy.db".to_owned(),
        "VITE_WEBHOOK_TIMESTAMP_TOLERANCE=300".to_owned(),
        format!("VITE_ENABLE_PERFORMANCE_MONITORING={}", !faults.is_on(Fault::NoMonitoring)),
        "VITE_DEBUG=false".to_owned(),
        format!("VITE_SUPABASE_ANON_KEY={}", rows_key.expose_secret()),
    ];
    lines.extend(SWITCHED_ON.iter().map(|name| format!("{name}=true")));
    if faults.is_on(Fault::ExposedSecret) {
        let [_, api_secret, _] = credentials.written(faults);
        lines.push(format!("VITE_IKHOKHA_API_SECRET={api_secret}"));
    }
    if !faults.is_on(Fault::MissingVariable) {
        lines.push("VITE_IKHOKHA_API_URL=https://api.ikhokha.com/public-api/v1/api".to_owned());
    }
    lines.join("\n") + "\n"
}
