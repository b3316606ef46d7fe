//! What is wrong with a plan: one sentence, its place with the source line and a caret, what is allowed, the nearest
//! name. All problems of a plan are told at once.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::plan::excerpt;
use crate::plan::place::Origin;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Nothing runs with it.
    Error,
    /// It runs; somebody should look.
    Advice,
}

/// One thing that is wrong with a plan.
#[derive(Clone, Debug)]
pub struct Problem {
    /// How much it matters.
    pub weight: Weight,
    /// One sentence in lower case.
    pub message: String,
    /// Where.
    pub place: Option<Origin>,
    /// What to write instead, or what is allowed.
    pub help: Vec<String>,
}

impl Problem {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self { weight: Weight::Error, message: message.into(), place: None, help: Vec::new() }
    }

    pub(crate) fn advice(message: impl Into<String>) -> Self {
        Self { weight: Weight::Advice, ..Self::error(message) }
    }

    pub(crate) fn at(mut self, place: Origin) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds the nearest of these names, if one is near, else all of them.
    pub(crate) fn nearest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let near = names.iter().min_by_key(|name| strsim::damerau_levenshtein(name, wrong));
        let near = near.filter(|name| strsim::damerau_levenshtein(name, wrong) <= wrong.len() / 3 + 1);
        match near {
            Some(name) => self.help(format!("did you mean `{name}`?")),
            None if names.is_empty() => self,
            None if names.len() > 24 => self.help(format!("there are {} of them", names.len())),
            None => self.help(format!("there are: {}", names.join(", "))),
        }
    }
}

/// A text that was read, by the name under which people know it.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// `golive.toml`, `preset:ikhokha`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why a plan cannot be used: everything that is wrong with it, with the texts that it came from.
#[derive(Clone, Debug)]
pub struct PlanError {
    /// What is wrong, in the order of the files.
    pub problems: Vec<Problem>,
    /// The texts that places point into.
    pub sources: Vec<SourceText>,
}

impl PlanError {
    /// As people read it; in colour where `styled`.
    #[must_use]
    pub fn render(&self, styled: bool) -> String {
        render(&self.problems, &self.sources, styled)
    }
}

/// Problems as people read them.
#[must_use]
pub fn render(problems: &[Problem], sources: &[SourceText], styled: bool) -> String {
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let texts: Vec<String> = problems.iter().map(|problem| one(&renderer, problem, sources)).collect();
    let mut text = texts.join("\n\n");
    text.push('\n');
    text
}

fn one(renderer: &Renderer, problem: &Problem, sources: &[SourceText]) -> String {
    let level = match problem.weight {
        Weight::Error => Level::ERROR,
        Weight::Advice => Level::WARNING.with_name("advice"),
    };
    let title = level.primary_title(problem.message.as_str());
    let source = problem.place.as_ref().and_then(|place| Some((place, sources.get(place.file.0)?)));
    let excerpt = source.map(|(place, source)| {
        let range = within(&source.text, place);
        (source, excerpt::shown(&source.text, &range), range)
    });
    let mut group = match &excerpt {
        Some((source, text, range)) => {
            let snippet = Snippet::source(text.as_str())
                .path(source.name.as_str())
                .annotation(AnnotationKind::Primary.span(range.clone()));
            title.element(snippet)
        }
        None => Group::with_title(title),
    };
    for help in &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// A range that lies in the text, on whole characters, and on one line: a caret under ten lines shows nothing.
fn within(text: &str, place: &Origin) -> std::ops::Range<usize> {
    let mut start = place.range.start.min(text.len());
    let mut end = place.range.end.clamp(start, text.len());
    if let Some(line_end) = text.get(start..end).and_then(|part| part.find('\n')) {
        end = start + line_end;
    }
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for PlanError {}
