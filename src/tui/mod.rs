//! The cockpit: one file per screen, nothing here decides.
//!
//! `run` is the loop, `app` what keys do, `frame` the paint as a function of a scene. A screen sees state and sends
//! commands; whether one may be done, the core says.

pub mod action;
pub mod app;
pub mod canvas;
pub mod cockpit;
mod copying;
pub mod deliveries;
pub mod detail;
pub mod dialog;
pub mod focus;
pub mod format;
pub mod frame;
pub mod help;
pub mod keymap;
pub mod layers;
mod pen;
pub mod practising;
pub mod replaying;
pub mod ringing;
pub mod run;
pub mod scene;
pub mod screen;
pub mod search;
pub mod standing;
pub mod terminal;
pub mod text;
pub mod theme;
mod ticking;
pub mod ui;
pub mod unavailable;
pub mod widget;
pub mod words;
pub mod would_run;
