//! Pages about the sandbox.

#[doc = include_str!("../docs/by_purpose.md")]
pub mod by_purpose {}

#[doc = include_str!("../docs/tests.md")]
pub mod tests {}

#[doc = include_str!("../docs/world_files.md")]
pub mod world_files {}

#[doc = include_str!("../docs/control.md")]
pub mod control {}
