//! Headers of a plan, filled with values: as HTTP takes them, those that hold a secret marked as such.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::model::template::{Template, Unfilled};
use crate::model::values::Values;

/// Why headers cannot be sent. It tells no value.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// A value is missing, or its source gives nothing.
    #[error(transparent)]
    Unfilled(#[from] Unfilled),
    /// This is no header's name.
    #[error("{0} is no header")]
    Name(String),
    /// What stands in this header is not for headers: a line break, for one.
    #[error("the value of header {0} cannot be sent")]
    Value(String),
}

/// Fills each header. One that is named twice counts as it was named last.
///
/// # Errors
/// The first one that cannot be sent.
pub fn filled<'a>(
    headers: impl IntoIterator<Item = (&'a String, &'a Template)>,
    values: &Values,
) -> Result<HeaderMap, Unsendable> {
    let mut map = HeaderMap::new();
    for (name, template) in headers {
        let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Unsendable::Name(name.clone()))?;
        let filled = template.fill(values)?;
        let mut value = HeaderValue::from_str(filled.expose()).map_err(|_| Unsendable::Value(name.clone()))?;
        value.set_sensitive(filled.is_secret());
        map.insert(known, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn fill(name: &str, value: &str) -> Result<HeaderMap, Unsendable> {
        let headers = BTreeMap::from([(name.to_owned(), Template::new(value))]);
        filled(&headers, &Values::default())
    }

    #[test]
    fn what_is_no_header_is_said_without_its_value() {
        assert_eq!(fill("X-Tenant", "blue").unwrap()["x-tenant"], "blue");
        assert_eq!(fill("no header", "blue").unwrap_err().to_string(), "no header is no header");
        let broken = fill("X-Tenant", "blue\r\nX-Other: 1").unwrap_err().to_string();
        assert_eq!(broken, "the value of header X-Tenant cannot be sent");
    }
}
