//! Findings of a check, classified: every fail and error gets its class, category, weight, impact and way out here.

use http::HeaderMap;

use crate::core::evidence::Evidence;
use crate::model::failure::{Failure, FailureClass, Recovery};
use crate::model::plan::Check;
use crate::model::template::{Filled, Template, Unfilled};
use crate::model::text::SafeText;
use crate::model::values::Values;
use crate::model::word::{Category, Severity};
use crate::network::Trouble;
use crate::network::headers::{self, Unsendable};

/// What a probe has to know of its check to classify what it finds.
#[derive(Clone)]
pub(super) struct Finding {
    category: Category,
    severity: Severity,
    /// The plan's own words, which come before the table's.
    impact: Option<SafeText>,
    recovery: Option<Recovery>,
    has_remedy: bool,
}

impl Finding {
    pub(super) fn of(check: &Check) -> Self {
        Self {
            category: check.category,
            severity: check.severity,
            impact: check.impact.as_ref().map(|impact| SafeText::bounded(impact, 300)),
            recovery: check.recovery,
            has_remedy: check.remedy.is_some(),
        }
    }

    /// For what is asked without a check: only the sentence counts.
    pub(super) const fn of_nobody() -> Self {
        let (category, severity) = (Category::System, Severity::Advice);
        Self { category, severity, impact: None, recovery: None, has_remedy: true }
    }

    fn failure(&self, class: FailureClass) -> Failure {
        let meaning = class.meaning();
        let weight = match self.severity {
            Severity::Critical => "the go-live is blocked until this is mended or waived",
            Severity::Warning => "the go-live may go on, with a warning",
            Severity::Advice => "noted; nothing is blocked",
        };
        let impact = self.impact.clone();
        Failure {
            class,
            category: meaning.category.unwrap_or(self.category),
            severity: self.severity,
            impact: impact.unwrap_or_else(|| SafeText::bounded(&format!("{}: {weight}", meaning.impact), 300)),
            recovery: self.recovery.unwrap_or(meaning.recovery),
        }
    }

    /// What went wrong on the way to a target, as the target's failure or as golive's own.
    pub(super) fn of_trouble(&self, trouble: &Trouble) -> Evidence {
        self.of_trouble_with(trouble, &trouble.to_string())
    }

    /// The same, told with these words.
    pub(super) fn of_trouble_with(&self, trouble: &Trouble, summary: &str) -> Evidence {
        let class = trouble.class();
        let failure = self.failure(class);
        let mut evidence = if trouble.is_the_targets() {
            self.advised(Evidence::fail(failure, summary), class)
        } else {
            Evidence::error(failure, summary)
        };
        if let Trouble::Throttled { after, .. } = trouble {
            evidence.retry_after = *after;
        }
        evidence
    }

    /// The evidence of a failure, put into another class that is known better.
    pub(super) fn classed(&self, mut evidence: Evidence, class: FailureClass) -> Evidence {
        if evidence.failure.is_some() {
            evidence.failure = Some(self.failure(class));
            return self.advised(evidence, class);
        }
        evidence
    }

    /// Where to begin, for what the table knows better than a plan that says nothing.
    fn advised(&self, evidence: Evidence, class: FailureClass) -> Evidence {
        use FailureClass::{Condition, Exit, File, Local, ThisMachine, Value};
        let told_otherwise = matches!(class, Condition | Exit | File | Local | ThisMachine | Value);
        if self.has_remedy || told_otherwise { evidence } else { evidence.remedy(class.meaning().remedy) }
    }

    /// The target misbehaved.
    pub(super) fn fail(&self, class: FailureClass, summary: &str) -> Evidence {
        self.advised(Evidence::fail(self.failure(class), summary), class)
    }

    /// golive could not find out.
    pub(super) fn error(&self, summary: &str) -> Evidence {
        Evidence::error(self.failure(FailureClass::Local), summary)
    }

    /// Nobody can look from this machine: a source of its values gives nothing.
    pub(super) fn blind(&self, summary: &str) -> Evidence {
        Evidence::error(self.failure(FailureClass::ThisMachine), summary)
    }

    /// Fills headers, or says why they cannot be sent, as `fill` does.
    pub(super) fn headers<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a String, &'a Template)>,
        values: &Values,
    ) -> Result<HeaderMap, Box<Evidence>> {
        headers::filled(headers, values).map_err(|unsendable| match unsendable {
            Unsendable::Unfilled(unfilled) => Box::new(self.unfilled(&unfilled)),
            wrong => Box::new(self.fail(FailureClass::Value, &wrong.to_string())),
        })
    }

    /// Fills a template, or says why it cannot be: a missing value is the configuration's failure, a source that
    /// failed is golive's.
    pub(super) fn fill(&self, template: &Template, values: &Values) -> Result<Filled, Box<Evidence>> {
        template.fill(values).map_err(|unfilled| Box::new(self.unfilled(&unfilled)))
    }

    fn unfilled(&self, unfilled: &Unfilled) -> Evidence {
        match unfilled {
            Unfilled::Missing(_) => self.fail(FailureClass::Value, &unfilled.to_string()),
            Unfilled::Failed { .. } => self.blind(&unfilled.to_string()),
        }
    }
}
