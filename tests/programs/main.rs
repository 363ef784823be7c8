//! Whole programs: the examples, and jobs as users would write them.

mod bulk;
mod erasing;
mod example_output;
mod example_servers;
mod example_sign_in;
mod examples;
mod kill_bulk;
mod main_job;
mod mixed_batch;
mod moderation;
mod nightly_dump;
mod publish_assets;
mod receiver;
mod release;
mod server_gate;
#[path = "../support/mod.rs"]
mod support;
