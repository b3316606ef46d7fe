//! New values made up by golive: random characters that every program takes, of all four classes.

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Sixty-four of them, so that each byte of randomness gives one without a lean.
const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// One of many random values lacks a class; so many in a row do not.
const MOST_TRIES: usize = 1_000;

/// A random value of so many characters.
pub(super) fn value(length: usize) -> Result<SecretString, String> {
    let provider = rustls::crypto::ring::default_provider();
    for _ in 0..MOST_TRIES {
        let mut bytes = Zeroizing::new(vec![0; length]);
        provider.secure_random.fill(&mut bytes).map_err(|_| "this machine gives no randomness".to_owned())?;
        let text: Zeroizing<String> =
            Zeroizing::new(bytes.iter().map(|byte| char::from(CHARACTERS[usize::from(byte % 64)])).collect());
        let has = |test: fn(char) -> bool| text.chars().any(test);
        let is_symbol = |c: char| c == '-' || c == '_';
        let is_mixed = has(|c| c.is_ascii_uppercase())
            && has(|c| c.is_ascii_lowercase())
            && has(|c| c.is_ascii_digit())
            && has(is_symbol);
        // A sign at its beginning would be taken for an option, by a person or a shell.
        if is_mixed && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Ok(SecretString::from(text.as_str()));
        }
    }
    Err(format!("{length} characters are too few to be of all classes"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::value;

    #[test]
    fn made_up_values_are_of_all_classes_and_never_the_same() {
        let (one, other) = (value(40).unwrap(), value(40).unwrap());
        assert_eq!(one.expose_secret().len(), 40);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert!(value(2).is_err());
    }
}
