//! The ways in which a request ends.

use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::builder::Request;
use super::prepared::Prepared;
use super::response::Response;
use crate::call::{DecodeError, Decoder};
use crate::disk::save;
use crate::error::{Error, ErrorFields, Result};
use crate::json::{self, Fill, fill_from_slice};
use crate::transport::Download;
use crate::wire::{Model, Unread};

/// Redirects that a download follows.
const MAX_REDIRECTS: usize = 5;

impl Request {
    /// Makes the call, and reads the JSON of the response.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the request can't be sent as it is, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response isn't a `T`, or has more than 8 MiB. A response
    /// that holds [nothing but an error](Self::error_as_data) is an error too.
    pub fn fetch<T: DeserializeOwned>(self) -> Result<T> {
        let mut model = None;
        self.fill(&mut model)?;
        Ok(decoded(model))
    }

    /// Makes the call like [`fetch`](Self::fetch), and reads a model of this crate.
    pub(crate) fn fetch_model<T: Model>(self) -> Result<T> {
        let mut model = Unread::default();
        self.fill(&mut model)?;
        Ok(decoded(model.0))
    }

    fn fill(self, model: &mut dyn Fill) -> Result<()> {
        self.decode(&mut |body| Ok(fill_from_slice(model, body)?))
    }

    /// Makes the call, and reads the response with `decode`. A response that holds nothing but an error is one, also where
    /// `decode` would read it.
    pub(crate) fn read<T>(self, decode: impl Fn(&[u8]) -> Result<T, DecodeError>) -> Result<T> {
        let mut response = None;
        self.decode(&mut |body| {
            response = Some(decode(body)?);
            Ok(())
        })?;
        Ok(decoded(response))
    }

    fn decode(self, decode: &mut Decoder<'_>) -> Result<()> {
        let (data, is_of_caller) = (self.endpoint.error_as_data(), self.endpoint.is_unnamed());
        self.prepare()?.run(&mut |body| match ErrorFields::read(body, data)
            .and_then(|fields| fields.in_place_of_model(is_of_caller))
        {
            Some(reported) => Err(DecodeError::Service(reported)),
            None => decode(body),
        })
    }

    /// Makes the call. The response is empty or JSON, which isn't read further. That of a declared [`Endpoint`](crate::Endpoint) is
    /// empty or an object.
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the request can't be sent as it is, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response isn't JSON, such as the web page of a proxy, or
    /// holds [nothing but an error](Self::error_as_data).
    pub fn send(self) -> Result<()> {
        let (data, is_declared) = (self.endpoint.error_as_data(), !self.endpoint.is_unnamed());
        self.prepare()?.run(&mut |body| {
            // No field is expected, so a text alone isn't an error.
            match ErrorFields::read(body, data).and_then(|fields| fields.alone()) {
                Some(reported) => Err(DecodeError::Service(reported)),
                None => read_nothing(body, is_declared),
            }
        })
    }

    /// Makes the call, and returns status, headers and body of the response, whatever the body is. A status other than of
    /// success is an error, also 304 (not modified).
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client) -> Result<()> {
    /// let response = client
    ///     .request(Method::Get, "/cloud/v2/universes/{universe}")
    ///     .param("universe", 13058)
    ///     .header("accept-language", "en")
    ///     .response()?;
    /// println!("{} {:?} {} bytes", response.status(), response.header("etag"), response.body().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`InvalidInput`](crate::ErrorKind::InvalidInput) if the request can't be sent as it is, and
    /// [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response has more than 8 MiB.
    pub fn response(self) -> Result<Response> {
        self.prepare()?.response()
    }

    /// Makes the call, and copies the body of the response to `writer` as it arrives. Returns the number of bytes.
    ///
    /// Redirects of a `GET` are followed, over HTTPS only and not to an internationalized host name; another host never sees the
    /// credentials.
    ///
    /// After a break, the download is resumed with a `Range` request, if the server identifies the version of the content: by a
    /// strong `ETag`, or without one by a `Last-Modified` at least a minute before the response. It ends with an error if the
    /// content has changed in between, so that a complete download always is one version.
    ///
    /// A download has no time limit as long as it doesn't stall; see [`Timeouts`](crate::Timeouts).
    /// [`max_size`](Self::max_size) limits its size, and [`on_progress`](Self::on_progress) reports how far it has come.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method};
    /// # fn run(client: &Client, location: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = std::fs::File::create("model.rbxm")?;
    /// let size = client.request(Method::Get, location).max_size(50_000_000).download(&mut file)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`Io`](crate::ErrorKind::Io) if `writer` fails, and [`InvalidResponse`](crate::ErrorKind::InvalidResponse) if
    /// the content is too large or has changed. What was written by then stays written.
    pub fn download(mut self, writer: &mut dyn Write) -> Result<u64> {
        let mut download = Download::new(self.max_size, self.on_progress.take());
        let end = self.session.end();
        let mut prepared = self.prepare()?;
        let mut redirects = 0;
        loop {
            prepared.download(&mut download, writer, end)?;
            if let Some(location) = download.take_redirect() {
                redirects += 1;
                if redirects > MAX_REDIRECTS {
                    let problem = format!("more than {MAX_REDIRECTS} redirects");
                    return Err(prepared.invalid_response(problem));
                }
                prepared.redirect(&location)?;
            } else if download.is_complete() {
                writer.flush().map_err(|error| Error::io("the destination of the download", error))?;
                return Ok(download.written());
            }
            // A server may send less than was requested. The rest is requested next.
        }
    }

    /// Makes the call, and saves the body of the response as a file. Returns the number of bytes. See
    /// [`download`](Self::download).
    ///
    /// The file appears under its name only when it is complete, and replaces a file of that name then. Until then, and if
    /// the process is killed, it has another name in the same directory, which ends in `.part`. Nothing is sent if such a file
    /// can't be created.
    ///
    /// The new file has the mode of the one that it replaces and, where the user may set it, its owner; a file that is read-only
    /// is an error. If `path` is a link, the file that it leads to is replaced or created, and the link stays. A link of another
    /// user, in a directory that others can write to, isn't followed. A pipe or a device, such as `/dev/stdout`, is
    /// written as the content arrives; a pipe that nobody reads is an error.
    ///
    /// ```no_run
    /// # use rblxopencloud::{Client, Method, Result};
    /// # fn run(client: &Client, location: &str) -> Result<()> {
    /// client.request(Method::Get, location).max_size(50_000_000).download_to("model.rbxm")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`download`](Self::download), and [`Io`](crate::ErrorKind::Io) if the file can't be created or replaced.
    pub fn download_to(self, path: impl AsRef<Path>) -> Result<u64> {
        save(path.as_ref(), |writer| self.download(writer))
    }

    /// Checks the request, and resolves where it goes.
    pub(crate) fn prepare(self) -> Result<Prepared> {
        Prepared::new(self)
    }
}

fn decoded<T>(response: Option<T>) -> T {
    response.unwrap_or_else(|| unreachable!("a call succeeds only with a decoded response"))
}

/// Accepts an empty body and JSON: an object, or unless it must be one, anything.
fn read_nothing(body: &[u8], is_object: bool) -> Result<(), DecodeError> {
    /// Whatever its fields are.
    #[derive(Deserialize)]
    struct AnObject {}

    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    if is_object {
        return Ok(json::from_slice::<AnObject>(body).map(drop)?);
    }
    Ok(json::from_slice::<IgnoredAny>(body).map(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_empty_or_json() {
        for body in [&b""[..], b" \r\n", b"{}", b"[1]", b"null", b"\"OK\"", b"\xef\xbb\xbf{}"] {
            assert!(read_nothing(body, false).is_ok(), "{}", String::from_utf8_lossy(body));
            let is_object = !matches!(body, b"[1]" | b"null" | b"\"OK\"");
            assert_eq!(read_nothing(body, true).is_ok(), is_object, "{}", String::from_utf8_lossy(body));
        }
        for body in [&b"<p>"[..], b"OK", b"{", b"{} {}"] {
            assert!(
                read_nothing(body, false).is_err() && read_nothing(body, true).is_err(),
                "{}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
