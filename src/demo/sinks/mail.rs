//! A mail server with STARTTLS: it takes no letter before the line is encrypted and the sender has signed in.
#![expect(clippy::disallowed_methods, reason = "a server has a task for each connection")]

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::demo::sinks::{Arrived, MAIL, Sinks};

/// A line or a letter beyond this ends the conversation.
const LARGEST: usize = 1 << 20;

/// Serves until the world ends.
pub(in crate::demo) fn serve(listener: std::net::TcpListener, tls: TlsAcceptor, end: CancellationToken, sinks: Sinks) {
    tokio::spawn(async move {
        let listener = TcpListener::from_std(listener).expect("a bound, non-blocking listener inside a runtime");
        loop {
            let stream = tokio::select! {
                () = end.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = stream else { continue };
            let (tls, end, sinks) = (tls.clone(), end.clone(), sinks.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = end.cancelled() => {}
                    // A conversation that breaks off has nobody left to tell.
                    _ = conversation(stream, &tls, &sinks) => {}
                }
            });
        }
    });
}

async fn conversation(stream: TcpStream, tls: &TlsAcceptor, sinks: &Sinks) -> io::Result<()> {
    let mut open = BufReader::new(stream);
    say(&mut open, &format!("220 {MAIL} ESMTP")).await?;
    loop {
        let line = line(&mut open).await?;
        match word(&line).as_str() {
            "EHLO" => say(&mut open, &format!("250-{MAIL}\r\n250 STARTTLS")).await?,
            "STARTTLS" => {
                say(&mut open, "220 go ahead").await?;
                let secure = tls.accept(open.into_inner()).await?;
                return encrypted(BufReader::new(secure), sinks).await;
            }
            "QUIT" => return say(&mut open, "221 bye").await,
            "" => return Ok(()),
            _ => say(&mut open, "530 5.7.0 must issue a STARTTLS command first").await?,
        }
    }
}

async fn encrypted<S: AsyncRead + AsyncWrite + Unpin>(mut open: BufReader<S>, sinks: &Sinks) -> io::Result<()> {
    let (mut signed_in, mut readers) = (false, 0_u32);
    loop {
        let line = line(&mut open).await?;
        let reply = match word(&line).as_str() {
            "EHLO" => format!("250-{MAIL}\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
            "AUTH" => {
                signed_in = is_ours(&line, sinks);
                if signed_in { "235 2.7.0 welcome".to_owned() } else { "535 5.7.8 no such account".to_owned() }
            }
            _ if line.is_empty() => return Ok(()),
            "QUIT" => return say(&mut open, "221 bye").await,
            _ if !signed_in => "530 5.7.0 sign in first".to_owned(),
            "MAIL" | "NOOP" | "RSET" => "250 2.1.0 yes".to_owned(),
            "RCPT" => {
                readers += 1;
                "250 2.1.5 yes".to_owned()
            }
            "DATA" if readers == 0 => "503 5.5.1 to whom?".to_owned(),
            "DATA" => {
                say(&mut open, "354 end with a dot").await?;
                let letter = letter(&mut open).await?;
                let key = header(&letter, "X-Golive-Key");
                sinks.keep(Arrived { at: "email", key, text: letter });
                "250 2.0.0 taken".to_owned()
            }
            _ => "502 5.5.2 what?".to_owned(),
        };
        say(&mut open, &reply).await?;
    }
}

async fn say<S: AsyncWrite + Unpin>(open: &mut S, line: &str) -> io::Result<()> {
    open.write_all(format!("{line}\r\n").as_bytes()).await?;
    open.flush().await
}

async fn line<S: AsyncRead + Unpin>(open: &mut BufReader<S>) -> io::Result<String> {
    let mut line = Vec::new();
    tokio::io::AsyncReadExt::take(&mut *open, LARGEST as u64).read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn word(line: &str) -> String {
    line.split(' ').next().unwrap_or_default().to_uppercase()
}

/// `AUTH PLAIN` with this world's account.
fn is_ours(line: &str, sinks: &Sinks) -> bool {
    let said = line.rsplit(' ').next().and_then(|encoded| STANDARD.decode(encoded).ok()).unwrap_or_default();
    said == format!("\0golive\0{}", sinks.credentials.smtp_password.expose_secret()).into_bytes()
}

/// Everything up to the single dot, dots at the beginning of a line unstuffed, quoted-printable read.
async fn letter<S: AsyncRead + Unpin>(open: &mut BufReader<S>) -> io::Result<String> {
    let mut letter = String::new();
    loop {
        let line = line(open).await?;
        if line == "." || letter.len() > LARGEST {
            return Ok(readable(&letter));
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
        letter.push('\n');
    }
}

/// Soft line breaks joined: a code or a word is not cut in two.
fn readable(letter: &str) -> String {
    letter.replace("=\n", "")
}

fn header(letter: &str, name: &str) -> Option<String> {
    let head = letter.split("\n\n").next()?;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
}
