//! Made-up cases, and modules that their languages read.

mod modules;
mod properties;
#[path = "../support/mod.rs"]
mod support;
mod worlds;
