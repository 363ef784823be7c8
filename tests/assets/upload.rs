//! Uploads are sent exactly as intended, or not at all.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rblxopencloud::asset::{AssetPrivacy, Check, Preview, SocialLink, SocialLinkKind};
use rblxopencloud::{Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Error, ErrorKind, Operation, User};
use serde_json::{Value, json};

use crate::support::{self, Reply, Request, Server, TempDir, USER, fails, unchecked, within};

const MIB: usize = 1024 * 1024;

fn started() -> Reply {
    Reply::ok(&json!({ "path": "operations/abc", "done": false }))
}

fn png() -> AssetFile {
    AssetFile::from_bytes("a.png", b"content".to_vec())
}

fn decal(file: AssetFile) -> AssetUpload {
    unchecked(AssetUpload::new(file, AssetType::Decal, "asset name", "asset description"))
}

fn upload(user: &User, file: AssetFile) -> Result<Operation<Asset>, Error> {
    user.upload_asset_with(decal(file))
}

/// Bytes without repetition.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

/// A part of a form: the lines of its head, and its content.
struct Part {
    head: Vec<String>,
    content: Vec<u8>,
}

impl Part {
    fn disposition(&self) -> &str {
        self.line("content-disposition")
    }

    fn content_type(&self) -> &str {
        self.line("content-type")
    }

    #[track_caller]
    fn line(&self, name: &str) -> &str {
        let line = self.head.iter().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.expect("the part has this line")[name.len() + 1..].trim()
    }

    fn json(&self) -> Value {
        assert_eq!(self.content_type(), "application/json");
        serde_json::from_slice(&self.content).expect("the part is JSON")
    }
}

/// Parses a form by RFC 7578, and checks what holds for every form.
#[track_caller]
fn parts(request: &Request) -> Vec<Part> {
    let content_type = request.header("content-type").expect("a content type");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a form").trim_matches('"');
    assert_eq!(request.header("content-length"), Some(&*request.body.len().to_string()));
    assert_eq!(request.header("transfer-encoding"), None);
    let delimiter = format!("\r\n--{boundary}");
    let body = [b"\r\n", &*request.body].concat();
    let mut cuts = (0..body.len()).filter(|at| body[*at..].starts_with(delimiter.as_bytes()));
    let mut from = cuts.next().expect("a first part") + delimiter.len();
    assert_eq!(from, delimiter.len(), "nothing comes before the first part");
    let mut parts = Vec::new();
    for cut in cuts {
        let part = body[from..cut].strip_prefix(b"\r\n").expect("a part begins on a line of its own");
        let head = part.windows(4).position(|window| window == b"\r\n\r\n").expect("a part has a head");
        let lines = String::from_utf8(part[..head].to_vec()).expect("the head of a part is UTF-8");
        parts.push(Part { head: lines.split("\r\n").map(str::to_owned).collect(), content: part[head + 4..].to_vec() });
        from = cut + delimiter.len();
    }
    assert_eq!(&body[from..], b"--\r\n", "the body ends with its last part");
    for part in &parts {
        assert!(!part.head.iter().any(|line| line.contains(char::is_control)), "{:?}", part.head);
    }
    parts
}

/// Uploads, and returns the parts of the request.
#[track_caller]
fn sent(file: AssetFile) -> Vec<Part> {
    let server = Server::script([started()]);
    let operation = upload(&server.user(), file).expect("it is taken");
    drop(operation);
    assert_eq!(server.count(), 1);
    let requests = server.requests();
    assert!(server.settle().is_empty(), "nothing follows the request");
    parts(&requests[0])
}

#[track_caller]
fn refused_unsent(
    kind: ErrorKind,
    call: impl FnOnce(User) -> Result<Operation<Asset>, Error> + Send + 'static,
) -> Error {
    let server = Server::script([started()]);
    let user = server.user();
    let error = fails(within(Duration::from_secs(20), move || call(user)), kind);
    server.settle();
    assert_eq!(server.count(), 0, "a whole request was sent: {error}");
    assert!(!error.outcome_unknown(), "{error}");
    error
}

#[test]
fn create_requests_contain_exactly_the_settings() {
    let server = Server::script([started()]);
    let user = server.user();
    let _ = upload(&user, png()).expect("it is taken");
    let priced = unchecked(AssetUpload::new(png(), AssetType::from("NewType"), "näme \"\r\n--", ""));
    let _ = user.upload_asset_with(priced.expected_price(10).privacy(AssetPrivacy::Restricted)).expect("it is taken");
    let requests = server.requests();

    assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/assets/v1/assets"));
    assert_eq!(requests[0].header("x-api-key"), Some(support::KEY));
    let form = parts(&requests[0]);
    assert_eq!(form.len(), 2);
    assert_eq!(form[0].disposition(), "form-data; name=\"request\"");
    assert_eq!(
        form[0].json(),
        json!({
            "assetType": "Decal",
            "displayName": "asset name",
            "description": "asset description",
            "creationContext": { "creator": { "userId": USER } },
        })
    );
    assert_eq!(form[1].disposition(), "form-data; name=\"fileContent\"; filename=\"a.png\"");
    assert_eq!((form[1].content_type(), &*form[1].content), ("image/png", &b"content"[..]));

    assert_eq!(
        parts(&requests[1])[0].json(),
        json!({
            "assetType": "NewType",
            "displayName": "näme \"\r\n--",
            "description": "",
            "creationContext": { "creator": { "userId": USER }, "expectedPrice": 10, "assetPrivacy": "restricted" },
        })
    );
}

#[test]
fn masks_name_each_field_and_removed_fields_are_left_out() {
    let github = || SocialLink::new("https://github.com/roblox").title("code");
    let updates = [
        (AssetUpdate::new(1234).display_name("new"), "displayName", json!({ "displayName": "new" })),
        (AssetUpdate::new(1234).description(""), "description", json!({ "description": "" })),
        (AssetUpdate::new(1234).remove_description(), "description", json!({ "description": "" })),
        (
            AssetUpdate::new(1234).social_link(SocialLinkKind::GitHub, github()),
            "githubSocialLink",
            json!({ "githubSocialLink": { "title": "code", "uri": "https://github.com/roblox" } }),
        ),
        (AssetUpdate::new(1234).remove_social_link(SocialLinkKind::DevForum), "devForumSocialLink", json!({})),
        (AssetUpdate::new(1234).icon(11), "icon", json!({ "icon": "assets/11" })),
        (AssetUpdate::new(1234).remove_icon(), "icon", json!({})),
        (
            AssetUpdate::new(1234).previews([Preview::new(12, "words")]),
            "previews",
            json!({ "previews": [{ "asset": "assets/12", "altText": "words" }] }),
        ),
        (AssetUpdate::new(1234).remove_previews(), "previews", json!({})),
        (
            AssetUpdate::new(1234).display_name("old").remove_icon().description("words").display_name("new"),
            "description,displayName,icon",
            json!({ "displayName": "new", "description": "words" }),
        ),
    ];
    for (update, mask, fields) in updates {
        let server = Server::script([started()]);
        let _ = server.user().update_asset_with(update).expect("it is taken");
        let request = &server.requests()[0];
        assert_eq!((request.method.as_str(), request.path()), ("PATCH", "/assets/v1/assets/1234"));
        let mut named: Vec<String> =
            request.query("updateMask").expect("a mask").split(',').map(str::to_owned).collect();
        named.sort_unstable();
        assert_eq!(named.join(","), mask);
        let form = parts(request);
        assert_eq!(form.len(), 1, "an update without a file has only its request");
        let mut json = form[0].json();
        let id = json.as_object_mut().expect("an object").remove("assetId");
        assert!(id.is_none_or(|id| id == json!(1234) || id == json!("1234")));
        assert_eq!(json, fields, "{mask}");
    }
}

#[test]
fn an_update_of_the_content_alone_has_no_mask() {
    let server = Server::script([started()]);
    let update = AssetUpdate::new(1234)
        .file(AssetFile::from_bytes("a.rbxm", noise(300)))
        .skip_check(Check::UpdateFormat)
        .skip_check(Check::Content);
    let _ = server.user().update_asset_with(update).expect("it is taken");
    let request = &server.requests()[0];
    assert!(!request.target.contains("updateMask"), "{}", request.target);
    let form = parts(request);
    assert_eq!((form.len(), form[1].content_type()), (2, "model/x-rbxm"));
    assert_eq!(form[1].content, noise(300));
}

#[test]
fn the_length_is_exact_for_content_of_any_size() {
    for size in [0, 1, 2, 4095, 4096, 32 * 1024 - 200, 128 * 1024, 128 * 1024 + 1, MIB - 1, MIB, MIB + 1] {
        let content = noise(size);
        let form = sent(AssetFile::from_bytes("a.png", content.clone()));
        assert!(form[1].content == content, "{size} bytes of content came out different");
        let form = sent(AssetFile::from_reader("a.png", io::Cursor::new(content.clone()), size as u64));
        assert!(form[1].content == content, "{size} bytes of a reader came out different");
    }
}

#[test]
fn large_files_are_streamed_with_their_name_only() {
    let dir = TempDir::new();
    let content = noise(5 * MIB + 7);
    let path = dir.file("voice over.OGG", &content);
    let file = AssetFile::open(&path).expect("it is there");
    assert_eq!((file.name(), file.len()), ("voice over.OGG", content.len() as u64));
    let form = sent(file);
    assert_eq!(form[1].disposition(), "form-data; name=\"fileContent\"; filename=\"voice over.OGG\"");
    assert_eq!(form[1].content_type(), "audio/ogg");
    assert!(form[1].content == content, "the content came out different");
}

#[test]
fn slow_and_interrupted_readers_are_read_to_their_end() {
    struct Hesitant(io::Cursor<Vec<u8>>, bool);
    impl Read for Hesitant {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let room = buffer.len().min(1);
            self.0.read(&mut buffer[..room])
        }
    }
    let content = noise(3000);
    let form = sent(AssetFile::from_reader("a.png", Hesitant(io::Cursor::new(content.clone()), false), 3000));
    assert_eq!(form[1].content, content);
}

#[test]
fn names_cannot_break_the_body_or_leak_a_path() {
    for (name, shown) in [
        ("a b.png", Some("a b.png")),
        ("bögen 日本 🎲.png", Some("bögen 日本 🎲.png")),
        ("/home/me/secret/a.png", Some("a.png")),
        ("C:\\Users\\me\\a.png", Some("a.png")),
        ("../a.png", Some("a.png")),
        ("quo\"te\".png", None),
        ("line\r\nx-injected: yes\r\n\r\nbody.png", None),
        ("cr\r.png", None),
        ("lf\n.png", None),
        ("nul\0\u{7f}\t.png", None),
        ("\"; name=\"request\"; x=\".png", None),
        ("--rblxopencloud--.png", None),
    ] {
        let form = sent(AssetFile::from_bytes(name, b"content".to_vec()));
        assert_eq!(form.len(), 2, "{name:?}");
        assert_eq!((form[1].head.len(), &*form[1].content), (2, &b"content"[..]), "{name:?}");
        let disposition = form[1].disposition();
        let quoted = disposition.strip_prefix("form-data; name=\"fileContent\"; filename=\"").expect("a file name");
        let quoted = quoted.strip_suffix('"').expect("the end of a file name");
        assert!(!quoted.contains(['"', '\\', '/']), "{disposition}");
        if let Some(shown) = shown {
            assert_eq!(quoted, shown);
        }
    }
}

#[test]
fn extensions_are_case_insensitive() {
    for (extensions, content_type) in [
        (&["png", "PNG", "Png"][..], "image/png"),
        (&["jpg", "JPG", "jpeg", "Jpeg"], "image/jpeg"),
        (&["bmp", "BMP"], "image/bmp"),
        (&["tga", "TGA"], "image/tga"),
        (&["mp3", "MP3"], "audio/mpeg"),
        (&["ogg", "Ogg"], "audio/ogg"),
        (&["wav"], "audio/wav"),
        (&["flac", "FLAC"], "audio/flac"),
        (&["fbx", "FBX"], "model/fbx"),
        (&["gltf"], "model/gltf+json"),
        (&["glb", "GLB"], "model/gltf-binary"),
        (&["rbxm", "RBXM", "rbxmx", "RbxmX"], "model/x-rbxm"),
        (&["mp4", "MP4"], "video/mp4"),
        (&["mov", "MOV"], "video/mov"),
    ] {
        for extension in extensions {
            let form = sent(AssetFile::from_bytes(format!("two.dots.{extension}"), b"content".to_vec()));
            assert_eq!(form[1].content_type(), content_type, "{extension}");
        }
    }
    let file = AssetFile::from_bytes("no extension", b"content".to_vec()).content_type("audio/ogg");
    assert_eq!(sent(file)[1].content_type(), "audio/ogg");
    let file = AssetFile::from_bytes("a.png", b"content".to_vec()).content_type("image/bmp");
    assert_eq!(sent(file)[1].content_type(), "image/bmp");
}

#[test]
fn files_without_type_or_name_are_refused() {
    for name in ["a", "a.", "a.exe", "a.png.txt", "png", "a.p ng"] {
        let error = refused_unsent(ErrorKind::InvalidInput, move |user| {
            upload(&user, AssetFile::from_bytes(name, b"content".to_vec()))
        });
        assert!(error.to_string().contains(name), "{error}");
    }
    for name in ["", "dir/", "dir\\"] {
        refused_unsent(ErrorKind::InvalidInput, move |user| {
            upload(&user, AssetFile::from_bytes(name, b"content".to_vec()).content_type("image/png"))
        });
    }
    for content_type in
        ["", "png", "image/png\r\nx-injected: yes", "image/", "/png", "image/png\0", "image /png", "ïmage/png"]
    {
        refused_unsent(ErrorKind::InvalidInput, move |user| upload(&user, png().content_type(content_type)));
    }
    for name in ["", " ", "\t\r\n"] {
        refused_unsent(ErrorKind::InvalidInput, move |user| {
            user.upload_asset_with(AssetUpload::new(png(), AssetType::Decal, name, "words"))
        });
        refused_unsent(ErrorKind::InvalidInput, move |user| {
            user.update_asset_with(AssetUpdate::new(1).display_name(name))
        });
    }
}

#[test]
fn an_update_that_changes_nothing_or_has_too_many_links_is_refused() {
    use SocialLinkKind::{Discord, Facebook, GitHub, Guilded, Twitch};
    refused_unsent(ErrorKind::InvalidInput, |user| user.update_asset_with(AssetUpdate::new(1)));
    let with_links = |kinds: &[SocialLinkKind]| {
        kinds.iter().fold(AssetUpdate::new(1), |update, kind| {
            update.social_link(kind.clone(), SocialLink::new("https://example.com"))
        })
    };
    let four = with_links(&[Discord, Facebook, GitHub, Twitch]);
    let error = refused_unsent(ErrorKind::InvalidInput, |user| user.update_asset_with(four));
    assert!(error.to_string().contains('3'), "{error}");

    let server = Server::script([started()]);
    let three = with_links(&[Discord, Facebook, GitHub, GitHub]).remove_social_link(Guilded).remove_social_link(Twitch);
    let _ = server.user().update_asset_with(three).expect("three links, and two that are removed, are taken");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_reader_of_another_length_than_declared_is_an_error_and_nothing_is_created() {
    for (length, declared) in [
        (0, 1),
        (9, 10),
        (10, 9),
        (1, 0),
        (200_000, 300_000),
        (300_000, 200_000),
        (2 * MIB, 2 * MIB + 1),
        (2 * MIB + 1, 2 * MIB),
    ] {
        let error = refused_unsent(ErrorKind::Io, move |user| {
            upload(&user, AssetFile::from_reader("a.png", io::Cursor::new(noise(length)), declared as u64))
        });
        assert!(error.to_string().contains("a.png"), "{error}");
    }
}

#[test]
fn a_reader_that_fails_is_an_error_and_nothing_is_created() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the tape is torn"))
        }
    }
    let error = refused_unsent(ErrorKind::Io, |user| {
        upload(&user, AssetFile::from_reader("a.png", io::Cursor::new(noise(1000)).chain(Broken), 2000))
    });
    assert!(error.to_string().contains("the tape is torn"), "{error}");
}

#[test]
fn a_file_that_is_changed_after_it_was_opened_is_an_error_and_nothing_is_created() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 4] = [
        ("shrunk", |path| fs::write(path, noise(1999)).expect("it can be written")),
        ("grown", |path| fs::write(path, noise(2001)).expect("it can be written")),
        ("removed", |path| fs::remove_file(path).expect("it can be removed")),
        ("changed", |path| {
            fs::write(path, vec![b'x'; 2000]).expect("it can be written");
            let later = SystemTime::now() + Duration::from_secs(5);
            File::options().write(true).open(path).and_then(|file| file.set_modified(later)).expect("it has a time");
        }),
    ];
    for (what, change) in changes {
        let dir = TempDir::new();
        let path = dir.file("a.png", &noise(2000));
        let file = AssetFile::open(&path).expect("it is there");
        change(&path);
        let error = refused_unsent(ErrorKind::Io, move |user| upload(&user, file));
        assert!(error.to_string().contains("a.png"), "{what}: {error}");
    }
}

#[test]
fn open_rejects_missing_files_and_directories() {
    let dir = TempDir::new();
    fails(AssetFile::open(dir.path().join("missing.png")), ErrorKind::Io);
    fails(AssetFile::open(dir.path()), ErrorKind::Io);
    fails(AssetFile::open(""), ErrorKind::Io);
    let path = dir.file("a.png", b"content");
    fails(AssetFile::open(path.join("below.png")), ErrorKind::Io);
}

#[test]
fn only_large_bodies_expect_continue() {
    for (size, expects) in [(10, false), (MIB / 2, false), (MIB, true), (2 * MIB, true)] {
        let server = Server::script([started()]);
        let _ = upload(&server.user(), AssetFile::from_bytes("a.png", noise(size))).expect("it is taken");
        let request = &server.requests()[0];
        assert_eq!(request.header("expect"), expects.then_some("100-continue"), "{size} bytes");
        assert!(parts(request)[1].content == noise(size));
    }
}

#[test]
fn refused_heads_prevent_the_body() {
    for (status, kind) in
        [(401, ErrorKind::Unauthenticated), (403, ErrorKind::PermissionDenied), (413, ErrorKind::Rejected)]
    {
        let refusal = Reply::json(status, &json!({ "code": "CODE", "message": "words" }));
        let server = Server::start_with_head_check(move |_| Some(refusal.clone()), |_| started());
        let error = fails(upload(&server.user(), AssetFile::from_bytes("a.png", noise(5 * MIB))), kind);
        assert_eq!((error.status(), error.message()), (Some(status), Some("words")));
        assert!(!error.outcome_unknown(), "{error}");
        assert_eq!((server.count(), server.settle().len()), (0, 1), "one head came, and no request");
    }
}

#[test]
fn uploads_use_a_new_connection() {
    let server = Server::start(|request| match &*request.method {
        "GET" => Reply::ok(&json!({ "id": "156" })),
        _ => started(),
    });
    let user = server.user();
    let _ = user.fetch_info().expect("the profile is good");
    for _ in 0..2 {
        let _ = upload(&user, png()).expect("it is taken");
        let _ = user.update_asset_with(AssetUpdate::new(1).description("")).expect("it is taken");
    }
    let _ = user.fetch_info().expect("the profile is good");
    let connections: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 1, 2, 3, 4, 0]);
}

#[test]
fn uploads_that_may_have_arrived_are_not_repeated() {
    let truncated = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{".to_vec();
    for reply in [
        Reply::HangUp,
        Reply::text(500, ""),
        Reply::text(503, "").with("retry-after", "0"),
        Reply::text(200, "<html></html>"),
        Reply::Raw(truncated),
    ] {
        let server = Server::script([reply.clone(), started()]);
        let error = upload(&server.user(), png()).expect_err("the answer is bad");
        assert!(error.outcome_unknown() && !error.is_retryable(), "{reply:?}: {error}");
        assert_eq!(server.count(), 1, "{reply:?}");
    }
    let server = Server::script([Reply::json(400, &json!({ "code": "INVALID_ARGUMENT", "message": "words" }))]);
    assert!(!fails(upload(&server.user(), png()), ErrorKind::Rejected).outcome_unknown());
    assert_eq!(server.count(), 1);
}

#[test]
fn rate_limited_uploads_are_repeated_whole() {
    let dir = TempDir::new();
    let path = dir.file("a.png", &noise(1000));
    for file in [AssetFile::open(path).expect("it is there"), AssetFile::from_bytes("a.png", noise(1000))] {
        let server = Server::script([Reply::text(429, "").with("retry-after", "0"), started()]);
        let _ = upload(&server.user(), file).expect("the second answer is good");
        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(parts(&requests[0])[1].content, noise(1000));
        assert_eq!(parts(&requests[1])[1].content, noise(1000));
    }
    // A reader that was read is used up.
    let server = Server::script([Reply::text(429, "").with("retry-after", "0"), started()]);
    let file = AssetFile::from_reader("a.png", io::Cursor::new(noise(1000)), 1000);
    let error = fails(upload(&server.user(), file), ErrorKind::RateLimited);
    assert!(!error.outcome_unknown());
    assert_eq!(server.count(), 1);
}
