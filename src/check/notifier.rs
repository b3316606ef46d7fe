//! `notifier`: alerts arrive. On demand, a marked test message goes through each notifier, with a one-time code where a
//! person is at the other end, who types it back: a 200 from a chat service proves no channel. By interval it only goes
//! as far as can be gone without anybody being told.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::core::notice::{About, Notice, NoticeKey, test};
use crate::model::failure::FailureClass;
use crate::model::id::NotifierId;
use crate::model::kind::{KindSpec, OptionProblem};
use crate::model::plan::{Check, Run};
use crate::model::text::SafeText;
use crate::model::values::{Lookup, Values};
use crate::model::word::Category;
use crate::notify::{Refused, Taken};

/// The kind.
pub(super) struct Notifier;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Which notifiers; all that are told of alerts where none is named.
    #[serde(default)]
    notifiers: Vec<String>,
    /// Those that a person reads: the message has a code in it, and the check passes when all codes were typed back.
    #[serde(default)]
    codes: Vec<String>,
}

impl Kind for Notifier {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "notifier",
            doc: "A marked test message goes through each notifier and arrives (on demand); each can be reached (by interval).",
            category: Category::Monitoring,
            example: "notifiers = [\"slack\", \"email\"]\ncodes = [\"email\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    let left_out =
                        keys.codes.iter().find(|code| !keys.notifiers.is_empty() && !keys.notifiers.contains(code));
                    if let Some(code) = left_out {
                        problems.push(OptionProblem::at(
                            "codes",
                            format!("`{code}` is not among the notifiers that are tested"),
                        ));
                    }
                })
            },
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let notifiers: Vec<NotifierId> = if keys.notifiers.is_empty() {
            surroundings.notifiers.told().cloned().collect()
        } else {
            keys.notifiers.iter().map(|name| NotifierId::new(name)).collect()
        };
        if notifiers.is_empty() {
            let evidence = finding.fail(FailureClass::Value, "the plan has no notifier: nobody would hear of an alert");
            return Err(Box::new(
                evidence.remedy("add [notifiers.NAME] with kind = \"slack\", \"email\", … to the plan"),
            ));
        }
        let sends = check.run == Run::OnDemand;
        Ok(Box::new(Looker { finding, notifiers, codes: keys.codes, sends, surroundings: Arc::clone(surroundings) }))
    }
}

struct Looker {
    finding: Finding,
    notifiers: Vec<NotifierId>,
    codes: Vec<String>,
    sends: bool,
    surroundings: Arc<Surroundings>,
}

/// What came of one notifier.
struct Told<'a> {
    notifier: &'a NotifierId,
    code: Option<String>,
    came: Result<Taken, Refused>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let began = tokio::time::Instant::now();
            let told = join_all(self.notifiers.iter().map(|notifier| self.one(notifier, timeout))).await;
            let timings = Timings { total: Some(began.elapsed()), ..Timings::default() };
            self.judged(&told).timed(timings).outliving_deployment()
        })
    }
}

impl Looker {
    async fn one<'a>(&'a self, notifier: &'a NotifierId, timeout: Duration) -> Told<'a> {
        let Surroundings { notifiers, network, clock, .. } = &*self.surroundings;
        let wants_code = self.sends && self.codes.iter().any(|name| name == notifier.as_str());
        let code = wants_code.then(code);
        let came = async {
            if self.sends {
                notifiers.send(&self.message(notifier, code.as_deref()), network, *clock).await
            } else {
                notifiers.reach(notifier, network, *clock).await
            }
        };
        let came = tokio::time::timeout(timeout, came).await.unwrap_or_else(|_| Err(Refused::too_late()));
        Told { notifier, code, came }
    }

    fn message(&self, notifier: &NotifierId, code: Option<&str>) -> Notice {
        let named = |name: &str| shown(&self.surroundings.values, name);
        Notice {
            key: NoticeKey::of_test(&ulid::Ulid::generate().to_string(), notifier),
            to: notifier.clone(),
            at: (self.surroundings.clock)().at,
            service: named("service.name"),
            environment: named("service.environment"),
            about: About::Test {
                code: code.map(SafeText::from_foreign),
                rules: self.surroundings.notifiers.rules(notifier).to_vec(),
            },
            head: None,
        }
    }

    fn judged(&self, told: &[Told<'_>]) -> Evidence {
        let refused: Vec<String> = told
            .iter()
            .filter_map(|told| Some(format!("{}: {}", told.notifier, told.came.as_ref().err()?.why)))
            .collect();
        let ours = told.iter().filter_map(|told| told.came.as_ref().err()).all(|refused| refused.local);
        let waits: Vec<&str> =
            told.iter().filter(|told| told.code.is_some()).map(|told| told.notifier.as_str()).collect();
        let evidence = if !refused.is_empty() {
            let summary = refused.join("; ");
            if ours { self.finding.error(&summary) } else { self.finding.fail(FailureClass::Denied, &summary) }
        } else if !waits.is_empty() {
            let summary = format!(
                "taken by all {}; the code that went to {} has not come back yet",
                told.len(),
                waits.join(", ")
            );
            self.finding.error(&summary).remedy("read the message where it arrived and type its code: x on this check")
        } else if self.sends {
            Evidence::pass(&format!("{} took the test message", counted(told.len())))
        } else {
            Evidence::pass(&format!("{} can be reached", counted(told.len())))
        };
        told.iter().fold(evidence, |evidence, told| {
            let evidence = match &told.came {
                // What it answered names times and ids: that it took it is what is signed.
                Ok(taken) => evidence.material(told.notifier.as_str(), "taken").fact("answer", taken.answer.as_str()),
                Err(refused) => evidence.material(told.notifier.as_str(), "refused").fact("why", refused.why.as_str()),
            };
            match (&told.code, &told.came) {
                (Some(code), Ok(_)) => {
                    evidence.fact(&test::fact_name(told.notifier.as_str()), &test::digest(code, &salt()))
                }
                _ => evidence,
            }
        })
    }
}

fn counted(notifiers: usize) -> String {
    if notifiers == 1 { "one notifier".to_owned() } else { format!("{notifiers} notifiers") }
}

fn shown(values: &Values, name: &str) -> SafeText {
    match values.get(name) {
        Lookup::Found(value) if !value.secret => {
            SafeText::bounded(secrecy::ExposeSecret::expose_secret(&value.text), 80)
        }
        Lookup::Found(_) | Lookup::Missing | Lookup::Failed(_) => SafeText::empty(),
    }
}

/// Eight characters that nobody mistakes for one another, as `K7QM-3XRT`.
fn code() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let random = ulid::Ulid::generate().random();
    let letter = |at: u32| char::from(LETTERS[usize::try_from((random >> (5 * at)) & 31).unwrap_or(0)]);
    let letters: Vec<char> = (0..8).map(letter).collect();
    format!("{}-{}", letters[..4].iter().collect::<String>(), letters[4..].iter().collect::<String>())
}

fn salt() -> String {
    format!("{:08x}", ulid::Ulid::generate().random() & 0xffff_ffff)
}
