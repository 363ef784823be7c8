/// The target of all log records.
pub(crate) const LOG_TARGET: &str = "rblxopencloud";
