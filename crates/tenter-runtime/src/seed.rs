//! The seeds of chaos and of faults: the builder's, else the environment's.

use std::env;

use crate::BuildError;

/// The environment variable that gives a seed of chaos to runtimes whose builder says nothing about it.
pub(crate) const CHAOS: &str = "TENTER_CHAOS";

/// The environment variable that gives a seed of faults to runtimes whose builder says nothing about it.
pub(crate) const FAULTY: &str = "TENTER_FAULTY";

/// What a builder was told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Wish {
    /// Nothing: as the environment says.
    #[default]
    Any,
    Told(Option<u64>),
}

impl Wish {
    /// The builder's seed, else that in the environment variable.
    pub(crate) fn seed(self, variable: &'static str) -> Result<Option<u64>, BuildError> {
        match self {
            Self::Told(seed) => Ok(seed),
            Self::Any => match env::var(variable) {
                Ok(text) => parse(variable, &text),
                Err(_) => Ok(None),
            },
        }
    }
}

fn parse(variable: &'static str, text: &str) -> Result<Option<u64>, BuildError> {
    match text.trim() {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| BuildError::Seed { variable, text: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_number_and_nothing_is_no_seed() {
        for variable in [CHAOS, FAULTY] {
            assert_eq!(parse(variable, " ").unwrap(), None);
            assert_eq!(parse(variable, "0").unwrap(), Some(0));
            assert_eq!(parse(variable, " 18446744073709551615 ").unwrap(), Some(u64::MAX));
            for wrong in ["on", "-1", "18446744073709551616"] {
                let error = parse(variable, wrong).unwrap_err();
                assert!(matches!(&error, BuildError::Seed { text, .. } if text == wrong), "{error}");
                assert!(error.to_string().contains(variable), "{error}");
            }
        }
    }

    #[test]
    fn the_builder_has_the_last_word() {
        assert_eq!(Wish::Told(None).seed(CHAOS).unwrap(), None);
        assert_eq!(Wish::Told(Some(7)).seed(FAULTY).unwrap(), Some(7));
    }
}
