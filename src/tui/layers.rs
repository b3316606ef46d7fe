//! What lies over the screen: dialogs and the help, the topmost first. A layer takes every key that comes.

use crate::tui::dialog::Dialog;
use crate::tui::would_run::Shown;

/// One thing that lies over the screen.
#[derive(Clone, Debug)]
pub enum Layer {
    /// A question to the person.
    Dialog(Box<Dialog>),
    /// The help, scrolled so far.
    Help(usize),
    /// The demo's faults, with the selected one.
    Faults(usize),
    /// What the steps would run.
    WouldRun(Box<Shown>),
}

/// What lies over the screen, the topmost last.
#[derive(Clone, Debug, Default)]
pub struct Layers(Vec<Layer>);

impl Layers {
    /// Lays something on top.
    pub fn push(&mut self, layer: Layer) {
        self.0.push(layer);
    }

    /// Takes the topmost away.
    pub fn pop(&mut self) -> Option<Layer> {
        self.0.pop()
    }

    /// The topmost.
    #[must_use]
    pub fn top(&self) -> Option<&Layer> {
        self.0.last()
    }

    /// The topmost, to change it.
    pub fn top_mut(&mut self) -> Option<&mut Layer> {
        self.0.last_mut()
    }

    /// From the lowest to the topmost.
    pub fn iter(&self) -> impl Iterator<Item = &Layer> {
        self.0.iter()
    }

    /// The topmost dialog, to change it.
    pub fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        self.0.iter_mut().rev().find_map(|layer| match layer {
            Layer::Dialog(dialog) => Some(&mut **dialog),
            Layer::Help(_) | Layer::Faults(_) | Layer::WouldRun(_) => None,
        })
    }

    /// Takes the dialog with this ticket away: its decision is made.
    pub fn close(&mut self, ticket: u64) {
        self.0.retain(|layer| !matches!(layer, Layer::Dialog(dialog) if dialog.ticket == Some(ticket)));
    }
}
