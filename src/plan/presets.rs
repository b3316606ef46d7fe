//! The plan fragments that are shipped in the binary. One preset is one file and one line; a large one is a folder of
//! files by area, read as one text in this order.

const PRESETS: &[(&str, &str)] = &[
    (
        "ikhokha",
        concat!(
            include_str!("presets/ikhokha/parameters.toml"),
            include_str!("presets/ikhokha/credentials.toml"),
            include_str!("presets/ikhokha/environment.toml"),
            include_str!("presets/ikhokha/security.toml"),
            include_str!("presets/ikhokha/health.toml"),
            include_str!("presets/ikhokha/flows.toml"),
            include_str!("presets/ikhokha/alerting.toml"),
            include_str!("presets/ikhokha/configuration.toml"),
            include_str!("presets/ikhokha/exposure.toml"),
            include_str!("presets/ikhokha/monitoring.toml"),
            include_str!("presets/ikhokha/alerts.toml"),
            include_str!("presets/ikhokha/deployment.toml"),
            include_str!("presets/ikhokha/rollback.toml"),
            include_str!("presets/ikhokha/webhooks.toml"),
            include_str!("presets/ikhokha/site.toml"),
            include_str!("presets/ikhokha/night.toml"),
        ),
    ),
    ("vite", include_str!("presets/vite.toml")),
];

/// A preset's text.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}
