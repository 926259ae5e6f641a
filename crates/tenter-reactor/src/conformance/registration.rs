//! What can be registered, and what is refused.

use rustix::fd::AsFd;

use super::rig::{Rig, expect_error};
use super::system::pair;
use super::{Case, Maker, Tried, ensure};
use crate::{Interest, ReactorError, Source, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("a_source_can_be_registered_again", registered_again),
    Case::new("double_registration_is_refused", double_registration),
    Case::new("what_is_not_registered_is_refused", not_registered),
    Case::new("the_reserved_token_is_refused", reserved_token),
    Case::new("names_and_capabilities_are_constant", constant_answers),
];

fn registered_again(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, _b) = pair()?;
    for token in (0..10).map(Token) {
        rig.register(&a, token)?;
        rig.expect(&a, token, Interest::WRITE)?;
        rig.deregister(&a, token)?;
    }
    Ok(())
}

fn double_registration(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, _b) = pair()?;
    rig.register(&a, Token(1))?;
    expect_error(rig.register(&a, Token(2)), ReactorError::AlreadyRegistered, "registering a source twice")?;
    rig.expect(&a, Token(1), Interest::WRITE)?;
    Ok(rig.deregister(&a, Token(1))?)
}

fn not_registered(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, _b) = pair()?;
    let error = ReactorError::NotRegistered;
    expect_error(rig.deregister(&a, Token(1)), error, "deregistering what was never registered")?;
    rig.register(&a, Token(1))?;
    rig.deregister(&a, Token(1))?;
    expect_error(rig.deregister(&a, Token(1)), error, "deregistering twice")?;
    if rig.one_shot {
        let armed = rig.reactor.arm(Source::from(a.as_fd()), Token(1), Interest::READ);
        expect_error(armed, error, "arming what is not registered")?;
    }
    Ok(())
}

fn reserved_token(make: &Maker) -> Tried {
    let rig = Rig::new(make)?;
    let (a, _b) = pair()?;
    expect_error(rig.register(&a, Token::RESERVED), ReactorError::ReservedToken, "registering under usize::MAX")?;
    // The refusal left nothing behind, and the largest token that is issued works.
    Ok(rig.register(&a, Token(usize::MAX - 1))?)
}

fn constant_answers(make: &Maker) -> Tried {
    let (one, two) = (make()?, make()?);
    ensure!(!one.name().is_empty(), "the name is empty");
    ensure!(one.name() == two.name(), "two reactors of a kind are {:?} and {:?}", one.name(), two.name());
    let (a, b) = (one.capabilities(), two.capabilities());
    ensure!(a.trigger == b.trigger && a.max_sources == b.max_sources, "{a:?} and {b:?} differ");
    ensure!(!a.timer_granularity.is_zero(), "a timer granularity of zero");
    Ok(())
}
