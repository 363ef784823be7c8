//! Headers of requests.

use crate::error::Error;

/// The headers that this crate sends itself, and what sets them.
const OWN: &[(&str, &str)] = &[
    ("authorization", "pass the credentials to the client"),
    ("x-api-key", "pass the credentials to the client"),
    ("proxy-authorization", "put the login into the proxy variable"),
    ("cookie", "pass an API key or OAuth 2.0 credentials to the client"),
    ("content-type", "set it with Body::content_type"),
    ("user-agent", "set it with ClientBuilder::user_agent"),
    ("content-length", "it is that of the body"),
    ("range", "a download is resumed by itself"),
    ("if-range", "a download is resumed by itself"),
    ("accept-encoding", "responses are decompressed by themselves"),
    ("host", "it is that of the URL"),
    ("connection", "it belongs to the connection"),
    ("keep-alive", "it belongs to the connection"),
    ("proxy-connection", "it belongs to the connection"),
    ("transfer-encoding", "it belongs to the connection"),
    ("te", "it belongs to the connection"),
    ("trailer", "it belongs to the connection"),
    ("upgrade", "it belongs to the connection"),
    ("expect", "it belongs to the connection"),
];

/// Returns a header with its name in lower case, or why it can't be sent.
pub(super) fn check(name: &str, value: &str) -> Result<(String, String), Error> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, advice)) = OWN.iter().find(|(own, _)| *own == lower) {
        return Err(Error::invalid_input(format!("the header {lower} can't be set")).advise(*advice));
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(Error::invalid_input(format!("{name:?} can't be the name of a header")));
    }
    // The value may be a secret.
    let is_text = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    if !value.bytes().all(is_text) || value.trim() != value {
        let problem =
            format!("the value of the header {lower} has a line break, a non-ASCII character or outer white space");
        return Err(Error::invalid_input(problem));
    }
    Ok((lower, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_checked() {
        for (name, value) in [("If-None-Match", "\"a\""), ("x-csrf-token", ""), ("Roblox-Place-Id", "1818")] {
            assert_eq!(check(name, value).expect("it is valid"), (name.to_ascii_lowercase(), value.to_owned()));
        }
        for (name, value) in
            [("", "a"), ("a b", "a"), ("a:", "a"), ("é", "a"), ("a", "a\r\nb: c"), ("a", "é"), ("a", " a"), ("a", "\0")]
        {
            check(name, value).expect_err("it is invalid");
        }
        for (own, _) in OWN {
            let error = check(&own.to_ascii_uppercase(), "secret").expect_err("it can't be set").to_string();
            assert!(error.contains(own) && !error.contains("secret"), "{error}");
        }
    }
}
