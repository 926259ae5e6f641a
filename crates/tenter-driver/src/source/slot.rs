//! The name of a slot: index and generation, packed into a token by the width of `usize`.

use tenter_reactor::Token;

/// How many bits of a token are the index. The rest is the generation: 32 bits of it on 64-bit targets, where a
/// stale token would need 2^32 re-uses of one slot to be taken for a fresh one; 12 bits on 32-bit targets.
const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };

const GENERATION_BITS: u32 = usize::BITS - INDEX_BITS;

/// One more than the largest index that is issued. The all-ones index is left out, so `usize::MAX` is never a token.
pub(crate) const MAX_SLOTS: u32 = ((1_u64 << INDEX_BITS) - 1) as u32;

/// How often a slot has been given up, modulo the bits that a token has room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation(u32);

impl Generation {
    const MASK: u32 = ((1_u64 << GENERATION_BITS) - 1) as u32;

    pub(crate) const fn new(value: u32) -> Self {
        Self(value & Self::MASK)
    }

    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    pub(crate) const fn next(self) -> Self {
        Self::new(self.0.wrapping_add(1))
    }
}

/// A slot in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) index: u32,
    pub(crate) generation: Generation,
}

impl Slot {
    pub(crate) const fn token(self) -> Token {
        Token(((self.generation.get() as usize) << INDEX_BITS) | self.index as usize)
    }

    pub(crate) const fn from_token(token: Token) -> Self {
        let index = (token.0 & ((1 << INDEX_BITS) - 1)) as u32;
        Self { index, generation: Generation::new((token.0 >> INDEX_BITS) as u32) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_slot_and_never_the_reserved_value() {
        for index in [0, 1, MAX_SLOTS - 1] {
            for generation in [0, 1, u32::MAX] {
                let slot = Slot { index, generation: Generation::new(generation) };
                assert_eq!(Slot::from_token(slot.token()), slot);
                assert_ne!(slot.token(), Token::RESERVED);
            }
        }
    }

    #[test]
    fn generations_wrap_within_the_bits_of_a_token() {
        assert_eq!(Generation::new(u32::MAX).next(), Generation::new(0));
    }
}
