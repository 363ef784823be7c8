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
