//! Bodies with several parts.

use std::fmt::{self, Display};
use std::mem;

use super::body::Body;
use super::piece::Piece;
use crate::error::Error;
use crate::retry::random_u64;

impl From<Multipart> for Body {
    fn from(form: Multipart) -> Self {
        form.finish()
    }
}

/// A body with several parts (`multipart/form-data`), such as fields and files.
///
/// The parts are sent in the order in which they are added, and files and readers among them are streamed. Quotes,
/// backslashes and control characters in names are escaped. The form can be sent again unless a part is a reader.
///
/// ```no_run
/// use rblxopencloud::{Body, Client, Method, Multipart};
///
/// # fn main() -> rblxopencloud::Result<()> {
/// let client = Client::from_env()?;
/// let form = Multipart::new()
///     .text("name", "Double coins")
///     .text("price", 25)
///     .part("imageFile", Body::file("coins.png")?.content_type("image/png"));
/// let game_pass: serde_json::Value = client
///     .request(Method::Post, "/game-passes/v1/universes/{universe}/game-passes")
///     .param("universe", 13058)
///     .body(form)
///     .fetch()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Multipart {
    boundary: String,
    pieces: Vec<Piece>,
    /// The end of the part before, and the heads that follow.
    head: Vec<u8>,
    problem: Option<Error>,
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Multipart {
    /// Creates a form without parts, with a boundary of its own.
    pub fn new() -> Self {
        let boundary = format!("rblxopencloud-{:016x}{:016x}", random_u64(), random_u64());
        Self { boundary, pieces: Vec::new(), head: Vec::new(), problem: None }
    }

    /// Adds a part that is a text, without a content type.
    pub fn text(mut self, name: &str, value: impl Display) -> Self {
        self.begin_part(name, None, None);
        self.head.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// Adds a part with its content type and, if it has one, its [file name](Body::file_name). What is wrong with it is an
    /// error when the form is sent.
    pub fn part(mut self, name: &str, body: impl Into<Body>) -> Self {
        let body = body.into();
        self.problem = self.problem.or_else(|| body.check().err());
        let (content_type, file_name, pieces) = body.into_part();
        self.begin_part(name, file_name.as_deref(), Some(&content_type));
        self.pieces.push(Piece::bytes(mem::take(&mut self.head)));
        self.pieces.extend(pieces);
        self
    }

    fn begin_part(&mut self, name: &str, file_name: Option<&str>, content_type: Option<&str>) {
        let is_first = self.head.is_empty() && self.pieces.is_empty();
        let line = if is_first { "" } else { "\r\n" };
        let mut head =
            format!("{line}--{}\r\ncontent-disposition: form-data; name=\"{}\"", self.boundary, escaped(name));
        if let Some(file_name) = file_name {
            head.push_str(&format!("; filename=\"{}\"", escaped(file_name)));
        }
        if let Some(content_type) = content_type {
            head.push_str(&format!("\r\ncontent-type: {content_type}"));
        }
        head.push_str("\r\n\r\n");
        self.head.extend_from_slice(head.as_bytes());
    }

    fn finish(mut self) -> Body {
        let is_empty = self.head.is_empty() && self.pieces.is_empty();
        let line = if is_empty { "" } else { "\r\n" };
        self.head.extend_from_slice(format!("{line}--{}--\r\n", self.boundary).as_bytes());
        self.pieces.push(Piece::bytes(self.head));
        let body = Body::new(format!("multipart/form-data; boundary={}", self.boundary), self.pieces);
        self.problem.into_iter().fold(body, Body::failed)
    }
}

impl fmt::Debug for Multipart {
    /// The content can be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").finish_non_exhaustive()
    }
}

/// Escapes a name: quotes and control characters become `%XX`, as in browsers, and so do backslashes, which some servers take
/// for an escape.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\\' | '\0'..='\x1f' | '\x7f' => escaped.push_str(&format!("%{:02X}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}
