//! Makes every operation of Roblox's document that the crate has no endpoint for, with `Client::request`, against responses made up
//! from the document's schemas: what a method of the crate does, a user could have written.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use rblxopencloud::{Body, Client, ErrorKind, Method, Multipart, Paging, Request};
use serde_json::{Map, Value, json};

use super::contract::shape;
use crate::support::calls::calls;
use crate::support::document::Document;
use crate::support::instances::{Maker, Mood};
use crate::support::{self, KEY, Reply, Server};

/// What has to be escaped in a path and in a query, wherever a text is allowed.
const HOSTILE: &str = "a b%2F?c=d&e#f;+{g}:@é\"🦀";
/// What an experience can choose as a key.
const HOSTILE_KEY: &str = "a/b/%2E%2E/é";
/// A password of the caller's in a request.
const PASSWORD: &str = "correct-horse-battery";

/// The bodies that the document describes in words or in a sample only: method, path, content type.
const UNDESCRIBED_BODIES: &[(&str, &str, &str)] =
    &[("post", "/universes/v1/{universeId}/places/{placeId}/versions", "application/xml")];

/// An operation of the document.
struct Operation<'a> {
    document: &'a Document,
    method: &'a str,
    path: &'a str,
    described: &'a Value,
}

/// A request as it is made, so that what arrives can be compared with it.
struct Made {
    /// The parameters of the path.
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Sent,
}

enum Sent {
    Nothing,
    Json(Value),
    Form(Vec<(String, String)>),
    Multipart(Vec<(String, Option<String>)>),
    Bytes(&'static str),
}

/// How the pages of a listing are requested, and where its items are.
struct Listing {
    paging: Paging,
    field: String,
    parameter: &'static str,
    /// The field of a page that has the next token. `None` if pages are counted, or if there is only one.
    next: Option<&'static str>,
    has_more: bool,
}

const TOKENS: [&str; 2] = ["t/1 +&é=", "{t}%2"];
const PAGE_SIZE: u32 = 10;

fn without_constant(document: &Document) -> Vec<Operation<'_>> {
    let known: BTreeSet<(String, String)> = calls()
        .iter()
        .map(|call| (call.endpoint.method().as_str().to_lowercase(), shape(call.endpoint.path())))
        .collect();
    let paths = document.0["paths"].as_object().expect("it has paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("a path has methods").iter();
        methods.map(move |(method, described)| Operation { document, method, path, described })
    });
    all.filter(|operation| !known.contains(&(operation.method.to_owned(), shape(operation.path)))).collect()
}

impl<'a> Operation<'a> {
    fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    fn method(&self) -> Method {
        match self.method {
            "get" => Method::Get,
            "post" => Method::Post,
            "patch" => Method::Patch,
            "put" => Method::Put,
            "delete" => Method::Delete,
            other => panic!("{}: no method {other}", self.path),
        }
    }

    /// Follows references, and looks at what isn't null.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let schema = self.document.resolve(schema);
        schema["anyOf"].as_array().map_or(schema, |alternatives| self.resolve(&alternatives[0]))
    }

    fn parameters(&self, place: &'static str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let described = self.described["parameters"].as_array().into_iter().flatten();
        described
            .filter(move |parameter| parameter["in"] == place)
            .map(|parameter| (parameter["name"].as_str().expect("a name"), &parameter["schema"]))
    }

    fn has_query(&self, name: &str) -> bool {
        self.parameters("query").any(|(known, _)| known == name)
    }

    /// The content types of the body and their schemas.
    fn bodies(&self) -> Option<&'a Map<String, Value>> {
        let body = &self.described["requestBody"];
        let body = match body["$ref"].as_str() {
            Some(at) => self.document.0.pointer(at.trim_start_matches('#')).expect("a body of this name"),
            None => body,
        };
        body["content"].as_object()
    }

    /// The status of a success, its content type and its schema.
    fn success(&self) -> (u16, Option<(&'a str, &'a Value)>) {
        let responses = self.described["responses"].as_object().expect("it has responses");
        let (status, response) = responses.iter().find(|(status, _)| status.starts_with('2')).expect("it can succeed");
        let contents = response["content"].as_object();
        let content =
            contents.and_then(|contents| contents.get_key_value("application/json").or(contents.iter().next()));
        (status.parse().expect("a status"), content.map(|(kind, content)| (kind.as_str(), &content["schema"])))
    }

    /// A text for a parameter, as its schema says.
    fn text(&self, schema: &'a Value, maker: &mut Maker<'a>) -> String {
        let schema = self.resolve(schema);
        if schema["enum"].is_array() || matches!(schema["type"].as_str(), Some("integer" | "boolean")) {
            let value = maker.value(schema, "");
            return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        }
        if schema["format"] == "date-time" { "2024-02-29T12:34:56Z".to_owned() } else { HOSTILE.to_owned() }
    }

    fn made(&self, maker: &mut Maker<'a>, listing: Option<&Listing>) -> Made {
        let params = self.parameters("path").map(|(name, schema)| {
            let text = self.text(schema, maker);
            let is_last = self.path.rsplit('{').next().is_some_and(|last| last.starts_with(&format!("{name}}}")));
            // Keys are the last parameters of their paths.
            (name.to_owned(), if is_last && text == HOSTILE { HOSTILE_KEY.to_owned() } else { text })
        });
        let params = params.collect();
        let is_of_the_pages = |name: &str| {
            let named = |paging: &str| paging.eq_ignore_ascii_case(name);
            listing.is_some()
                && ["pageToken", "cursor", "skip", "page", "maxPageSize", "pageSize", "limit"].into_iter().any(named)
        };
        let query = self.parameters("query").filter(|(name, _)| !is_of_the_pages(name)).flat_map(|(name, schema)| {
            let schema = self.resolve(schema);
            // A list is one parameter for each of its values.
            let (schema, count) = if schema["type"] == "array" { (&schema["items"], 2) } else { (schema, 1) };
            (0..count).map(|_| (name.to_owned(), self.text(schema, maker))).collect::<Vec<_>>()
        });
        let query = query.collect();
        let headers = self.parameters("header").map(|(name, _)| (name.to_owned(), "text".to_owned())).collect();
        Made { params, query, headers, body: self.body(maker) }
    }

    fn body(&self, maker: &mut Maker<'a>) -> Sent {
        if let Some((_, _, kind)) =
            UNDESCRIBED_BODIES.iter().find(|(method, path, _)| (*method, *path) == (self.method, self.path))
        {
            return Sent::Bytes(kind);
        }
        let Some(bodies) = self.bodies() else { return Sent::Nothing };
        if let Some(json) = bodies.get("application/json") {
            let value = maker.value(&json["schema"], "");
            self.document.assert_valid(&json["schema"], &value, &self.name());
            return Sent::Json(value);
        }
        let fields =
            |kind: &str| bodies.get(kind).and_then(|body| self.resolve(&body["schema"])["properties"].as_object());
        if let Some(fields) = fields("multipart/form-data") {
            let parts = fields.iter().map(|(name, schema)| {
                let is_file = self.resolve(schema)["format"] == "binary";
                (name.clone(), (!is_file).then(|| self.text(schema, maker)))
            });
            return Sent::Multipart(parts.collect());
        }
        if let Some(fields) = fields("application/x-www-form-urlencoded") {
            return Sent::Form(fields.iter().map(|(name, schema)| (name.clone(), self.text(schema, maker))).collect());
        }
        let kinds: Vec<&String> = bodies.keys().collect();
        panic!("{}: no way to make a body of {kinds:?}", self.name())
    }

    fn request(&self, client: &Client, made: &Made) -> Request {
        let mut request = client.request(self.method(), self.path).secret(PASSWORD);
        for (name, value) in &made.params {
            request = if value == HOSTILE_KEY { request.key_param(name, value) } else { request.param(name, value) };
        }
        for (name, value) in &made.query {
            request = request.query(name, value);
        }
        for (name, value) in &made.headers {
            request = request.header(name, value);
        }
        match &made.body {
            Sent::Nothing => request,
            Sent::Json(value) => request.json(value),
            Sent::Form(fields) => request.form(fields.iter().map(|(name, value)| (name, value))),
            Sent::Multipart(parts) => {
                let form = parts.iter().fold(Multipart::new(), |form, (name, text)| match text {
                    Some(text) => form.text(name, text),
                    None => form.part(name, Body::bytes("image/png", *b"\x89PNG\r\n--").file_name("a.png")),
                });
                request.body(form)
            }
            Sent::Bytes(kind) => request.body(Body::bytes(*kind, *b"<roblox \0>")),
        }
    }

    /// Checks that a request arrived whole, at this operation. Returns the parameters of its page.
    fn assert_arrived(
        &self,
        made: &Made,
        arrived: &support::Request,
        listing: Option<&Listing>,
    ) -> Vec<(String, String)> {
        let name = self.name();
        assert_eq!(arrived.method, self.method.to_uppercase(), "{name}");
        assert!(arrived.target.bytes().all(|byte| byte.is_ascii_graphic()), "{name}: {}", arrived.target);
        assert_eq!(arrived.header("x-api-key"), Some(KEY), "{name}");
        let reached = self.document.operation(&arrived.method, arrived.path());
        assert!(reached.is_some_and(|reached| std::ptr::eq(reached, self.described)), "{name}: {}", arrived.target);

        let (template, path) = (self.path.split('/'), arrived.path().split('/'));
        for (part, segment) in template.zip(path) {
            let Some((parameter, verb)) = part.strip_prefix('{').and_then(|part| part.split_once('}')) else {
                continue;
            };
            let value = decoded(segment.strip_suffix(verb).expect("the verb follows"));
            assert!(
                made.params.iter().any(|known| (known.0.as_str(), &known.1) == (parameter, &value)),
                "{name}: {value}"
            );
        }

        let pairs =
            arrived.target.split_once('?').map_or("", |(_, query)| query).split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').expect("a name and a value"));
        let pairs: Vec<(String, String)> = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
        let (given, of_the_page): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| made.query.contains(pair));
        assert_eq!(given, made.query, "{name}: {}", arrived.target);
        for (parameter, _) in &of_the_page {
            assert!(listing.is_some() && self.has_query(parameter), "{name}: {parameter} isn't described");
        }
        for (header, value) in &made.headers {
            assert_eq!(arrived.header(header), Some(value.as_str()), "{name}");
        }
        self.assert_body(made, arrived, listing);
        of_the_page
    }

    fn assert_body(&self, made: &Made, arrived: &support::Request, listing: Option<&Listing>) {
        let name = self.name();
        let kind = arrived.header("content-type");
        match &made.body {
            Sent::Nothing => assert_eq!((arrived.body.len(), kind), (0, None), "{name}"),
            Sent::Json(value) => {
                assert_eq!(kind, Some("application/json"), "{name}");
                let body: Value = serde_json::from_slice(&arrived.body).expect("the body is JSON");
                assert!(listing.is_some() || body == *value, "{name}: {body:#}");
                let schema = &self.bodies().expect("it has a body")["application/json"]["schema"];
                self.document.assert_valid(schema, &body, &name);
            }
            Sent::Form(fields) => {
                assert_eq!(kind, Some("application/x-www-form-urlencoded"), "{name}");
                let body = String::from_utf8(arrived.body.clone()).expect("a form is text");
                let pairs = body.split('&').map(|pair| pair.split_once('=').expect("a name and a value"));
                let pairs: Vec<_> = pairs.map(|(name, value)| (decoded(name), decoded(value))).collect();
                assert_eq!(pairs, *fields, "{name}");
            }
            Sent::Multipart(parts) => {
                let boundary =
                    kind.and_then(|kind| kind.strip_prefix("multipart/form-data; boundary=")).expect("a form");
                let body = String::from_utf8_lossy(&arrived.body);
                let pieces: Vec<&str> = body.split(&format!("--{boundary}")).collect();
                assert_eq!(
                    (pieces.len(), pieces[0], pieces[pieces.len() - 1]),
                    (parts.len() + 2, "", "--\r\n"),
                    "{name}"
                );
                for ((part, text), piece) in parts.iter().zip(&pieces[1..]) {
                    let (head, content) = piece.split_once("\r\n\r\n").expect("a part has a head");
                    assert!(head.contains(&format!("form-data; name=\"{part}\"")), "{name}: {head}");
                    match text {
                        Some(text) => assert_eq!(content, format!("{text}\r\n"), "{name}"),
                        None => assert!(head.contains("image/png") && content.contains("PNG\r\n--"), "{name}: {piece}"),
                    }
                }
            }
            Sent::Bytes(expected) => {
                assert_eq!((kind, arrived.body.as_slice()), (Some(*expected), &b"<roblox \0>"[..]), "{name}");
            }
        }
    }

    /// How the operation lists, as its parameters and its response say. `None` if it doesn't.
    fn listing(&self) -> Option<Listing> {
        let (_, schema) = self.success().1?;
        let properties = self.resolve(schema)["properties"].as_object()?;
        let in_body = self.bodies().and_then(|bodies| {
            let schema = self.resolve(&bodies.get("application/json")?["schema"]);
            schema["properties"].get("pageToken")
        });
        let forms = [
            ("pageToken", "nextPageToken", Paging::page_tokens()),
            ("PageToken", "nextPageToken", Paging::page_tokens().parameter("PageToken")),
            ("cursor", "nextPageCursor", Paging::cursors()),
            ("cursor", "nextCursor", Paging::cursors_with_more()),
        ];
        let form =
            forms.into_iter().find(|(parameter, next, _)| self.has_query(parameter) && properties.contains_key(*next));
        let (parameter, next, paging) = match form {
            Some((parameter, next, paging)) => (parameter, Some(next), paging),
            None if in_body.is_some() => ("pageToken", Some("nextPageToken"), Paging::page_tokens().in_body()),
            None if self.has_query("Skip") => ("Skip", None, Paging::skip()),
            None if self.has_query("page") => ("page", None, Paging::page_numbers()),
            // The document describes no cursor in the response, so there is one page.
            None if self.has_query("cursor") => ("cursor", None, Paging::cursors()),
            None => return None,
        };
        let sizes = ["maxPageSize", "MaxPageSize", "pageSize", "limit"];
        let paging = match sizes.into_iter().find(|name| self.has_query(name)) {
            Some(name) => paging.size_parameter(name).page_size(PAGE_SIZE),
            None => paging,
        };
        // An operation whose result is a page has no list of its own.
        let (field, _) = properties.iter().find(|(_, property)| self.resolve(property)["type"] == "array")?;
        Some(Listing { paging, field: field.clone(), parameter, next, has_more: properties.contains_key("hasMore") })
    }

    /// Makes the pages of a listing from its schema. The last one has no token, in each of three ways.
    fn pages(&self, listing: &Listing, maker: &mut Maker<'a>, turn: usize) -> Vec<Value> {
        let (_, schema) = self.success().1.expect("a listing has a response");
        let count = if listing.next.is_some() || listing.parameter != "cursor" { 3 } else { 1 };
        let pages = (0..count).map(|number| {
            let mut page = maker.value(schema, "");
            let Some(next) = listing.next else {
                if number == 2 {
                    page[&listing.field] = json!([]);
                }
                return page;
            };
            let fields = page.as_object_mut().expect("a page is an object");
            match (TOKENS.get(number), turn % 3) {
                (Some(token), _) => drop(fields.insert(next.to_owned(), json!(token))),
                (None, 0) => drop(fields.insert(next.to_owned(), json!(""))),
                (None, 1) => drop(fields.insert(next.to_owned(), Value::Null)),
                (None, _) => drop(fields.remove(next)),
            }
            if listing.has_more {
                fields.insert("hasMore".to_owned(), json!(number < TOKENS.len()));
            }
            page
        });
        pages.collect()
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().expect("it is UTF-8").into_owned()
}

/// Pages through a listing to its end, and checks each request.
fn assert_listed<'a>(operation: &Operation<'a>, listing: &Listing, maker: &mut Maker<'a>, turn: usize) {
    let name = operation.name();
    let made = operation.made(maker, Some(listing));
    let pages = operation.pages(listing, maker, turn);
    let lengths: Vec<usize> = pages.iter().map(|page| page[&listing.field].as_array().map_or(0, Vec::len)).collect();
    let items: Vec<Value> =
        pages.iter().flat_map(|page| page[&listing.field].as_array().cloned().unwrap_or_default()).collect();
    let server = Server::script(pages.iter().map(Reply::ok));
    let request = operation.request(&server.client(), &made).paging(listing.paging);
    let listed: Result<Vec<Value>, _> = request.pages_of(&listing.field).collect();
    assert_eq!(listed.unwrap_or_else(|error| panic!("{name}: {error}")), items, "{name}");
    let arrived = server.requests();
    assert_eq!(arrived.len(), pages.len(), "{name}");
    for (number, arrived) in arrived.iter().enumerate() {
        let mut parameters = operation.assert_arrived(&made, arrived, Some(listing));
        if let (Sent::Json(_), Ok(Value::Object(body))) = (&made.body, serde_json::from_slice(&arrived.body)) {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            parameters.extend(body.iter().map(|(name, value)| (name.clone(), text(value))));
        }
        let given = parameters.iter().find(|(name, _)| name == listing.parameter).map(|(_, value)| value.as_str());
        let skipped: usize = lengths[..number].iter().sum();
        match (listing.next, listing.parameter) {
            (Some(_), _) if number > 0 => assert_eq!(given, Some(TOKENS[number - 1]), "{name}"),
            (None, "Skip") if number > 0 => assert_eq!(given, Some(skipped.to_string().as_str()), "{name}"),
            (None, "page") if number > 0 => assert_eq!(given, Some((number + 1).to_string().as_str()), "{name}"),
            _ => {}
        }
    }
}

/// Makes the call, and compares what is read with what was sent.
fn assert_made<'a>(operation: &Operation<'a>, maker: &mut Maker<'a>) {
    let name = operation.name();
    let made = operation.made(maker, None);
    let (status, content) = operation.success();
    let answer = content.map(|(kind, schema)| match kind {
        // A text of the document is JSON.
        "text/plain" => serde_json::from_str(schema["example"].as_str().expect("an example")).expect("it is JSON"),
        _ => maker.value(schema, ""),
    });
    let is_work = operation.method != "get" && answer.as_ref().is_some_and(|answer| answer.get("done").is_some());
    let answer = answer.map(|mut answer: Value| {
        if is_work {
            answer["done"] = json!(true);
            answer["response"] = json!({ "name": "result" });
            answer.as_object_mut().expect("it is an object").remove("error");
        }
        answer
    });
    let server = Server::script([match &answer {
        Some(answer) => Reply::json(status, answer),
        None => Reply::text(status, ""),
    }]);
    let request = operation.request(&server.client(), &made);
    match answer {
        Some(answer) if is_work => {
            let work = request.operation().unwrap_or_else(|error| panic!("{name}: {error} in {answer:#}"));
            let result: Value = work.wait().unwrap_or_else(|error| panic!("{name}: {error} in {answer:#}"));
            assert_eq!(result, answer["response"], "{name}");
        }
        Some(answer) => {
            let read: Value = request.fetch().unwrap_or_else(|error| panic!("{name}: {error} in {answer:#}"));
            assert_eq!(read, answer, "{name}");
        }
        None => request.send().unwrap_or_else(|error| panic!("{name}: {error}")),
    }
    assert_eq!(server.count(), 1, "{name}");
    operation.assert_arrived(&made, &server.requests()[0], None);
}

/// Refuses the call with the key and a password in each form of error.
fn assert_redacted<'a>(operation: &Operation<'a>, maker: &mut Maker<'a>) {
    let name = operation.name();
    let refusal = format!("no {KEY} or {PASSWORD}");
    for body in [
        json!({ "code": "INVALID_ARGUMENT", "message": refusal }),
        json!({ "errors": [{ "code": 0, "message": refusal }] }),
        json!({ "type": "about:blank", "title": refusal, "status": 400, "detail": refusal }),
    ] {
        let server = Server::script([Reply::json(400, &body)]);
        let made = operation.made(maker, None);
        let error = operation.request(&server.client(), &made).send().expect_err("it is refused");
        let shown = format!("{error} {error:?} {:?}", error.message());
        assert!(!shown.contains(KEY) && !shown.contains(PASSWORD) && shown.contains("no "), "{name}: {shown}");
    }
}

/// Checks that no value of a parameter leads to another path.
fn assert_not_led_astray<'a>(operation: &Operation<'a>, maker: &mut Maker<'a>) {
    let server = Server::script([Reply::ok(&json!({}))]);
    let made = operation.made(maker, None);
    for (name, _) in &made.params {
        for value in ["..", ".", "", "a/../b", "a\\b"] {
            let sent = operation.request(&server.client(), &made).param(name, value).send();
            assert_eq!(
                sent.map_err(|error| error.kind()),
                Err(ErrorKind::InvalidInput),
                "{}: {value:?}",
                operation.name()
            );
        }
    }
    assert_eq!(server.count(), 0, "{}", operation.name());
}

#[test]
fn every_operation_without_an_endpoint_can_be_made() {
    let document = Document::open();
    let mut maker = Maker::new(&document, Mood::Full);
    let operations = without_constant(&document);
    let mut listings = 0;
    for (turn, operation) in operations.iter().enumerate() {
        match operation.listing() {
            Some(listing) => {
                assert_listed(operation, &listing, &mut maker, turn);
                listings += 1;
            }
            None => assert_made(operation, &mut maker),
        }
        assert_redacted(operation, &mut maker);
        assert_not_led_astray(operation, &mut maker);
    }
    println!("{} operations without an endpoint were made, of which {listings} are listings", operations.len());
    assert!(operations.len() >= 42 && listings >= 9, "{} operations, {listings} listings", operations.len());
}
