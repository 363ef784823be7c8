//! What holds for every call. A new call is tested here with its row in `support::calls`.

use std::error::Error as _;
use std::thread;
use std::time::Duration;

use rblxopencloud::{Client, Credentials, Error, ErrorKind, RetryPolicy, endpoints};

use crate::support::call::{Call, Returns};
use crate::support::calls::calls;
use crate::support::{KEY, Reply, Server, Wire, answer, fails, hasty, within};

fn good(call: &Call) -> Reply {
    Reply::ok(&(call.answer)())
}

#[test]
fn transient_refusals_are_retried_unless_the_call_may_have_arrived() {
    for call in calls() {
        for status in [408, 500, 502, 503, 504] {
            let server = Server::script([Reply::text(status, ""), good(&call)]);
            let result = (call.make)(&server.client());
            if call.endpoint.is_repeatable() && status != 500 {
                result.unwrap_or_else(|error| panic!("{} after {status}: {error}", call.method));
                // What the first attempt did is looked up in between.
                assert_eq!(server.count(), 3, "{} after {status}", call.method);
            } else if call.is_change() {
                let error = result.expect_err(call.method);
                assert!(error.outcome_unknown() && !error.is_retryable(), "{}: {error}", call.method);
                assert_eq!(server.count(), 1, "{} after {status}", call.method);
            } else {
                result.unwrap_or_else(|error| panic!("{} after {status}: {error}", call.method));
                assert_eq!(server.count(), 2, "{} after {status}", call.method);
            }
        }
    }
}

#[test]
fn a_connection_that_breaks_after_the_request_is_retried_only_if_that_does_no_harm() {
    for call in calls() {
        let server = Server::script([Reply::HangUp, good(&call)]);
        let result = (call.make)(&server.client());
        if call.is_sent_once() {
            assert!(fails(result, ErrorKind::Connection).outcome_unknown(), "{}", call.method);
        } else {
            result.unwrap_or_else(|error| panic!("{}: {error}", call.method));
        }
    }
}

#[test]
fn a_rate_limit_is_waited_for_by_every_call() {
    for call in calls() {
        let server = Server::script([Reply::text(429, "").with("retry-after", "0"), good(&call)]);
        (call.make)(&server.client()).unwrap_or_else(|error| panic!("{}: {error}", call.method));
        assert_eq!(server.count(), 2, "{}", call.method);

        let server = Server::script([Reply::text(429, "").with("retry-after", "3600")]);
        let error = fails((call.make)(&server.client()), ErrorKind::RateLimited);
        assert_eq!((error.retry_after(), server.count()), (Some(Duration::from_secs(3600)), 1), "{}", call.method);
    }
}

#[test]
fn lasting_refusals_are_not_retried() {
    for call in calls() {
        for status in [302, 400, 401, 403, 404, 409, 501] {
            let server = Server::script([Reply::text(status, "").with("location", "/elsewhere")]);
            let error = (call.make)(&server.client()).expect_err(call.method);
            assert_eq!((error.status(), server.count()), (Some(status), 1), "{}", call.method);
            assert!(error.to_string().contains(&call.path()), "{error}");
        }
    }
}

#[test]
fn a_deadline_ends_every_call() {
    // All at once, each with enough time to be sent on a busy machine.
    let ends = calls().into_iter().map(|call| {
        thread::spawn(move || {
            let server = Server::script([Reply::Stall]);
            let client = server.client().with_timeout(Duration::from_secs(3));
            let result = within(Duration::from_secs(60), move || (call.make)(&client));
            (call, result)
        })
    });
    for end in ends.collect::<Vec<_>>() {
        let (call, result) = end.join().expect("it ends");
        let error = fails(result, ErrorKind::Timeout);
        assert!(error.to_string().contains("3s"), "{}: {error}", call.method);
        assert_eq!(error.outcome_unknown(), call.may_have_acted(), "{}: {error}", call.method);
    }
}

#[test]
fn a_response_without_end_is_not_read_to_its_end() {
    let endless =
        [("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "400\r\n"), ("HTTP/1.1 200 OK\r\nx: ", "")];
    for call in calls() {
        for (head, chunk) in endless {
            let piece = format!("{chunk}{}{}", "x".repeat(0x400), if chunk.is_empty() { "" } else { "\r\n" });
            let wire = Wire::start(move |connection| {
                if connection.request().is_some() && connection.send(head) {
                    connection.send_endlessly(piece.as_bytes());
                }
            });
            let client = wire.builder().retry(RetryPolicy::none()).build().expect("the settings are good");
            let error = fails((call.make)(&client), ErrorKind::InvalidResponse);
            assert_eq!(error.outcome_unknown(), call.may_have_acted(), "{}: {error}", call.method);
        }
    }
}

#[test]
fn successes_that_are_not_models_are_errors() {
    for call in calls() {
        for body in
            ["", " ", "<html>Login</html>", "null", "7", "\"text\"", "[1]", "{", r#"{"errors":[{"message":"no"}]}"#]
        {
            // An error instead of an operation is a failed operation, which shows when it is waited for.
            let is_success = match call.returns {
                Returns::Model => false,
                Returns::List => body == "[1]",
                Returns::Operation => body.contains("errors"),
                Returns::Nothing => body.trim().is_empty(),
            };
            if is_success {
                continue;
            }
            let wire = Wire::says(answer(body));
            let client = wire.builder().retry(RetryPolicy::none()).build().expect("the settings are good");
            let result = (call.make)(&client);
            let error = result.err().unwrap_or_else(|| panic!("{}: {body:?} is taken for a success", call.method));
            assert!(!error.is_retryable() || !call.is_change(), "{}: {error}", call.method);
        }
    }
}

/// All that an error says, in every way that it can be printed.
fn words(error: &Error) -> String {
    let mut words = format!("{error} {error:?} {error:#?} {:?} {:?}", error.message(), error.code());
    let mut source = error.source();
    while let Some(error) = source {
        words += &format!(" {error} {error:?}");
        source = error.source();
    }
    words
}

#[test]
fn errors_of_every_call_hide_the_secret() {
    let bodies = [
        format!(r#"{{"code":"{KEY}","message":"the key {KEY} is bad","x":"{KEY}"}}"#),
        format!(r#"{{"errors":[{{"code":0,"message":"{KEY}"}}]}}"#),
        format!(r#"{{"path":"operations/{KEY}","{KEY}":["{KEY}"]}}"#),
        format!("<html>{KEY}</html>"),
        format!("\"{KEY}\""),
        KEY.to_owned(),
    ];
    for credentials in [Credentials::api_key(KEY), Credentials::access_token(KEY)] {
        for call in calls() {
            for body in &bodies {
                for status in [200, 302, 400, 401, 403, 429, 500] {
                    let server = Server::script([Reply::text(status, body.as_str()).with("location", KEY)]);
                    let client = Client::builder(credentials.clone()).base_url(server.url()).retry(RetryPolicy::none());
                    let client = client.build().expect("the settings are good");
                    if let Err(error) = (call.make)(&client) {
                        assert!(!words(&error).contains(KEY), "{} {status} {body}: {error:#?}", call.method);
                    }
                }
            }
        }
    }
}

#[test]
fn every_call_is_sent_with_its_credentials_once() {
    for (credentials, header, value) in [
        (Credentials::api_key(KEY), "x-api-key", KEY.to_owned()),
        (Credentials::access_token(KEY), "authorization", format!("Bearer {KEY}")),
    ] {
        for call in calls() {
            let server = Server::script([good(&call)]);
            let client = Client::builder(credentials.clone()).base_url(server.url()).retry(hasty());
            let result = (call.make)(&client.build().expect("the settings are good"));
            // Only a key can be inspected.
            let is_for_keys = call.endpoint == endpoints::INSPECT_KEY || !call.endpoint.takes_access_tokens();
            if is_for_keys && header == "authorization" {
                fails(result, ErrorKind::InvalidInput);
                assert_eq!(server.count(), 0, "{}", call.method);
                continue;
            }
            result.unwrap_or_else(|error| panic!("{}: {error}", call.method));
            let sent = &server.requests()[0];
            let headers =
                sent.headers.iter().filter(|(name, _)| matches!(name.as_str(), "x-api-key" | "authorization"));
            let headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), value.clone())).collect();
            let expected = [(header, value.clone())];
            let expected = if call.endpoint.is_keyless() { &expected[..0] } else { &expected[..] };
            assert_eq!(headers, expected, "{}", call.method);
            assert!(!sent.target.contains(KEY), "{}", call.method);
        }
    }
}
