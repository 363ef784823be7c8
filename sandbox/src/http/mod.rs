//! HTTP/1.1 of the sandbox: requests, forms, responses, and the parameters of pages.

mod answer;
mod connection;
pub(crate) mod multipart;
mod page_request;
#[cfg(any(test, fuzzing))]
pub(crate) mod pieces;
mod target;

pub(crate) use answer::{Answer, words};
pub(crate) use connection::form_decoded;
#[cfg(fuzzing)]
pub(crate) use connection::parse_head;
pub(crate) use connection::{Connection, Head, Length, MOST_HEADERS, Problem, split_target};
pub(crate) use multipart::Part;
pub(crate) use page_request::PageRequest;
