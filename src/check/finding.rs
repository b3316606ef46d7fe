//! Findings of a check, classified: every fail and error gets its class, category, weight, impact and way out here.

use crate::core::evidence::Evidence;
use crate::model::failure::{Failure, FailureClass};
use crate::model::plan::Check;
use crate::model::template::{Filled, Template, Unfilled};
use crate::model::text::SafeText;
use crate::model::values::Values;
use crate::model::word::{Category, Severity};

/// What a probe has to know of its check to classify what it finds.
#[derive(Clone)]
pub(super) struct Finding {
    category: Category,
    severity: Severity,
    impact: SafeText,
}

impl Finding {
    pub(super) fn of(check: &Check) -> Self {
        let impact = match (&check.impact, check.severity) {
            (Some(impact), _) => impact.clone(),
            (None, Severity::Critical) => "the go-live is blocked until this is mended or waived".to_owned(),
            (None, Severity::Warning) => "the go-live may go on, with a warning".to_owned(),
            (None, Severity::Advice) => "noted; nothing is blocked".to_owned(),
        };
        Self { category: check.category, severity: check.severity, impact: SafeText::bounded(&impact, 300) }
    }

    fn failure(&self, class: FailureClass) -> Failure {
        Failure {
            class,
            category: self.category,
            severity: self.severity,
            impact: self.impact.clone(),
            recovery: class.usual_recovery(),
        }
    }

    /// The target misbehaved.
    pub(super) fn fail(&self, class: FailureClass, summary: &str) -> Evidence {
        Evidence::fail(self.failure(class), summary)
    }

    /// golive could not find out.
    pub(super) fn error(&self, summary: &str) -> Evidence {
        Evidence::error(self.failure(FailureClass::Local), summary)
    }

    /// Fills a template, or says why it cannot be: a missing value is the configuration's failure, a source that
    /// failed is golive's.
    pub(super) fn fill(&self, template: &Template, values: &Values) -> Result<Filled, Box<Evidence>> {
        template.fill(values).map_err(|unfilled| {
            Box::new(match &unfilled {
                Unfilled::Missing(_) => self.fail(FailureClass::Value, &unfilled.to_string()),
                Unfilled::Failed { .. } => self.error(&unfilled.to_string()),
            })
        })
    }
}
