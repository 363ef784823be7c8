//! Long-running operations.

mod handle;
mod name;
mod operations;
mod pace;
mod start;
mod started;
mod task;
mod wait;
mod work;

pub use handle::Operation;
pub(crate) use handle::Step;
#[cfg(fuzzing)]
pub(crate) use handle::read_answer;
pub(crate) use operations::Operations;
pub(crate) use task::Tasks;
pub(crate) use wait::Waiting;
pub use wait::{WaitOptions, WaitProgress};
pub(crate) use work::{Decode, Polls};
