//! The peak of memory, in a process of its own for each test.

use std::env;

use rblxopencloud::Method;

use super::*;
use crate::support::test_process;

/// The peak memory of this process in KiB.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells of its processes");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("it tells of memory");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

const MEASURED: &str = "RBLXOPENCLOUD_TEST_MEASURED";

/// Returns whether this is a process of this test alone, where nothing else uses memory. If it isn't, runs the test in one.
fn is_measured(test: &str) -> bool {
    if env::var_os(MEASURED).is_some() {
        return true;
    }
    let output = test_process(module_path!(), test).env(MEASURED, "1").output().expect("a process can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "it failed in its own process: {text}");
    false
}

/// A response of 8 MiB that consists of small objects, between these texts.
fn objects_between(open: &str, close: &str) -> Reply {
    let count = (8 * MIB - 1000) / 8;
    Reply::text(200, format!("{open}{}{{}}{close}", "{\"a\":1},".repeat(count)))
}

#[test]
fn fields_that_no_model_has_do_not_fill_memory() {
    if !is_measured("fields_that_no_model_has_do_not_fill_memory") {
        return;
    }
    let replies = [
        objects_between("{\"id\":\"156\",\"name\":\"a\",\"error\":null,\"x\":[", "]}"),
        objects_between("{\"id\":[],\"error\":null,\"x\":[", "]}"),
        objects_between("{\"errors\":[", "]}"),
        objects_between("{\"error\":null,\"x\":{\"y\":[", "]}}"),
    ];
    let servers = replies.map(|reply| Server::script([reply]));
    let before = high_water();
    for server in &servers {
        let user = server.user();
        let _ = user.fetch_info();
        let _ = user.follow_experience(5);
        let _ = user.list_inventory().count();
        let _ = server.client().request(Method::Post, "/a").send();
    }
    let used = high_water() - before;
    assert!(used < 80 * 1024, "{used} KiB for responses of 8 MiB");
}

#[test]
fn gigabytes_of_spaces_do_not_fill_memory() {
    if !is_measured("gigabytes_of_spaces_do_not_fill_memory") {
        return;
    }
    let heads = [
        "HTTP/1.1 200 OK\r\ncontent-length: 4294967296\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\ncontent-length: 4294967296\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\n\r\n",
        "HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n",
    ];
    let servers = heads.map(|head| endless(head, vec![b' '; 64 * 1024]).0);
    // The fixed cost of threads and buffers doesn't count.
    let warm = Server::script([Reply::text(200, r#"{"id":"156","name":"builderman"}"#)]);
    let _ = warm.user().fetch_info().expect("it is good");
    let before = high_water();
    for server in &servers {
        server.user().fetch_info().expect_err("it isn't a profile");
    }
    let grown = high_water() - before;
    assert!(grown < 32 * 1024, "it took {grown} KiB");
}
