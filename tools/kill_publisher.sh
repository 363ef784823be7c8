#!/usr/bin/env bash
# Kills the example `publish_assets` at 500 random times, against the sandbox with faults, and runs it to the end each time.
# Run by hand, because it takes minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --examples
PUBLISHER_KILLS="${1:-500}" cargo test --test programs -- --nocapture a_kill_at_any_time
