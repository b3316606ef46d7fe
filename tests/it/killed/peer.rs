//! A peer that misbehaves: takes, refuses, hangs, resets in the middle of a request or just before its answer, or is not
//! there at all; and remembers everything that reached it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::rules::random::Random;

/// A request that was read whole.
#[derive(Clone, Debug)]
pub(super) struct Came {
    pub(super) key: String,
    pub(super) to: String,
    /// The alert or notifier that it is about.
    pub(super) lane: String,
    pub(super) body: String,
    answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// 200, in good time.
    Taken,
    /// 500: it does not have it.
    Refused,
    /// It has it, and its answer never came, or too late.
    Lost,
}

impl Came {
    pub(super) fn has_it(&self) -> bool {
        self.answer != Answer::Refused
    }

    pub(super) fn is_taken(&self) -> bool {
        self.answer == Answer::Taken
    }
}

/// The peer. Its threads end with the test process.
pub(super) struct Peer {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    came: Mutex<Vec<Came>>,
    random: Mutex<Random>,
    down: AtomicBool,
    behaves: AtomicBool,
    /// Connections of which nobody knows yet what comes of them.
    reading: AtomicUsize,
}

impl Peer {
    pub(super) fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            came: Mutex::new(Vec::new()),
            random: Mutex::new(Random::new(seed)),
            down: AtomicBool::new(false),
            behaves: AtomicBool::new(false),
            reading: AtomicUsize::new(0),
        });
        let kept = Arc::clone(&shared);
        std::thread::spawn(move || listen(listener, port, &kept));
        Self { port, shared }
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Down is down: nobody listens at its port.
    pub(super) fn is_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    /// From now on it is there and takes everything.
    pub(super) fn behaves(&self) {
        self.is_down(false);
        self.shared.behaves.store(true, Ordering::Relaxed);
    }

    /// The same, once everything that was still on its way to it has been read: nobody sends any more.
    pub(super) fn came_in_all(&self) -> Vec<Came> {
        let mut calm = 0;
        while calm < 10 {
            calm = if self.shared.reading.load(Ordering::SeqCst) == 0 { calm + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(10));
        }
        self.came()
    }

    pub(super) fn came(&self) -> Vec<Came> {
        self.shared.came.lock().unwrap().clone()
    }
}

fn listen(listener: TcpListener, port: u16, shared: &Arc<Shared>) {
    let mut listening = Some(listener);
    loop {
        if shared.down.load(Ordering::Relaxed) {
            listening = None;
        } else if listening.is_none() {
            listening = TcpListener::bind(("127.0.0.1", port)).ok();
        }
        if let Some(listener) = &listening {
            listener.set_nonblocking(true).unwrap();
            while let Ok((mut stream, _)) = listener.accept() {
                let shared = Arc::clone(shared);
                shared.reading.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let came = read(&mut stream, &shared);
                    shared.reading.fetch_sub(1, Ordering::SeqCst);
                    if let Some(came) = came {
                        answer(&mut stream, &shared, &came);
                    }
                });
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A request that was read whole: where it stands among all that came, how it is answered, since when.
struct Whole {
    place: usize,
    mood: u64,
    began: Instant,
}

fn read(stream: &mut TcpStream, shared: &Shared) -> Option<Whole> {
    let began = Instant::now();
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mood = if shared.behaves.load(Ordering::Relaxed) { 0 } else { shared.random.lock().unwrap().below(12) };
    if mood == 11 {
        // In the middle of the request: what was sent lies unread, so this is a reset.
        let _ = stream.read(&mut [0; 20]);
        let _ = stream.shutdown(std::net::Shutdown::Both);
        return None;
    }
    let (head, body) = request(stream)?;
    let answer = match mood {
        0..=6 => Answer::Taken,
        7 | 8 => Answer::Refused,
        _ => Answer::Lost,
    };
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(name));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let to = head.split_whitespace().nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let said: serde_json::Value = serde_json::from_str(&body).unwrap();
    let about = [&said["data"]["alert"]["alert"], &said["data"]["notifier"]["id"]];
    let lane = about.into_iter().find_map(|id| id.as_str()).unwrap_or_default().to_owned();
    // Before it is answered: once golive has the answer, this stands here.
    let mut all = shared.came.lock().unwrap();
    all.push(Came { key: header("webhook-id:"), to, lane, body, answer });
    Some(Whole { place: all.len() - 1, mood, began })
}

fn answer(stream: &mut TcpStream, shared: &Shared, whole: &Whole) {
    let text: &[u8] = match whole.mood {
        0..=6 => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        7 | 8 => b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        9 => {
            // It hangs: golive gives up first.
            std::thread::sleep(Duration::from_secs(5));
            return;
        }
        _ => return,
    };
    let sent = stream.write_all(text).is_ok();
    let mut all = shared.came.lock().unwrap();
    let came = &mut all[whole.place];
    if came.answer == Answer::Taken && (!sent || whole.began.elapsed() > Duration::from_secs(1)) {
        came.answer = Answer::Lost;
    }
}

/// Head and body of a request, once it is whole.
fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(head).ok()?;
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length?];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}
