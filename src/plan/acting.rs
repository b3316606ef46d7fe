//! What is done in the world: the steps of items and of the way back, made of what the plan writes.

use std::collections::BTreeMap;

use crate::model::id::{ItemId, RollbackStepId};
use crate::model::pipeline::Pipeline;
use crate::model::rollback::{RehearsalForm, RehearsalStep};
use crate::model::step::{Action, RollbackStep, Step, Undo};
use crate::model::template::Template;
use crate::plan::build::in_words;
use crate::plan::document::{
    RehearsalStepDocument, RehearseDocument, RequestDocument, RollbackStepDocument, StepDocument, UndoDocument,
};

/// What is done, as the plan writes it: one of a command, a request and a pipeline.
struct Written {
    run: Option<Vec<Template>>,
    request: Option<RequestDocument>,
    pipeline: Option<Pipeline>,
    folder: Option<String>,
    environment: BTreeMap<String, Template>,
    tty: bool,
    writes: Vec<String>,
}

impl Written {
    fn action(self) -> Action {
        let Self { run, request, pipeline, folder, environment, tty, writes } = self;
        match (request, pipeline) {
            (Some(request), _) => Action::Request {
                method: request.method,
                url: request.url,
                headers: request.headers,
                body: request.body,
                expect: request.expect,
            },
            (None, Some(pipeline)) => Action::Pipeline(Box::new(pipeline)),
            (None, None) => Action::Command { run: run.unwrap_or_default(), folder, environment, tty, writes },
        }
    }
}

/// An item's step, with how it is taken back.
pub(super) fn step(document: StepDocument, item: &ItemId, title: &str) -> Step {
    let StepDocument { run, request, pipeline, folder, environment, tty, writes, .. } = document;
    Step {
        action: Written { run, request, pipeline, folder, environment, tty, writes }.action(),
        timeout: document.timeout,
        confirm: document.confirm,
        on_disconnect: document.on_disconnect,
        undo: document.undo.map(|document| Box::new(undo(document, item, title))),
    }
}

fn undo(document: UndoDocument, item: &ItemId, title: &str) -> Undo {
    let UndoDocument { run, request, pipeline, folder, environment, writes, budget, rehearse, after } = document;
    let step = RollbackStep {
        id: Undo::id_of(item),
        title: format!("Undo: {title}"),
        action: Written { run, request, pipeline, folder, environment, tty: false, writes }.action(),
        budget,
        rehearse: rehearse.map(form),
    };
    Undo { step, after }
}

/// A step of the procedure.
pub(super) fn rollback_step(document: RollbackStepDocument) -> RollbackStep {
    let RollbackStepDocument { id, title, run, request, pipeline, folder, environment, writes, budget, rehearse } =
        document;
    RollbackStep {
        title: title.unwrap_or_else(|| in_words(&id)),
        id: RollbackStepId::new(&id),
        action: Written { run, request, pipeline, folder, environment, tty: false, writes }.action(),
        budget,
        rehearse: rehearse.map(form),
    }
}

fn form(document: RehearseDocument) -> RehearsalForm {
    let RehearseDocument { run, request, pipeline, folder, environment, writes, grade } = document;
    let written = Written { run, request, pipeline, folder, environment, tty: false, writes };
    RehearsalForm { action: written.action(), grade }
}

/// What only a rehearsal does.
pub(super) fn rehearsal_step(document: RehearsalStepDocument) -> RehearsalStep {
    let RehearsalStepDocument {
        id,
        title,
        when,
        measures,
        run,
        request,
        pipeline,
        folder,
        environment,
        writes,
        budget,
    } = document;
    let step = RollbackStep {
        title: title.unwrap_or_else(|| in_words(&id)),
        id: RollbackStepId::new(&id),
        action: Written { run, request, pipeline, folder, environment, tty: false, writes }.action(),
        budget,
        rehearse: None,
    };
    RehearsalStep { step, when, measures }
}
