//! The running servers of an experience.

pub(crate) mod filter;
pub(crate) mod forecast;
pub(crate) mod game_server;
pub(crate) mod keyed;
pub(crate) mod log;
pub(crate) mod restart;
pub(crate) mod restart_all;
pub(crate) mod restart_options;
pub(crate) mod restart_status;
