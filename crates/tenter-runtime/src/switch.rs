//! Environment variables that say yes or no to runtimes whose builder says nothing.

use std::env;

use crate::BuildError;

/// Whether there is debug mode.
pub(crate) const DEBUG: &str = "TENTER_DEBUG";

/// What a variable says; no, if it is not there.
pub(crate) fn of(variable: &'static str) -> Result<bool, BuildError> {
    env::var_os(variable).map_or(Ok(false), |text| parse(variable, &text.to_string_lossy()))
}

fn parse(variable: &'static str, text: &str) -> Result<bool, BuildError> {
    match text.trim() {
        "" | "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(BuildError::Switch { variable, text: text.to_owned() }),
    }
}

#[test]
fn a_switch_is_on_or_off() {
    for (text, expected) in [("", false), ("0", false), (" 1 ", true)] {
        assert_eq!(parse(DEBUG, text).unwrap(), expected);
    }
    let error = parse(DEBUG, "yes").unwrap_err();
    assert!(error.to_string().contains("TENTER_DEBUG is 'yes'"), "{error}");
}
