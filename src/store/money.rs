use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::wire::{self, model};

/// The service accepts prices only with this exponent.
const PRICE_EXPONENT: i32 = -9;

/// What the text of a number looks like.
const FORM: &str = "expected the form 4.99";

model! {
    /// An exact decimal number: `significand` × 10^`exponent`. Equal numbers are equal, whatever their exponents.
    ///
    /// ```
    /// use rblxopencloud::store::Decimal;
    ///
    /// let price: Decimal = "4.99".parse()?;
    /// assert_eq!((price.significand, price.exponent), (499, -2));
    /// assert_eq!(price.to_string(), "4.99");
    /// assert_eq!(price, Decimal::new(4_990_000_000, -9));
    /// # Ok::<(), rblxopencloud::Error>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default, Eq)]
    #[non_exhaustive]
    pub struct Decimal {
        /// The digits.
        #[with(wire::strict)]
        pub significand: i64,
        /// The power of ten.
        #[with(wire::strict)]
        pub exponent: i32,
    }
}

impl Decimal {
    /// Creates a number.
    #[must_use]
    pub const fn new(significand: i64, exponent: i32) -> Self {
        Self { significand, exponent }
    }

    /// Returns the number without trailing zeros in its significand.
    fn normalized(self) -> (i64, i32) {
        let (mut significand, mut exponent) = (self.significand, self.exponent);
        if significand == 0 {
            return (0, 0);
        }
        while significand % 10 == 0 && exponent < i32::MAX {
            significand /= 10;
            exponent += 1;
        }
        (significand, exponent)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.normalized() == other.normalized()
    }
}

impl std::hash::Hash for Decimal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.normalized().hash(state);
    }
}

/// A number with digits and at most one point, such as `4.99`.
impl FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::invalid_text("decimal number", text, FORM))
    }
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || !is_number(whole)
            || !is_number(fraction)
            || (digits.contains('.') && fraction.is_empty())
        {
            return None;
        }
        let significand: i64 = format!("{whole}{fraction}").parse().ok()?;
        let exponent = i32::try_from(fraction.len()).ok()?;
        Some(Self::new(if text.starts_with('-') { -significand } else { significand }, -exponent))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (significand, exponent) = self.normalized();
        if significand == 0 {
            return f.write_str("0");
        }
        // Numbers of any exponent don't fit on a line.
        if !(-30..=30).contains(&exponent) {
            return write!(f, "{significand}e{exponent}");
        }
        let sign = if significand < 0 { "-" } else { "" };
        let digits = significand.unsigned_abs().to_string();
        let places = usize::try_from(-exponent).unwrap_or_default();
        if places == 0 {
            return write!(f, "{sign}{digits}{}", "0".repeat(usize::try_from(exponent).unwrap_or_default()));
        }
        let digits = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

model! {
    /// An amount of money.
    ///
    /// ```
    /// use rblxopencloud::store::Money;
    ///
    /// assert_eq!(Money::usd("4.99")?.to_string(), "4.99 USD");
    /// assert!(Money::usd("4.999").is_err());
    /// # Ok::<(), rblxopencloud::Error>(())
    /// ```
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Money {
        /// The currency, as in ISO 4217, or a name that starts with `X-`.
        #[lenient]
        pub currency_code: String,
        /// The amount.
        #[with(wire::strict)]
        pub quantity: Decimal,
    }
}

impl Money {
    /// Creates an amount of US dollars, such as `4.99`, in the form that the service accepts as a price.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if it isn't a number, is negative, is too large, or has more
    /// than two decimals.
    pub fn usd(amount: &str) -> Result<Self> {
        let invalid = |problem: &str| Error::invalid_text("price", amount, problem);
        let given = Decimal::parse(amount).ok_or_else(|| invalid(FORM))?;
        let (significand, exponent) = given.normalized();
        if given.significand < 0 {
            return Err(invalid("it is negative"));
        }
        if exponent < -2 || given.exponent < -2 {
            return Err(invalid("US dollars have at most two decimals"));
        }
        let scale = u32::try_from(exponent - PRICE_EXPONENT).ok().and_then(|digits| 10_i64.checked_pow(digits));
        let significand =
            scale.and_then(|scale| significand.checked_mul(scale)).ok_or_else(|| invalid("it is too large"))?;
        let exponent = if significand == 0 { 0 } else { PRICE_EXPONENT };
        Ok(Self { currency_code: "USD".to_owned(), quantity: Decimal::new(significand, exponent) })
    }
}

/// `4.99 USD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.quantity, self.currency_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, significand, exponent, shown) in [
            ("0", 0, 0, "0"),
            ("17", 17, 0, "17"),
            ("-0.005", -5, -3, "-0.005"),
            ("1.375", 1375, -3, "1.375"),
            ("4.90", 490, -2, "4.9"),
            ("0.1", 1, -1, "0.1"),
        ] {
            let number: Decimal = text.parse().expect("it is a number");
            assert_eq!(
                (number.significand, number.exponent, number.to_string().as_str()),
                (significand, exponent, shown)
            );
        }
        assert_eq!(Decimal::new(335, 5).to_string(), "33500000");
        assert_eq!(Decimal::new(1, 2_000_000).to_string(), "1e2000000");
        for text in ["", ".", "1.", ".5", "1e5", "+1", "1,5", "99999999999999999999", "--1"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
        let json: Decimal = serde_json::from_str(r#"{"significand":"-5","exponent":-3}"#).expect("it is a number");
        assert_eq!(json, Decimal::new(-50, -4));
    }

    #[test]
    fn prices_have_the_form_of_the_service() {
        let price = |text: &str| Money::usd(text).map(|money| (money.quantity.significand, money.quantity.exponent));
        assert_eq!(price("4.99").expect("it is a price"), (4_990_000_000, -9));
        assert_eq!(price("249.99").expect("it is a price"), (249_990_000_000, -9));
        assert_eq!(price("5").expect("it is a price"), (5_000_000_000, -9));
        assert_eq!(price("0.00").expect("it is a price"), (0, 0));
        for (text, problem) in
            [("4.999", "two decimals"), ("4.990", "two decimals"), ("-1", "negative"), ("10000000000", "too large")]
        {
            let error = price(text).expect_err("it can't be a price").to_string();
            assert!(error.contains(problem) && error.contains(text), "{error}");
        }
    }
}
