//! Choices that differ from run to run, and can be made again.

use std::env;
use std::hash::{BuildHasher, RandomState};
use std::thread;

/// The variable of the seed, in hexadecimal digits. It is the one that `arbtest` reads, which prints its own seeds.
const SEED: &str = "ARBTEST_SEED";

/// Made-up choices. A test that fails prints the seed that makes the same ones again.
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    /// The variable of the seed, and its value, for another process.
    pub fn variable(&self) -> (&'static str, String) {
        (SEED, format!("{:#x}", self.seed))
    }

    pub fn new() -> Self {
        let seed = match env::var(SEED) {
            Ok(text) => u64::from_str_radix(text.trim_start_matches("0x"), 16)
                .unwrap_or_else(|error| panic!("{SEED} must be a hexadecimal number: {error}")),
            Err(_) => RandomState::new().hash_one(SEED),
        };
        Self { seed, state: seed }
    }

    /// The seed, for other sources of choices.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Other choices of the same seed, such as those of one thread.
    pub fn fork(&self, number: u64) -> Self {
        let mut other = Self { seed: self.seed, state: self.seed ^ number.wrapping_mul(0xd134_2543_de82_ef95) };
        other.state = other.below(u64::MAX);
        other
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).expect("it is an index")]
    }

    /// A number below `limit` (SplitMix64).
    pub fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

impl Drop for Random {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("The seed of the choices: {SEED}={:#x}", self.seed);
        }
    }
}
