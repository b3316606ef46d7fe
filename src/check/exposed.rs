//! From what a search found to evidence, the same for every kind that searches; and how a search runs beside the loop.
//!
//! What is said of a find is which credential it is, its variables, how it is written and where: never the value.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::check::finding::Finding;
use crate::core::evidence::Evidence;
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::scan::{Located, Sought, Survey, Unsearched, Weight};

/// So many finds stand in the evidence, each in a sentence.
const MOST_TOLD: usize = 40;

/// What an objection does to the check, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gravity {
    /// The claim does not hold.
    Fails,
    /// Something could not be looked at.
    CannotTell,
    /// It holds, with something to look at.
    Warns,
}

/// Something to say against the claim.
#[derive(Clone, Debug)]
pub(super) struct Objection {
    pub(super) gravity: Gravity,
    pub(super) sentence: String,
    pub(super) remedy: Option<String>,
}

impl Objection {
    pub(super) const fn new(gravity: Gravity, sentence: String) -> Self {
        Self { gravity, sentence, remedy: None }
    }

    pub(super) fn remedy(mut self, remedy: &str) -> Self {
        self.remedy = Some(remedy.to_owned());
        self
    }
}

/// The finds of a survey, and what it could not read, as objections. `remedy` is for a secret that was found.
pub(super) fn of_survey(survey: &Survey<'_>, remedy: &str) -> Vec<Objection> {
    // Of each thing in each place the first find, with how often it is there.
    let mut times: BTreeMap<(String, &str), (u64, usize)> = BTreeMap::new();
    for (position, located) in survey.hits.iter().enumerate() {
        let what = (named(&located.hit.sought).0, &*located.place);
        times.entry(what).and_modify(|(times, _)| *times += 1).or_insert((1, position));
    }
    let mut found: Vec<_> = times.into_values().collect();
    found.sort_by_key(|(_, position)| (named(&survey.hits[*position].hit.sought).1, *position));
    let told = found.into_iter().take(MOST_TOLD);
    let mut objections: Vec<_> = told.map(|(times, position)| of_find(&survey.hits[position], times, remedy)).collect();
    for unread in &survey.unread {
        let sentence = format!("{} could not be read: {}", unread.place, unread.why);
        objections.push(Objection::new(Gravity::CannotTell, sentence));
    }
    objections
}

/// What is named in a sentence, and whether it is certain.
fn named(sought: &Sought) -> (String, Weight) {
    match sought {
        Sought::Credential { secret, .. } => (secret.named(), Weight::Secret),
        Sought::Known { what, weight } => ((*what).to_owned(), *weight),
        Sought::Text(text) => (format!("\"{text}\""), Weight::Secret),
    }
}

fn of_find(located: &Located, times: u64, remedy: &str) -> Objection {
    let Located { place, hit, in_name } = located;
    let (what, weight) = named(&hit.sought);
    let how = match &hit.sought {
        Sought::Credential { form, .. } => format!(" {form}"),
        Sought::Known { .. } | Sought::Text(_) => String::new(),
    };
    let again = if times > 1 { format!(", and {} times more there", times - 1) } else { String::new() };
    let sentence = match in_name {
        true => format!("{what} stands{how} in the name of {place}"),
        false => format!("{what} stands{how} in {place} at byte {}{again}", hit.offset),
    };
    match weight {
        Weight::Secret => Objection::new(Gravity::Fails, sentence).remedy(remedy),
        Weight::Suspect => Objection::new(Gravity::Warns, format!("{sentence}: is it meant to be public?")),
    }
}

/// Credentials that could not be looked for.
pub(super) fn of_unsearched(unsearched: &[Unsearched]) -> impl Iterator<Item = Objection> {
    unsearched.iter().map(|Unsearched { id, why, failed }| {
        let gravity = if *failed { Gravity::CannotTell } else { Gravity::Warns };
        Objection::new(gravity, format!("{id} {why}, and was not looked for"))
    })
}

/// The worst objection is the summary; all of them stand in the evidence.
pub(super) fn evidence(
    finding: &Finding,
    class: FailureClass,
    mut objections: Vec<Objection>,
    passed: &str,
) -> Evidence {
    objections.sort_by_key(|objection| objection.gravity);
    let Some(worst) = objections.first() else { return Evidence::pass(passed) };
    let mut evidence = match worst.gravity {
        Gravity::Fails => finding.fail(class, &worst.sentence),
        Gravity::CannotTell => finding.error(&worst.sentence),
        Gravity::Warns => Evidence::warn(&worst.sentence),
    };
    if let Some(remedy) = &worst.remedy {
        evidence = evidence.remedy(remedy);
    }
    for objection in &objections {
        evidence = evidence.material("found", &objection.sentence);
    }
    evidence
}

/// Breaks a search off when nobody waits for it any more.
struct Stopper(Arc<AtomicBool>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs work that reads much beside the loop, until it ends or its time is over.
pub(super) async fn beside_the_loop<T: Send + 'static>(
    finding: &Finding,
    timeout: Duration,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<T, Evidence> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopper = Stopper(Arc::clone(&stop));
    let ended = tokio::time::timeout(timeout, tokio::task::spawn_blocking(move || work(&stop))).await;
    drop(stopper);
    match ended {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(_)) => Err(finding.error("the search broke off")),
        Err(_) => {
            let summary = format!("the search did not end within {}", duration::written(timeout));
            Err(finding.error(&summary).remedy("give the check a longer timeout"))
        }
    }
}
