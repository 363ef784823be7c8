//! Messages reach the servers of an experience once, unless the caller allows more.

use rblxopencloud::experience::Message;
use rblxopencloud::{Error, ErrorKind};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use crate::support::{Reply, Server, fails};

const UNIVERSE: u64 = 13058;

fn sandbox() -> Sandbox {
    Sandbox::builder().demo().start().expect("a free port")
}

fn texts(sandbox: &Sandbox) -> Vec<(String, String)> {
    sandbox.messages(UNIVERSE).into_iter().map(|message| (message.topic, message.text)).collect()
}

#[test]
fn a_message_is_sent_as_text_or_as_json() {
    let sandbox = sandbox();
    let experience = sandbox.client().experience(UNIVERSE);
    for is_empty in [false, true] {
        sandbox.set_message_response_empty(is_empty);
        experience.publish_message("a", "restart").expect("it is published");
    }
    experience.publish_message("b", &json!({ "version": 7 })).expect("it is published");
    experience.publish_message("c", Message::json("restart")).expect("it is published");
    let expected = [("a", "restart"), ("a", "restart"), ("b", r#"{"version":7}"#), ("c", "\"restart\"")];
    assert_eq!(texts(&sandbox), expected.map(|(topic, text)| (topic.to_owned(), text.to_owned())));
}

#[test]
fn messages_that_the_service_would_refuse_are_not_sent() {
    let sandbox = sandbox();
    let experience = sandbox.client().experience(UNIVERSE);
    let publish = |topic: &str, text: String| experience.publish_message(topic, text);
    for (topic, length) in [("a", 0), ("a", 1115), ("", 5), (&"x".repeat(81)[..], 5)] {
        fails(publish(topic, "x".repeat(length)), ErrorKind::InvalidInput);
    }
    assert!(sandbox.requests().is_empty());
    publish(&"é".repeat(80), "x".repeat(1114)).expect("it is published");
    publish("a", "x".to_owned()).expect("it is published");
}

#[test]
fn a_message_is_repeated_only_if_it_does_no_harm() {
    let lost = |publish: &dyn Fn(&Sandbox) -> Result<(), Error>| {
        let sandbox = sandbox();
        sandbox.inject(Fault::reset_before_answer());
        let result = publish(&sandbox);
        (result, sandbox.messages(UNIVERSE).len())
    };
    let (result, count) = lost(&|sandbox| sandbox.client().experience(UNIVERSE).publish_message("a", "b"));
    assert!(result.expect_err("the response is lost").outcome_unknown());
    assert_eq!(count, 1);
    let (result, count) =
        lost(&|sandbox| sandbox.client().experience(UNIVERSE).publish_message("a", Message::from("b").idempotent()));
    result.expect("it is repeated");
    assert_eq!(count, 2);
}

#[test]
fn what_the_service_repeats_is_not_taken_for_its_own_words() {
    let body = json!({ "code": "INVALID_ARGUMENT", "message": "The message moderated is invalid." });
    let server = Server::script([Reply::json(400, &body)]);
    let error = fails(server.client().experience(UNIVERSE).publish_message("a", "moderated"), ErrorKind::Rejected);
    let sent: Value = serde_json::from_slice(&server.requests()[0].body).expect("it is JSON");
    assert_eq!(sent, json!({ "topic": "a", "message": "moderated" }), "{error}");
}
