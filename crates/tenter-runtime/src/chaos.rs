//! The seed of chaos: the builder's, else the environment's.

use std::env;

use crate::BuildError;

/// The environment variable that gives a seed to runtimes whose builder says nothing about it.
const VARIABLE: &str = "TENTER_CHAOS";

/// What a builder was told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Wish {
    /// Nothing: as the environment says.
    #[default]
    Any,
    Told(Option<u64>),
}

impl Wish {
    pub(crate) fn seed(self) -> Result<Option<u64>, BuildError> {
        match self {
            Self::Told(seed) => Ok(seed),
            Self::Any => match env::var(VARIABLE) {
                Ok(text) => parse(&text),
                Err(_) => Ok(None),
            },
        }
    }
}

fn parse(text: &str) -> Result<Option<u64>, BuildError> {
    match text.trim() {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| BuildError::ChaosSeed(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_number_and_nothing_is_no_seed() {
        assert_eq!(parse(" ").unwrap(), None);
        assert_eq!(parse("0").unwrap(), Some(0));
        assert_eq!(parse(" 18446744073709551615 ").unwrap(), Some(u64::MAX));
        for wrong in ["on", "-1", "18446744073709551616"] {
            let error = parse(wrong).unwrap_err();
            assert!(matches!(&error, BuildError::ChaosSeed(text) if text == wrong), "{error}");
            assert!(error.to_string().contains("TENTER_CHAOS"), "{error}");
        }
    }

    #[test]
    fn the_builder_has_the_last_word() {
        assert_eq!(Wish::Told(None).seed().unwrap(), None);
        assert_eq!(Wish::Told(Some(7)).seed().unwrap(), Some(7));
    }
}
