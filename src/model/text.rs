//! Placeholder until the leaves land.
use std::sync::Arc;
/// x
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct SafeText(Arc<str>);
impl SafeText {
    /// x
    pub fn from_foreign(text: &str) -> Self {
        Self(Arc::from(text))
    }
    /// x
    pub fn bounded(text: &str, most: usize) -> Self {
        Self(text.chars().take(most).collect::<String>().into())
    }
    /// x
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// x
    pub fn empty() -> Self {
        Self(Arc::from(""))
    }
    /// x
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
impl std::fmt::Display for SafeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}
