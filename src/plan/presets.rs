//! The plan fragments that are shipped in the binary. One preset is one file and one line.

const PRESETS: &[(&str, &str)] =
    &[("ikhokha", include_str!("presets/ikhokha.toml")), ("vite", include_str!("presets/vite.toml"))];

/// A preset's text.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}
