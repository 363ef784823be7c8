//! Luau scripts that run in places.

// First, so that the pages of `LuauScript` and `LuauTask` begin with them.
pub(crate) mod script;
pub(crate) mod task;

pub(crate) mod input;
pub(crate) mod log;
pub(crate) mod outcome;
pub(crate) mod run;
