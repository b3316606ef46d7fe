//! golive's speed, each figure beside its floor in one run on one machine: `cargo bench -- [alert_rules|checks|decisions|https|replay|scan|screen]`.
//!
//! A number without its floor proves nothing: disks, cores and terminals differ, ratios travel. Loads are bounded in
//! count and time and stay on loopback; counts come from the target, never from golive itself. docs/PERFORMANCE.md
//! keeps the results with date and machine.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a bench measures the world: clocks, files, processes")]

mod alert_rules;
mod checks;
mod decisions;
mod https;
mod measure;
mod replay;
mod scan;
mod screen;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The parts of a bench that run in processes of their own, so that their CPU is theirs alone.
        ["target"] => checks::target(),
        ["floor", which, port] => checks::floor(which, port.parse().expect("a port")),
        ["https-target", root] => https::target(root, false),
        ["https-target-resuming", root] => https::target(root, true),
        ["https-floor", root, port] => https::floor(root, port.parse().expect("a port")),
        ["hello"] => screen::hello(),
        ["scan-alone", path] => scan::alone(path, true),
        [] => {
            alert_rules::run();
            checks::run();
            decisions::run();
            https::run();
            replay::run();
            scan::run();
            screen::run();
        }
        several => several.iter().for_each(|name| match *name {
            "alert_rules" => alert_rules::run(),
            "checks" => checks::run(),
            "decisions" => decisions::run(),
            "https" => https::run(),
            "replay" => replay::run(),
            "scan" => scan::run(),
            "screen" => screen::run(),
            other => {
                println!("no figure is called {other}: alert_rules, checks, decisions, https, replay, scan, screen");
            }
        }),
    }
}
