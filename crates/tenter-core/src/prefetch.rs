//! Asking for memory before it is needed.

/// The size of what a processor fetches at once, in bytes.
const LINE: usize = 64;

/// Asks for `LINES` lines of 64 bytes from `at` on, and does not wait for them. Any address will do. On other processors than
/// x86-64 nothing happens.
#[inline]
pub fn prefetch<const LINES: usize>(at: *const u8) {
    for line in 0..LINES {
        processor::fetch(at.wrapping_add(line * LINE));
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod processor {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    #[inline]
    pub(super) fn fetch(at: *const u8) {
        // SAFETY: the instruction gives nothing and does not fault, whatever the address; every x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod processor {
    pub(super) fn fetch(_: *const u8) {}
}

#[cfg(test)]
mod tests {
    use std::ptr;

    #[test]
    fn any_address_will_do() {
        for at in [ptr::null(), ptr::dangling(), ptr::without_provenance(usize::MAX)] {
            super::prefetch::<3>(at);
        }
    }
}
