//! Colours by role, from `themes/*.toml`. A screen names a role and never a colour; meaning is in glyph and word.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Deserializer, de};

/// The themes that golive brings, by name. A new one is a file and a line.
const THEMES: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// How many colours the terminal can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// All of them.
    #[default]
    True,
    /// The terminal's own sixteen.
    Sixteen,
    /// None (`NO_COLOR`): bold, reverse, glyph and word carry everything.
    None,
}

/// What a piece of the screen is, for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Plain text.
    Text,
    /// What need not be read now.
    Quiet,
    /// What is read first.
    Strong,
    /// A heading.
    Title,
    /// A name before a value.
    Label,
    /// Good: quiet.
    Good,
    /// To be looked at.
    Look,
    /// In the way: the only voice that shouts.
    Bad,
    /// Under way.
    Running,
    /// Waits for a person.
    Waiting,
    /// The selected row.
    Selected,
    /// What has just changed.
    Fresh,
    /// What was looked for.
    Found,
    /// Lines between parts.
    Rule,
    /// The environment where customers are.
    Production,
    /// A key to press.
    Key,
    /// A field to type in.
    Field,
    /// The banner of GO.
    Go,
    /// The banner of GO WITH WARNINGS.
    Warnings,
    /// The banner of HOLD.
    Hold,
    /// The banner of NO-GO.
    NoGo,
}

const ROLES: [Role; 21] = [
    Role::Text,
    Role::Quiet,
    Role::Strong,
    Role::Title,
    Role::Label,
    Role::Good,
    Role::Look,
    Role::Bad,
    Role::Running,
    Role::Waiting,
    Role::Selected,
    Role::Fresh,
    Role::Found,
    Role::Rule,
    Role::Production,
    Role::Key,
    Role::Field,
    Role::Go,
    Role::Warnings,
    Role::Hold,
    Role::NoGo,
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paint {
    #[serde(default, deserialize_with = "colour")]
    fg: Option<Color>,
    #[serde(default, deserialize_with = "colour")]
    bg: Option<Color>,
    #[serde(default, deserialize_with = "colour")]
    ansi: Option<Color>,
    #[serde(default, deserialize_with = "colour")]
    ansi_bg: Option<Color>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    reverse: bool,
    #[serde(default)]
    underline: bool,
}

fn colour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Color>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse()
        .map(Some)
        .map_err(|_| de::Error::custom(format!("\"{name}\" is no colour; write \"#7aa582\" or \"cyan\"")))
}

/// The styles of all roles.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme([Style; ROLES.len()]);

/// Why there is no such theme.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// A name that golive does not bring.
    #[error("there is no theme \"{name}\"; there are {}", theme_names().collect::<Vec<_>>().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// A theme file that does not read.
    #[error("theme \"{name}\" does not read")]
    Broken {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A theme without one of the roles.
    #[error("theme \"{name}\" has no {role:?}")]
    Lacks {
        /// Which.
        name: String,
        /// What it lacks.
        role: Role,
    },
}

/// The names of the themes that golive brings.
pub fn theme_names() -> impl Iterator<Item = &'static str> {
    THEMES.iter().map(|(name, _)| *name)
}

impl Theme {
    /// A theme by name, in as many colours as the terminal has.
    ///
    /// # Errors
    /// For a name that golive does not bring, and for a theme that does not read.
    pub fn load(name: &str, colours: Colours) -> Result<Self, ThemeError> {
        let known = |wanted: &str| THEMES.iter().find(|(name, _)| *name == wanted);
        let (name, text) = known(name).ok_or_else(|| ThemeError::Unknown { name: name.to_owned() })?;
        let (name, text) = match colours {
            Colours::None => known("mono").copied().unwrap_or((*name, *text)),
            Colours::True | Colours::Sixteen => (*name, *text),
        };
        let paints: BTreeMap<Role, Paint> = toml::from_str(text)
            .map_err(|error| ThemeError::Broken { name: name.to_owned(), source: Box::new(error) })?;
        let mut styles = [Style::new(); ROLES.len()];
        for (style, role) in styles.iter_mut().zip(ROLES) {
            let paint = paints.get(&role).ok_or_else(|| ThemeError::Lacks { name: name.to_owned(), role })?;
            *style = paint.style(colours);
        }
        Ok(Self(styles))
    }

    /// The style of a role.
    #[must_use]
    pub const fn style(&self, role: Role) -> Style {
        self.0[role as usize]
    }
}

impl Paint {
    fn style(&self, colours: Colours) -> Style {
        let (fg, bg) = match colours {
            Colours::True => (self.fg, self.bg),
            Colours::Sixteen => (self.ansi, self.ansi_bg),
            Colours::None => (None, None),
        };
        let mut style = Style { fg, bg, ..Style::new() };
        for (set, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.reverse, Modifier::REVERSED),
            (self.underline, Modifier::UNDERLINED),
        ] {
            if set {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_loads_in_every_depth_of_colour() {
        for name in theme_names() {
            for colours in [Colours::True, Colours::Sixteen, Colours::None] {
                Theme::load(name, colours).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            }
        }
    }

    #[test]
    fn without_colour_there_is_no_colour() {
        for name in theme_names() {
            let theme = Theme::load(name, Colours::None).unwrap();
            assert!(ROLES.iter().all(|role| theme.style(*role).fg.is_none() && theme.style(*role).bg.is_none()));
        }
    }

    #[test]
    fn roles_stand_in_their_own_order() {
        for (at, role) in ROLES.iter().enumerate() {
            assert_eq!(at, *role as usize);
        }
    }

    #[test]
    fn a_misspelt_theme_is_told_with_the_known_ones() {
        let error = Theme::load("drak", Colours::True).unwrap_err().to_string();
        assert_eq!(error, "there is no theme \"drak\"; there are dark, light, mono");
    }
}
