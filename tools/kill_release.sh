#!/usr/bin/env bash
# Kills the example `release` at 200 random times, against the sandbox with faults, and runs it to the end each time.
# Run by hand, because it takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --example release
RELEASE_KILLS="${1:-200}" cargo test --test programs -- --nocapture a_release_that_is_killed_at_any_time
