//! The limits that apply to one request together. It is pure: the time is an argument, and nothing waits.
//!
//! The windows of a request are ordered: its pool of slots, those of its path parameters, and then that of its endpoint.

use std::ops::DerefMut;
use std::time::Instant;

use super::block::Block;
use super::limits::Limits;
use super::slots::Pool;
use super::window::{Acquired, Outcome, RefusalBackoff, Window};

/// Takes a permit of each window, or none. `turn` is the turn for a slot. Returns the position of the first window that has
/// none, and why. The pool of slots comes last: a request waits for a slot only while nothing else delays it.
pub(super) fn acquire<W: DerefMut<Target = Window>>(
    windows: &mut [W],
    turn: Option<u64>,
    now: Instant,
) -> Result<Vec<Acquired>, (usize, Block)> {
    let pools = usize::from(pool_of(windows).is_some());
    for position in (pools..windows.len()).chain(0..pools) {
        if let Some(block) = windows[position].block(turn, now) {
            return Err((position, block));
        }
    }
    Ok(windows.iter_mut().map(|window| window.acquire(now)).collect())
}

/// Queues a call for a slot, which the window at a position blocks. Whoever waits for another window isn't in the queue, where it
/// would keep those behind it from the slots, but keeps its turn. Returns whether it has left the queue.
pub(super) fn queue<W: DerefMut<Target = Window>>(windows: &mut [W], position: usize, turn: &mut Option<u64>) -> bool {
    match (pool_of(windows), *turn) {
        (Some(pool), _) if position == 0 => {
            *turn = Some(pool.join(*turn));
            false
        }
        (Some(pool), Some(turn)) => pool.leave(turn),
        _ => false,
    }
}

fn pool_of<W: DerefMut<Target = Window>>(windows: &mut [W]) -> Option<&mut Pool> {
    windows.first_mut()?.pool()
}

/// Returns the permits. A response tells of one window, and a refusal closes one. A slot stays taken if the request may have
/// started work.
pub(super) fn release<W: DerefMut<Target = Window>>(
    windows: &mut [W],
    acquired: &[Acquired],
    outcome: Outcome,
    may_have_started: bool,
    backoff: &RefusalBackoff,
    fraction: f64,
    now: Instant,
) {
    let described = match outcome {
        Outcome::Answered(limits) | Outcome::Refused(limits) => described(windows, &limits),
        Outcome::Unanswered => windows.len() - 1,
    };
    let refused = match outcome {
        Outcome::Refused(limits) => Some(refused(windows, described, &limits, now)),
        _ => None,
    };
    for (position, (window, acquired)) in windows.iter_mut().zip(acquired).enumerate() {
        let outcome = match outcome {
            Outcome::Answered(_) if position != described => Outcome::Answered(Limits::default()),
            Outcome::Refused(limits) if position == described && refused != Some(position) => Outcome::Answered(limits),
            Outcome::Refused(_) if refused != Some(position) => Outcome::Unanswered,
            // The announced window is another one.
            Outcome::Refused(limits) if window.pool().is_some() => {
                Outcome::Refused(Limits { retry_after: limits.retry_after, ..Limits::default() })
            }
            outcome => outcome,
        };
        if let (Some(slot), Some(pool)) = (acquired.slot(), window.pool()) {
            pool.settle(slot, may_have_started && refused.is_none(), now);
        }
        window.release(*acquired, outcome, backoff, fraction, now);
    }
}

/// Returns the window that a response describes. The service tells of the one that has least left, which shows by its limit.
fn described<W: DerefMut<Target = Window>>(windows: &[W], limits: &Limits) -> usize {
    let own = windows.len() - 1;
    let has_limit = |window: &W| {
        let documented = window.documented().map(|budget| u64::from(budget.count()));
        documented.is_some() && documented == limits.limit
    };
    if has_limit(&windows[own]) {
        return own;
    }
    windows.iter().position(has_limit).unwrap_or(own)
}

/// Returns the window whose lack caused a refusal.
fn refused<W: DerefMut<Target = Window>>(windows: &mut [W], described: usize, limits: &Limits, now: Instant) -> usize {
    let own = windows.len() - 1;
    if described != own || limits.remaining == Some(0) {
        return described;
    }
    // The service announces no window for slots. The request takes one itself; without other work, slots aren't the cause unless
    // requests are left.
    let has_left = limits.remaining.is_some();
    if pool_of(windows).is_some_and(|pool| has_left || pool.taken(now) > 1) {
        return 0;
    }
    if has_left {
        return described;
    }
    // The response doesn't tell. The limits of parameters are the narrow ones, but the first request with some values doesn't
    // exceed them, unless others have made one.
    let narrow = (0..own).find(|position| windows[*position].used(now) > 1);
    narrow.unwrap_or(own)
}
