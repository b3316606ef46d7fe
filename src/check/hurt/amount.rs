//! Amounts of money, added without rounding: tenths of thousandths, as many as a payment ever had.

use std::fmt;

/// Four digits behind the point.
const SCALE: i128 = 10_000;

/// A sum.
#[derive(Clone, Copy, Default)]
pub(super) struct Amount {
    tenths_of_thousandths: i128,
    /// The most digits behind the point that any part of it had.
    digits: usize,
}

impl Amount {
    /// The sum with one more; nothing for what is no amount.
    pub(super) fn plus(self, text: &str) -> Option<Self> {
        let text = text.trim();
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.chars().all(|c| c.is_ascii_digit());
        // Digits behind the fourth are rounding of a float and no money.
        let fraction = fraction.get(..fraction.len().min(4))?;
        if whole.is_empty() || whole.len() > 20 || !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let padded: i128 = format!("{fraction:0<4}").parse().ok()?;
        let value = sign * (whole.parse::<i128>().ok()? * SCALE + padded);
        let digits = self.digits.max(fraction.trim_end_matches('0').len().max(fraction.len().min(2)));
        Some(Self { tenths_of_thousandths: self.tenths_of_thousandths.checked_add(value)?, digits })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.tenths_of_thousandths;
        let (sign, value) = if value < 0 { ("-", -value) } else { ("", value) };
        let fraction = format!("{:04}", value % SCALE);
        write!(f, "{sign}{}", value / SCALE)?;
        // One digit alone reads like a mistake.
        let digits = if self.digits == 1 { 2 } else { self.digits };
        if digits > 0 { write!(f, ".{}", &fraction[..digits]) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    fn sum(parts: &[&str]) -> Option<String> {
        parts.iter().try_fold(Amount::default(), |sum, part| sum.plus(part)).map(|sum| sum.to_string())
    }

    #[test]
    fn amounts_are_added_without_rounding() {
        assert_eq!(sum(&["1200", "1200"]).as_deref(), Some("2400"));
        assert_eq!(sum(&["0.10", "0.20"]).as_deref(), Some("0.30"));
        assert_eq!(sum(&["1200.5", "0.25"]).as_deref(), Some("1200.75"));
        assert_eq!(sum(&["-3.00", "1"]).as_deref(), Some("-2.00"));
        assert_eq!(sum(&["0.1"; 10]).as_deref(), Some("1.00"));
        assert_eq!(sum(&["0.12345678"]).as_deref(), Some("0.1234"));
    }

    #[test]
    fn what_is_no_amount_is_told() {
        for wrong in ["", "R 12", "1e5", "NaN", "1.2.3", "-", "999999999999999999999999"] {
            assert_eq!(sum(&[wrong]), None, "{wrong}");
        }
    }
}
