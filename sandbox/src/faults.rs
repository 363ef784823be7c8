//! What goes wrong.

use super::Sandbox;
use super::state::{Fault, lock};
use super::world::OperationFailure;

/// # Faults
///
/// What goes wrong: injected by a test, and gone once it has happened.
impl Sandbox {
    /// Injects a fault. Of several faults that match a request, the one that was injected first is used.
    pub fn inject(&self, fault: Fault) {
        lock(&self.server.shared.state.faults).inject(fault);
    }

    /// Removes the faults that were not used yet.
    pub fn clear_faults(&self) {
        lock(&self.server.shared.state.faults).clear();
    }

    /// Makes the next operation fail. Each further call makes one more operation fail.
    pub fn fail_next_operation(&self, failure: OperationFailure) {
        self.world().operations.fail_next(failure);
    }
}
