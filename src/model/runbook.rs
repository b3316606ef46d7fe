//! A runbook: what to do about a failing check, as people wrote it in Markdown, and its steps to be ticked off.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;

/// A runbook is read by somebody in a hurry: what is longer is cut.
pub const LONGEST: usize = 16 << 10;
/// So many steps can be ticked off.
const MOST_STEPS: usize = 40;
/// So much of a step is shown.
const LONGEST_STEP: usize = 600;

/// What to do about a failing check. Its text stands in the plan: a replay shows what people read that night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runbook {
    /// The document it was read from; absent where the plan itself holds the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The text, in Markdown.
    pub text: String,
}

/// A part of a runbook, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A heading.
    Heading(SafeText),
    /// Words to read.
    Words(SafeText),
    /// A step to do: its number from 0, and its words.
    Step(usize, SafeText),
}

impl Runbook {
    /// Its parts: headings, words, and steps, which are the items of its lists.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut reading = Reading::default();
        for line in self.text.lines() {
            reading.line(line);
        }
        reading.end();
        reading.parts
    }

    /// How many steps it has.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.parts().iter().filter(|part| matches!(part, Part::Step(..))).count()
    }
}

#[derive(Default)]
struct Reading {
    parts: Vec<Part>,
    /// The words that are being read, and whether they are a step's.
    open: Option<(bool, String)>,
    steps: usize,
    in_code: bool,
    /// Whether the line before was blank: words that are not indented go on with nothing then.
    blank: bool,
}

impl Reading {
    fn line(&mut self, line: &str) {
        let bare = line.trim();
        if bare.starts_with("```") || bare.starts_with("~~~") {
            self.in_code = !self.in_code;
            return;
        }
        // Code below a step is part of it, whatever it looks like.
        if self.in_code {
            return self.more(bare);
        }
        if bare.is_empty() {
            self.blank = true;
            return;
        }
        let (blank, indented) = (std::mem::take(&mut self.blank), line.starts_with([' ', '\t']));
        if let Some(heading) = heading(bare).filter(|_| !indented) {
            self.end();
            self.parts.push(Part::Heading(SafeText::bounded(heading, LONGEST_STEP)));
        } else if let Some(words) = item(bare).filter(|_| !indented && self.found() < MOST_STEPS) {
            self.end();
            self.open = Some((true, words.to_owned()));
        } else if self.open.is_some() && (indented || !blank) {
            self.more(bare);
        } else {
            self.end();
            self.open = Some((false, bare.to_owned()));
        }
    }

    /// How many steps there are with the one that is being read.
    fn found(&self) -> usize {
        self.steps + usize::from(self.open.as_ref().is_some_and(|(step, _)| *step))
    }

    fn more(&mut self, words: &str) {
        let (_, text) = self.open.get_or_insert_with(|| (false, String::new()));
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(words);
    }

    fn end(&mut self) {
        let Some((step, words)) = self.open.take() else { return };
        let words = SafeText::bounded(&words, LONGEST_STEP);
        self.parts.push(if step { Part::Step(self.steps, words) } else { Part::Words(words) });
        self.steps += usize::from(step);
    }
}

fn heading(line: &str) -> Option<&str> {
    let words = line.trim_start_matches('#');
    let level = line.len() - words.len();
    ((1..=6).contains(&level) && words.starts_with(' ')).then(|| words.trim())
}

/// The words of a list's item: `1. do it`, `- do it`, `* [ ] do it`.
fn item(line: &str) -> Option<&str> {
    let bullet = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).or_else(|| line.strip_prefix("+ "));
    let numbered = || {
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = line.get(digits..).filter(|_| (1..=3).contains(&digits))?;
        rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") "))
    };
    let words = bullet.or_else(numbered)?.trim();
    let box_of = ["[ ] ", "[x] ", "[X] "].iter().find_map(|mark| words.strip_prefix(mark));
    Some(box_of.unwrap_or(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let runbook = Runbook { file: None, text: text.to_owned() };
        let part = |part: Part| match part {
            Part::Heading(words) => format!("# {words}"),
            Part::Words(words) => format!("  {words}"),
            Part::Step(number, words) => format!("{number} {words}"),
        };
        runbook.parts().into_iter().map(part).collect()
    }

    #[test]
    fn the_items_of_lists_are_steps_and_the_rest_is_to_be_read() {
        let text = "# Payment TLS\n\nThe edge renews\nby itself.\n\n1. Is it only us?\n   Ask the provider.\n2) Renew:\n\n   ```\n   - certbot renew\n   ```\n- [ ] Tell support\n\nThat is all.\n";
        assert_eq!(
            told(text),
            [
                "# Payment TLS",
                "  The edge renews by itself.",
                "0 Is it only us? Ask the provider.",
                "1 Renew: - certbot renew",
                "2 Tell support",
                "  That is all.",
            ]
        );
    }

    #[test]
    fn what_is_no_markup_is_read_as_words() {
        assert_eq!(told("#no heading\n2026. was a year"), ["  #no heading 2026. was a year"]);
        assert_eq!(told("a\u{1b}[2J\n"), ["  a␛[2J"], "foreign bytes never move the cursor");
    }

    #[test]
    fn nobody_ticks_off_a_thousand_steps() {
        let text = "- step\n".repeat(1_000);
        let runbook = Runbook { file: None, text };
        assert_eq!(runbook.steps(), MOST_STEPS);
    }
}
