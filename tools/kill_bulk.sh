#!/usr/bin/env bash
# Kills back-ups, restores and edits of the examples `back_up_data` and `edit_all` at 170 random times each, against the sandbox with
# faults, and runs them to the end each time. Run by hand, because it takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --example back_up_data --example edit_all
BULK_KILLS="${1:-170}" cargo test --test programs -- --nocapture bulk_jobs_that_are_killed
