//! E-mail through a real mail server (aiosmtpd, in Debian python3-aiosmtpd) with STARTTLS and a login: the letter that
//! comes out of it reads well to a person, and the check kind `smtp` tells that server's troubles apart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use golive::clock;
use golive::core::notice::{About, Happened, Notice, NoticeKey, OfAlert};
use golive::model::alert::Level;
use golive::model::failure::FailureClass;
use golive::model::id::{AlertId, KindName, NotifierId, SessionId};
use golive::model::notifier::Notifier;
use golive::model::plan;
use golive::model::text::SafeText;
use golive::model::values::{Origin, Value, Values};
use golive::network::Network;
use golive::notify::{Refused, Roster, Taken};

use crate::servers::start::{self, Running, certificates, folder, free_port, program, started, unprivileged};
use crate::servers::{LONG, PASSWORD, ask, holds};

struct Mail {
    port: u16,
    folder: PathBuf,
    ca: PathBuf,
    _running: Running,
}

impl Mail {
    fn start() -> Option<Self> {
        // Debian's package is for the system's own Python, which need not be the first one in the path.
        let pythons = [Some(PathBuf::from("/usr/bin/python3")), program(&["python3"])];
        let has = |python: &PathBuf| {
            let output = Command::new(python).args(["-c", "import aiosmtpd"]).output();
            output.is_ok_and(|output| output.status.success())
        };
        let Some(python) = pythons.into_iter().flatten().find(has) else {
            start::skipped("python3-aiosmtpd");
            return None;
        };
        let (place, port) = (folder(), free_port());
        let path = place.path().to_path_buf();
        let ca = certificates(&path, "mail.example");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail/server.py");
        let mut command = unprivileged(&python, &path);
        // What runs under another name finds the script where it can read it.
        command.args(["-c", &std::fs::read_to_string(script).unwrap(), &port.to_string()]).arg(&path);
        let running = started(command.env("MAIL_PASSWORD", PASSWORD), place, port);
        Some(Self { port, folder: path, ca, _running: running })
    }

    /// The letter of that number, once it is there.
    fn letter(&self, number: usize) -> String {
        let path = self.folder.join(format!("{number}.eml"));
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match std::fs::read_to_string(&path) {
                Ok(letter) => return letter,
                Err(error) => assert!(Instant::now() < until, "no letter {number}: {error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn letters(&self) -> usize {
        let names = std::fs::read_dir(&self.folder).unwrap().flatten();
        names.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "eml")).count()
    }
}

fn notice(happened: Happened) -> Notice {
    let (text, alert) = (SafeText::from_foreign, AlertId::new("payment_processing_failure"));
    Notice {
        key: NoticeKey::new(&SessionId::new("01SESSION"), alert.as_str(), 7, &NotifierId::new("email")),
        to: NotifierId::new("email"),
        at: "2026-11-27T14:01:10Z".parse().unwrap(),
        service: text("academy-checkout"),
        environment: text("production"),
        about: About::Alert(Box::new(OfAlert {
            alert,
            title: text("Payments fail – für alle"),
            level: Level::Critical,
            happened,
            value: text("7"),
            threshold: text(">= 5"),
            by: None,
            note: None,
            impact: Some(text("customers try to pay and cannot")),
            remedy: Some(text(
                "look at ikhokha_api_status first; if the provider answers, at the application's errors",
            )),
        })),
        head: None,
    }
}

/// Sends by the plan's own roster, as the outbox does.
async fn send(mail: &Mail, keys: &str, ca: Option<&Path>, notice: &Notice) -> Result<Taken, Refused> {
    let mut values = Values::default();
    values.insert("credentials.right", Value::secret(PASSWORD.to_owned().into(), Origin::Plan));
    values.insert("credentials.wrong", Value::secret("FAKE-another-one".to_owned().into(), Origin::Plan));
    let resolve = BTreeMap::from(
        ["mail.example:587", "other.example:587"].map(|name| (name.to_owned(), format!("127.0.0.1:{}", mail.port))),
    );
    let network = plan::Network { resolve, ca: ca.map(Path::to_path_buf) };
    let network = Network::new(&network, Path::new(".")).unwrap();
    let written = format!(
        "from = \"golive <golive@academy.example>\"\nto = [\"On call <oncall@academy.example>\", \"ops@academy.example\"]\n\
         username = \"golive\"\n{keys}"
    );
    let table: toml::Table = toml::from_str(&written).unwrap();
    let options = serde_json::to_value(table).unwrap().as_object().unwrap().clone();
    let email = Notifier { kind: KindName::new("email"), options, ..crate::outbox::notifier("email") };
    let mut plan = (*crate::scenario::plan_of(&[], &[])).clone();
    plan.notifiers = vec![email];
    Roster::new(&plan, &values, true).send(notice, &network, clock::now).await
}

const RIGHT: &str = "server = \"mail.example\"\npassword = \"{{ credentials.right }}\"\n";

#[tokio::test]
async fn a_letter_comes_out_of_a_real_mail_server_and_reads_well() {
    let Some(mail) = Mail::start() else { return };
    let taken = send(&mail, RIGHT, Some(&mail.ca), &notice(Happened::Fired)).await.unwrap();
    assert_eq!(taken.answer.as_str(), "250 queued as 1");
    let letter = mail.letter(1);
    let envelope =
        "X-Envelope: golive@academy.example to oncall@academy.example, ops@academy.example; tls=True login=True";
    assert!(letter.starts_with(envelope), "{letter}");
    for line in [
        "From: golive <golive@academy.example>",
        "To: \"On call\" <oncall@academy.example>, ops@academy.example",
        "Message-ID: <01SESSION-payment_processing_failure-7-email@academy.example>",
        "References: <academy-checkout.payment_processing_failure@academy.example>",
        "X-Golive-Event: alert.fired",
    ] {
        assert!(letter.contains(line), "no {line:?} in\n{letter}");
    }
    // As a mail program shows it: Python's own reader, which decodes subject and text.
    let reader = "import email, email.policy, sys\nm = email.message_from_file(sys.stdin, policy=email.policy.default)\n\
                  print(m['subject'])\nprint(m.get_body(('plain',)).get_content(), end='')";
    let shown = piped("python3", &["-c", reader], &letter);
    let expected = "\
[academy-checkout] CRITICAL fires: Payments fail – für alle
CRITICAL fires: Payments fail – für alle

Customers try to pay and cannot

   service  academy-checkout (production)
     alert  payment_processing_failure, critical
      seen  7
 threshold  >= 5
what to do  look at ikhokha_api_status first; if the provider answers, at the application's errors
        at  2026-11-27 14:01:10 UTC

-- 
golive, 01SESSION-payment_processing_failure-7-email
";
    assert_eq!(shown.replace("\r\n", "\n").trim_end(), expected.trim_end());
    assert!(!letter.contains(PASSWORD));
    send(&mail, RIGHT, Some(&mail.ca), &notice(Happened::Resolved)).await.unwrap();
    let over = piped("python3", &["-c", reader], &mail.letter(2));
    assert!(over.starts_with("[academy-checkout] Resolved: Payments fail"), "{over}");
}

#[tokio::test]
async fn a_real_mail_server_gets_nothing_where_something_is_wrong() {
    let Some(mail) = Mail::start() else { return };
    let wrong = RIGHT.replace("right", "wrong");
    let other = RIGHT.replace("mail.example", "other.example");
    for (what, keys, ca, says) in [
        ("wrong password", wrong.as_str(), Some(mail.ca.as_path()), "535"),
        ("a certificate for another name", other.as_str(), Some(mail.ca.as_path()), "certificate"),
        ("a certificate that nobody here knows", RIGHT, None, "certificate"),
    ] {
        let refused = send(&mail, keys, ca, &notice(Happened::Fired)).await.unwrap_err();
        assert!(refused.why.as_str().to_lowercase().contains(says), "{what}: {refused:?}");
        assert!(!refused.why.as_str().contains("FAKE"), "{what}: {refused:?}");
    }
    assert_eq!(mail.letters(), 0);
}

#[tokio::test]
async fn the_smtp_check_tells_a_real_mail_servers_troubles_apart() {
    let Some(mail) = Mail::start() else { return };
    let resolve = ["mail.example:587", "other.example:587"].map(|name| (name, mail.port));
    let keys = |host: &str, password: &str, more: &str| {
        format!("address = \"{host}\"\nuser = \"golive\"\npassword = \"{{{{ credentials.{password} }}}}\"\n{more}")
    };
    let parties = "sender = \"golive@academy.example\"\nrecipient = \"oncall@academy.example\"";
    let nobody = parties.replace("oncall", "nobody");
    let ca = Some(mail.ca.as_path());
    for (what, keys, ca, class, says) in [
        ("well", keys("mail.example", "right", parties), ca, None, "greets"),
        ("wrong password", keys("mail.example", "wrong", ""), ca, Some(FailureClass::Denied), "535"),
        ("nobody reads", keys("mail.example", "right", &nobody), ca, Some(FailureClass::Configuration), "550"),
        ("another name", keys("other.example", "right", ""), ca, Some(FailureClass::Tls), "TLS refused"),
        ("unknown roots", keys("mail.example", "right", ""), None, Some(FailureClass::Tls), "TLS refused"),
    ] {
        holds(what, &ask("smtp", &keys, &resolve, ca, LONG).await, class, says);
    }
    let closed = [("mail.example:587", free_port())];
    let evidence = ask("smtp", &keys("mail.example", "right", ""), &closed, ca, LONG).await;
    holds("down", &evidence, Some(FailureClass::Refused), "refused");
    assert_eq!(mail.letters(), 0, "a check sends no letter");
}

fn piped(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
