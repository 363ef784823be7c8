use std::time::Duration;

use crate::api::OperationName;

/// What happens during a run, for [`Publisher::on_event`](super::Publisher::on_event).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PublishEvent<'a> {
    /// The files were read, and the uploads begin.
    Begun {
        /// How many files there are.
        files: usize,
        /// How many of them will be uploaded.
        uploads: usize,
        /// How many bytes these have.
        bytes: u64,
        /// How long they take at least, at the service's rate limit.
        shortest_time: Duration,
    },
    /// An upload that may have arrived is being looked into.
    Resolving {
        /// The file.
        path: &'a str,
    },
    /// An upload in doubt counts as lost, and is sent again: see
    /// [`Publisher::send_lost_again`](super::Publisher::send_lost_again).
    Lost {
        /// The file.
        path: &'a str,
        /// Why.
        message: &'a str,
    },
    /// A piece of a file was sent.
    Progress {
        /// The file.
        path: &'a str,
        /// How many of its bytes were sent. Starts again at 0 when the upload is retried.
        sent: u64,
        /// The size of the file in bytes.
        total: u64,
    },
    /// The service has accepted an upload.
    Accepted {
        /// The file.
        path: &'a str,
        /// The operation.
        operation: &'a OperationName,
    },
    /// A file has its asset.
    Published {
        /// The file.
        path: &'a str,
        /// The id of the asset.
        id: u64,
    },
    /// A file or a module has a problem.
    Problem {
        /// The file or the module.
        path: &'a str,
        /// What is wrong, and what to do.
        message: &'a str,
    },
}
