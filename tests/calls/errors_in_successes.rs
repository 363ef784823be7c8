//! Responses with a success status that hold an error, and data that looks like one.

use rblxopencloud::{ErrorKind, Method};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails};

/// Bodies of a success that hold nothing but an error, and what the service says in them.
fn errors_alone() -> Vec<(Value, Option<&'static str>)> {
    vec![
        (json!({ "errors": [{ "code": 0, "message": "no" }] }), Some("no")),
        (json!({ "errors": ["no"] }), Some("no")),
        (
            json!({ "errors": { "field": ["no"] }, "title": "Bad", "status": 400, "type": "about:blank", "traceId": "1" }),
            Some("field: no"),
        ),
        (json!({ "errors": [{ "code": 0 }] }), None),
        (json!({ "errors": [{ "code": 0, "message": "no" }], "data": null }), Some("no")),
        (json!({ "error": "INVALID_ARGUMENT", "message": "no", "errorDetails": [] }), Some("no")),
        (json!({ "error": { "code": 13, "message": "no" } }), Some("no")),
        (json!({ "error": { "code": "CannotManageAsset" } }), Some("CannotManageAsset")),
        (json!({ "error": "no" }), Some("no")),
        (json!({ "error": "invalid_grant", "error_description": "no" }), Some("no")),
        (json!({ "code": "NOT_FOUND", "message": "no", "details": [] }), Some("no")),
        (json!({ "code": 5, "message": "no" }), Some("no")),
        (json!({ "errorCode": 7, "errorMessage": "no" }), Some("no")),
        (json!({ "title": "no", "status": 400 }), Some("no")),
    ]
}

/// Bodies of a success whose fields are data, although one of them is named like that of an error.
fn data_named_like_errors() -> Vec<Value> {
    vec![
        json!({}),
        json!({ "id": "1", "errors": [{ "code": 0, "message": "no" }] }),
        json!({ "state": "FAILED", "error": { "code": "SCRIPT_ERROR", "message": "no" } }),
        json!({ "code": "SUMMER", "message": "Thanks!", "reward": 5 }),
        json!({ "status": "failed", "error": "no" }),
        json!({ "title": "a title", "error": "no" }),
        json!({ "code": "SUMMER" }),
        json!({ "message": "Thanks!" }),
        json!({ "title": "a title", "detail": "more" }),
        json!({ "errors": [], "error": null }),
        json!({ "errors": {}, "error": "", "code": 0, "message": "Success" }),
        json!({ "code": "OK", "message": "Success" }),
    ]
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Lenient {
    #[allow(dead_code)]
    id: Option<String>,
}

#[test]
fn a_success_that_holds_nothing_but_an_error_is_an_error() {
    for (body, words) in errors_alone() {
        let server = Server::script([Reply::ok(&body)]);
        let request = |method| server.client().request(method, "/cloud/v2/things");
        let errors = [
            request(Method::Post).send().err(),
            request(Method::Get).send().err(),
            request(Method::Get).fetch::<Lenient>().err(),
            request(Method::Get).fetch::<Value>().err(),
            request(Method::Get).pages_of::<Lenient>("items").next().and_then(Result::err),
            request(Method::Post).operation::<Lenient>().err(),
        ];
        for (at, error) in errors.into_iter().enumerate() {
            let error = error.unwrap_or_else(|| panic!("end {at}: {body} is called a success"));
            let kind = if at == 5 { ErrorKind::OperationFailed } else { ErrorKind::InvalidResponse };
            assert_eq!((error.kind(), error.message().or(error.code())), (kind, words), "end {at}: {body}");
            assert_eq!(error.outcome_unknown(), at == 0, "end {at}: {body}");
        }
        let user = server.user();
        fails(user.follow_experience(5), ErrorKind::InvalidResponse);
        fails(user.fetch_experience_following(5), ErrorKind::InvalidResponse);
    }
}

#[test]
fn a_code_or_a_message_alone_is_not_a_model_of_this_crate() {
    for body in [json!({ "message": "no" }), json!({ "code": "NOT_FOUND" }), json!({ "title": "no" })] {
        let server = Server::script([Reply::ok(&body)]);
        let user = server.user();
        // No model is expected here, so a text isn't an error.
        user.follow_experience(5).unwrap_or_else(|error| panic!("{body}: {error}"));
        fails(user.fetch_experience_following(5), ErrorKind::InvalidResponse);
        fails(user.list_inventory().next().expect("not the end"), ErrorKind::InvalidResponse);
        let own = server.client().request(Method::Get, "/a").pages_of::<Value>("items").next();
        fails(own.expect("not the end"), ErrorKind::InvalidResponse);
    }
    let server = Server::script([Reply::ok(&json!({ "code": 0, "message": "" }))]);
    server.user().follow_experience(5).expect("the code stands for success");
}

#[test]
fn an_empty_list_beside_data_is_an_empty_page() {
    let items = |body: &Value| -> Result<Vec<Value>, _> {
        let server = Server::script([Reply::ok(body)]);
        server.client().request(Method::Get, "/a").pages_of::<Value>("items").collect()
    };
    for body in [
        json!({ "items": [], "title": "Wishlist" }),
        json!({ "items": [], "message": "No results", "total": 0 }),
        json!({ "items": [], "message": "No results" }),
        json!({ "items": [], "errors": [], "error": null, "code": 0, "message": "Success" }),
        json!({ "message": "No results", "total": 0 }),
    ] {
        assert_eq!(items(&body).unwrap_or_else(|error| panic!("{body}: {error}")), [json!(null); 0], "{body}");
    }
    for body in [
        json!({ "items": [], "errors": ["no"] }),
        json!({ "items": [], "error": "no" }),
        json!({ "items": null, "message": "no" }),
        json!({ "code": 5, "message": "no", "nextPageToken": "" }),
    ] {
        fails(items(&body), ErrorKind::InvalidResponse);
    }
}

#[test]
fn an_unreadable_model_has_the_message_of_the_service_only_if_it_is_an_error() {
    #[derive(Debug, Deserialize)]
    struct Priced {
        #[allow(dead_code)]
        price: u64,
    }
    let error = |body: &Value, data: &'static str| {
        let server = Server::script([Reply::ok(body)]);
        let request = server.client().request(Method::Get, "/a").error_as_data(data);
        fails(request.fetch::<Priced>(), ErrorKind::InvalidResponse)
    };
    for field in ["title", "message", "detail"] {
        let error = error(&json!({ field: "Sword", "price": "free" }), "none");
        assert!(error.message().is_none() && error.to_string().contains("free"), "{error}");
    }
    let body = json!({ "price": "free", "errors": [{ "code": 3, "message": "no" }] });
    assert_eq!(error(&body, "none").message(), Some("no"));
    assert_eq!(error(&body, "errors").message(), None);
}

#[test]
fn data_that_is_named_like_an_error_is_data() {
    for body in data_named_like_errors() {
        let server = Server::script([Reply::ok(&body)]);
        let request = |method| server.client().request(method, "/cloud/v2/things");
        request(Method::Post).send().unwrap_or_else(|error| panic!("{body}: {error}"));
        let read: Value = request(Method::Get).fetch().unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(read, body);
    }
}

#[test]
fn the_result_of_an_operation_is_data_unless_it_is_nothing_but_an_error() {
    let outcome = |response: Value| {
        let done = json!({ "path": "universes/1/operations/a", "done": true, "response": response });
        let server = Server::script([Reply::ok(&done)]);
        let operation = server.client().request(Method::Post, "/cloud/v2/universes/1:do").operation::<Value>();
        operation.expect("it has a name").wait()
    };
    for (response, words) in errors_alone() {
        let error = fails(outcome(response.clone()), ErrorKind::OperationFailed);
        assert_eq!(error.message().or(error.code()), words, "{response}");
        assert!(error.is_operation_failure() && !error.outcome_unknown(), "{response}");
    }
    for response in data_named_like_errors() {
        assert_eq!(outcome(response.clone()).unwrap_or_else(|error| panic!("{response}: {error}")), response);
    }
}

#[test]
fn a_request_can_declare_the_error_field_to_be_data() {
    for (field, body) in [
        ("errors", json!({ "errors": [{ "assetId": 5, "code": "CannotManageAsset" }] })),
        ("error", json!({ "error": { "code": "SCRIPT_ERROR", "message": "no" } })),
        ("code", json!({ "code": "SUMMER", "message": "Thanks!" })),
    ] {
        let server = Server::script([Reply::ok(&body)]);
        let request = || server.client().request(Method::Get, "/cloud/v2/things");
        let read: Value = request().error_as_data(field).fetch().unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(read, body);
        request().error_as_data(field).send().unwrap_or_else(|error| panic!("{body}: {error}"));
        fails(request().error_as_data("other").send(), ErrorKind::InvalidResponse);
    }
    // Only that field: the service can still refuse the whole request.
    let server = Server::script([Reply::ok(&json!({ "error": { "code": 13, "message": "no" } }))]);
    fails(server.client().request(Method::Get, "/a").error_as_data("errors").send(), ErrorKind::InvalidResponse);
}
