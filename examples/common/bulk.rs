//! What the examples share that work on many entries of a data store.

use std::sync::Mutex;

use rblxopencloud::CancelToken;
use rblxopencloud::data::{Bulk, BulkReport, SkippedEntry};
use rblxopencloud_sandbox::Sandbox;

use super::Result;
use super::show::Status;

/// How many skipped entries are printed.
const SHOWN: usize = 20;

/// Adds what all jobs have: the progress on the standard error, and Ctrl-C, which ends the run so that the next one goes on.
pub fn attended(bulk: Bulk) -> Result<Bulk> {
    let (cancel, status) = (CancelToken::new(), Mutex::new(Status::new()?));
    let pressed = cancel.clone();
    ctrlc::set_handler(move || pressed.cancel())?;
    Ok(bulk.cancel_by(&cancel).on_progress(move |progress| {
        if let Ok(mut status) = status.lock() {
            status.show(progress.to_string());
        }
    }))
}

/// Prints what was skipped to the standard error, and the numbers.
pub fn print(report: &BulkReport) {
    let skipped = |entry: &SkippedEntry| eprintln!("skipped {entry}");
    report.skipped.iter().take(SHOWN).for_each(skipped);
    match report.skipped.len().saturating_sub(SHOWN) {
        0 => {}
        more => eprintln!("and {more} more were skipped"),
    }
    println!("{report}");
}

/// Adds some players to a store of the sandbox.
pub fn add_players(sandbox: &Sandbox, store: &str) -> Result<()> {
    let line = |id: u64| {
        let coins = id * 37 % 1000;
        format!("{{\"id\":\"user_{id}\",\"value\":{{\"coins\":{coins},\"pets\":[]}},\"users\":[\"users/{id}\"]}}\n")
    };
    let lines: String = (1..=300).map(line).collect();
    sandbox.load_entries(13058, store, &lines)?;
    Ok(())
}
