//! Checks refuse before anything is sent, say why, and refuse nothing else.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rblxopencloud::asset::{Check, SocialLink, SocialLinkKind, limits};
use rblxopencloud::{
    Asset, AssetFile, AssetType, AssetUpdate, AssetUpload, Error, ErrorKind, ErrorScope, Operation, User, UserInfo,
};
use rblxopencloud_sandbox::{Fault, Sandbox};
use serde_json::Value;

use crate::support::samples::{Sample, bmp, jpeg, jpeg_with, mp4, old_bmp, png, samples, tga};
use crate::support::{TempDir, USER, fails, noise};

const MIB: u64 = 1024 * 1024;

const CHECKS: [Check; 8] = [
    Check::NameLength,
    Check::DescriptionLength,
    Check::FileSize,
    Check::Format,
    Check::Content,
    Check::Dimensions,
    Check::SocialLinks,
    Check::UpdateFormat,
];

/// A sandbox with a user and a model of theirs.
fn sandbox() -> (Sandbox, User) {
    let sandbox = Sandbox::start().expect("a sandbox starts");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    let mut model = Asset::new(42);
    model.asset_type = Some(AssetType::Model);
    sandbox.add_asset(model);
    let user = sandbox.client().user(USER);
    (sandbox, user)
}

fn bytes(name: &str, content: impl Into<Vec<u8>>) -> AssetFile {
    AssetFile::from_bytes(name, content)
}

fn upload(file: AssetFile, asset_type: AssetType) -> AssetUpload {
    AssetUpload::new(file, asset_type, "asset name", "asset description")
}

/// A file with this beginning, filled with zeros up to this length.
fn padded(head: Vec<u8>, length: u64) -> Vec<u8> {
    let mut content = head;
    content.resize(usize::try_from(length).expect("it fits the memory"), 0);
    content
}

/// An upload or an update.
enum Attempt {
    Upload(AssetUpload),
    Update(AssetUpdate),
}

impl Attempt {
    fn skip_check(self, check: Check) -> Self {
        match self {
            Self::Upload(upload) => Self::Upload(upload.skip_check(check)),
            Self::Update(update) => Self::Update(update.skip_check(check)),
        }
    }

    fn send(self, user: &User) -> Result<Operation<Asset>, Error> {
        match self {
            Self::Upload(upload) => user.upload_asset_with(upload),
            Self::Update(update) => user.update_asset_with(update),
        }
    }
}

/// What one check refuses, and the words of its error.
struct Case {
    check: Check,
    make: fn() -> Attempt,
    words: &'static [&'static str],
}

fn case(check: Check, make: fn() -> Attempt, words: &'static [&'static str]) -> Case {
    Case { check, make, words }
}

fn links() -> AssetUpdate {
    let kinds = [SocialLinkKind::GitHub, SocialLinkKind::Discord, SocialLinkKind::Twitch, SocialLinkKind::YouTube];
    kinds
        .into_iter()
        .fold(AssetUpdate::new(42), |update, kind| update.social_link(kind, SocialLink::new("https://example.com/")))
}

fn refused() -> Vec<Case> {
    vec![
        case(
            Check::NameLength,
            || Attempt::Upload(AssetUpload::new(bytes("crate.png", png(9, 9)), AssetType::Image, "n".repeat(51), "")),
            &["name", "51", "50"],
        ),
        case(
            Check::NameLength,
            || Attempt::Update(AssetUpdate::new(42).display_name("é".repeat(51))),
            &["name", "51", "50"],
        ),
        case(
            Check::DescriptionLength,
            || {
                Attempt::Upload(AssetUpload::new(
                    bytes("crate.png", png(9, 9)),
                    AssetType::Image,
                    "n",
                    "d".repeat(1001),
                ))
            },
            &["description", "1001", "1000"],
        ),
        case(
            Check::DescriptionLength,
            || Attempt::Update(AssetUpdate::new(42).description("d".repeat(1001))),
            &["description", "1001", "1000"],
        ),
        case(
            Check::FileSize,
            || Attempt::Upload(upload(bytes("crate.png", padded(png(9, 9), 20 * MIB + 1)), AssetType::Image)),
            &["crate.png", "20971521", "20971520", "Image"],
        ),
        case(
            Check::FileSize,
            || {
                Attempt::Update(
                    AssetUpdate::new(42).file(bytes("crate.rbxm", padded(b"<roblox!".to_vec(), 20 * MIB + 1))),
                )
            },
            &["crate.rbxm", "20971521", "20971520", "Model"],
        ),
        case(
            Check::Format,
            || Attempt::Upload(upload(bytes("creak.mp3", b"ID3\x04\0\0".to_vec()), AssetType::Decal)),
            &["creak.mp3", "audio/mpeg", "Decal", "Audio"],
        ),
        case(
            Check::Content,
            || Attempt::Upload(upload(bytes("crate.png", jpeg(9, 9)), AssetType::Image)),
            &["crate.png", ".jpg", "image/png"],
        ),
        case(
            Check::Content,
            || {
                let page = "<!DOCTYPE html>\n<html><head><title>404</title></head></html>";
                Attempt::Upload(upload(bytes("creak.mp3", page), AssetType::Audio))
            },
            &["creak.mp3", "web page"],
        ),
        case(
            Check::Content,
            || Attempt::Update(AssetUpdate::new(42).file(bytes("crate.rbxm", png(9, 9)))),
            &["crate.rbxm", ".png", "model/x-rbxm"],
        ),
        case(
            Check::Dimensions,
            || Attempt::Upload(upload(bytes("crate.png", png(8000, 9)), AssetType::Decal)),
            &["crate.png", "8000×9", "at most 7999"],
        ),
        case(Check::SocialLinks, || Attempt::Update(links()), &["3", "4", "social links"]),
        case(
            Check::UpdateFormat,
            || Attempt::Update(AssetUpdate::new(42).file(bytes("crate.png", png(9, 9)))),
            &["crate.png", "image/png", "Model"],
        ),
    ]
}

#[track_caller]
fn refuses(attempt: Attempt) -> Error {
    let (sandbox, user) = sandbox();
    let error = fails(attempt.send(&user), ErrorKind::InvalidInput);
    assert_eq!(error.scope(), ErrorScope::Call, "{error}");
    assert!(!error.outcome_unknown() && !error.is_retryable(), "{error}");
    assert!(sandbox.requests().is_empty(), "{error}");
    error
}

#[test]
fn each_check_refuses_before_sending_and_names_its_limit_and_the_file() {
    for Case { check, make, words } in refused() {
        let error = refuses(make()).to_string();
        for word in words {
            assert!(error.contains(word), "{check:?}: no {word:?} in: {error}");
        }
        assert!(!error.contains('\n'), "{check:?}: {error}");
    }
}

#[test]
fn a_name_or_description_that_is_too_long_is_refused_with_the_name_of_the_file_it_belongs_to() {
    for (name, description) in [("n".repeat(51), String::new()), ("n".to_owned(), "d".repeat(1001))] {
        let file = bytes("crate.png", png(9, 9));
        let error = refuses(Attempt::Upload(AssetUpload::new(file, AssetType::Image, name, description)));
        assert!(error.to_string().contains("crate.png"), "which of the files? {error}");
    }
}

#[test]
fn skipped_checks_let_the_request_through() {
    for Case { check, make, .. } in refused() {
        let (sandbox, user) = sandbox();
        // The service may refuse it in its own way.
        let _ = make().skip_check(check).send(&user);
        assert_eq!(sandbox.requests().len(), 1, "{check:?}");
    }
}

#[test]
fn skipping_other_checks_still_refuses_an_upload() {
    for Case { check, make, .. } in refused() {
        let attempt = make();
        if matches!(attempt, Attempt::Upload(_)) {
            let others = CHECKS.into_iter().filter(|other| *other != check);
            refuses(others.fold(attempt, Attempt::skip_check));
        }
    }
}

#[test]
fn skipping_another_check_still_refuses_an_update() {
    let mut wrong = Vec::new();
    for Case { check, make, .. } in refused() {
        for other in CHECKS.into_iter().filter(|other| *other != check) {
            let (sandbox, user) = sandbox();
            let attempt = make();
            if matches!(attempt, Attempt::Update(_)) {
                let _ = attempt.skip_check(other).send(&user);
                if !sandbox.requests().is_empty() {
                    wrong.push(format!("{check:?} was left out with {other:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A reader without an end, which counts.
struct Endless {
    head: Cursor<Vec<u8>>,
    read: Arc<AtomicU64>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut got = self.head.read(buffer)?;
        if got == 0 {
            buffer.fill(0);
            got = buffer.len();
        }
        self.read.fetch_add(got as u64, Ordering::SeqCst);
        Ok(got)
    }
}

#[test]
fn sizes_above_the_limit_are_refused_without_reading_the_file() {
    assert_eq!((limits::MAX_FILE_SIZE, limits::MAX_VIDEO_SIZE), (20 * MIB, 3840 * MIB));
    for (name, head, asset_type, length, passes) in [
        ("a.png", png(9, 9), AssetType::Image, 20 * MIB, true),
        ("a.png", png(9, 9), AssetType::Image, 20 * MIB + 1, false),
        ("a.flac", b"fLaC\0\0\0\x22".to_vec(), AssetType::Audio, 20 * MIB, true),
        ("a.flac", b"fLaC\0\0\0\x22".to_vec(), AssetType::Audio, 20 * MIB + 1, false),
        ("a.mp4", mp4(), AssetType::Video, 20 * MIB + 1, true),
        ("a.mp4", mp4(), AssetType::Video, 3840 * MIB, true),
        ("a.mp4", mp4(), AssetType::Video, 3840 * MIB + 1, false),
        ("a.mp4", mp4(), AssetType::Video, u64::MAX, false),
    ] {
        let (sandbox, user) = sandbox();
        sandbox.inject(Fault::early_answer(413));
        let read = Arc::new(AtomicU64::new(0));
        let reader = Endless { head: Cursor::new(head), read: Arc::clone(&read) };
        let result = user.upload_asset_with(upload(AssetFile::from_reader(name, reader, length), asset_type));
        let read = read.load(Ordering::SeqCst);
        if passes {
            let error = fails(result, ErrorKind::Rejected);
            assert_eq!(error.status(), Some(413), "{name}, {length} bytes: {error}");
            assert!(read <= 256 * 1024, "{name}, {length} bytes: {read} were read");
        } else {
            let error = fails(result, ErrorKind::InvalidInput);
            assert!(error.to_string().contains(&length.to_string()), "{error}");
            assert!(sandbox.requests().is_empty(), "{name}, {length} bytes");
            assert_eq!(read, 0, "{name}, {length} bytes");
        }
    }
}

#[test]
fn a_file_of_exactly_20_mib_is_accepted() {
    let (sandbox, user) = sandbox();
    let image = upload(bytes("a.png", padded(png(9, 9), 20 * MIB)), AssetType::Image);
    let asset = user.upload_asset_with(image).expect("it is sent").wait().expect("it is made");
    assert_eq!(sandbox.asset_content(asset.id).expect("there is content").length, 20 * MIB);
}

#[test]
fn a_name_has_50_characters_and_a_description_1000_whatever_their_bytes() {
    for character in ["n", "é", "木", "🪵"] {
        for (name, description, passes) in [(50, 1000, true), (51, 1000, false), (50, 1001, false)] {
            let (sandbox, user) = sandbox();
            let (name, description) = (character.repeat(name), character.repeat(description));
            let file = bytes("a.png", png(9, 9));
            let created = user.upload_asset_with(AssetUpload::new(file, AssetType::Image, &name, &description));
            let update = AssetUpdate::new(42).display_name(&name).description(&description);
            let updated = user.update_asset_with(update);
            for result in [created, updated] {
                if passes {
                    let asset = result.expect("it is sent").wait().expect("it is made");
                    assert_eq!(asset.display_name.as_deref(), Some(&*name));
                    assert_eq!(asset.description.as_deref(), Some(&*description));
                } else {
                    fails(result, ErrorKind::InvalidInput);
                    assert!(sandbox.requests().is_empty());
                }
            }
        }
    }
}

#[test]
fn images_of_8000_pixels_are_refused_in_every_format() {
    let long_profile = 3 * 65_533 + 100;
    type Make = Box<dyn Fn(u16, u16) -> Vec<u8>>;
    let formats: Vec<(&str, Make)> = vec![
        ("a.png", Box::new(|w, h| png(w.into(), h.into()))),
        ("a.PNG", Box::new(|w, h| png(w.into(), h.into()))),
        ("a.jpg", Box::new(jpeg)),
        ("progressive.jpg", Box::new(|w, h| jpeg_with(0xc2, 14, w, h))),
        ("arithmetic.jpg", Box::new(|w, h| jpeg_with(0xc9, 0, w, h))),
        ("profile.jpeg", Box::new(move |w, h| jpeg_with(0xc0, long_profile, w, h))),
        ("profile-progressive.jpeg", Box::new(move |w, h| jpeg_with(0xc2, long_profile, w, h))),
        (
            "filled.jpeg",
            Box::new(|w, h| {
                let jpeg = jpeg(w, h);
                [b"\xff\xd8\xff\xff\xff", &jpeg[3..]].concat()
            }),
        ),
        ("a.bmp", Box::new(|w, h| bmp(w.into(), h.into()))),
        ("upside-down.bmp", Box::new(|w, h| bmp(w.into(), -i32::from(h)))),
        ("old.bmp", Box::new(old_bmp)),
        ("a.tga", Box::new(tga)),
    ];
    for (name, make) in &formats {
        for (width, height, passes) in [
            (7999, 7999, true),
            (1, 7999, true),
            (8000, 1, false),
            (1, 8000, false),
            (8000, 8000, false),
            (32_000, 1, false),
        ] {
            for asset_type in [AssetType::Image, AssetType::Decal] {
                let (sandbox, user) = sandbox();
                let result = user.upload_asset_with(upload(bytes(name, make(width, height)), asset_type));
                if passes {
                    let _operation = result.unwrap_or_else(|error| panic!("{name}, {width}×{height}: {error}"));
                    continue;
                }
                let error = fails(result, ErrorKind::InvalidInput).to_string();
                assert!(error.contains(&format!("{width}×{height}")) && error.contains(name), "{error}");
                assert!(sandbox.requests().is_empty(), "{error}");
            }
        }
    }
}

#[test]
fn every_format_is_detected() {
    for Sample { name, bytes: content, asset_type } in samples() {
        let (_sandbox, user) = sandbox();
        for name in [name.to_owned(), name.to_uppercase()] {
            let operation = user.upload_asset_with(upload(bytes(&name, content.clone()), asset_type.clone()));
            let asset = operation.unwrap_or_else(|error| panic!("{name}: {error}")).wait().expect("it is made");
            assert_eq!(asset.asset_type.as_ref(), Some(&asset_type), "{name}");
        }
    }
}

#[test]
fn a_file_with_the_extension_of_another_format_is_refused() {
    // Their first bytes don't differ.
    let families = [["mp4", "mov"], ["rbxm", "rbxmx"], ["jpg", "jpeg"]];
    // Formats without a signature are accepted if they aren't another format.
    let unmarked = ["a.tga", "a.gltf"];
    let lenient = ["tga", "gltf", "mesh", "fbx", "mov", "mp3", "rbxmx"];
    let all = samples();
    for declared in &all {
        for actual in &all {
            let pair = [declared.extension(), actual.extension()];
            let is_one_family = pair[0] == pair[1] || families.iter().any(|f| pair.iter().all(|e| f.contains(e)));
            if is_one_family || (unmarked.contains(&actual.name) && lenient.contains(&pair[0])) {
                continue;
            }
            let (sandbox, user) = sandbox();
            let swapped = upload(bytes(declared.name, actual.bytes.clone()), declared.asset_type.clone());
            match user.upload_asset_with(swapped) {
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
                    assert!(error.to_string().contains(declared.name), "{error}");
                    assert!(sandbox.requests().is_empty(), "{error}");
                }
                Ok(_) => panic!("{} was taken for {}", actual.name, declared.name),
            }
        }
    }
}

#[test]
fn web_pages_are_refused_under_any_name() {
    for page in ["<!DOCTYPE html><html></html>", "\n\n  <HTML><body>Not found</body></HTML>", "<head></head>"] {
        for Sample { name, asset_type, .. } in samples() {
            let error = refuses(Attempt::Upload(upload(bytes(name, page), asset_type)));
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn web_pages_are_detected_after_comments_and_declarations() {
    let mut taken = Vec::new();
    for page in [
        "\u{feff}<!DOCTYPE html><html></html>",
        "<!-- error page --><html></html>",
        "<?xml version=\"1.0\"?>\n<!DOCTYPE html><html></html>",
    ] {
        let (sandbox, user) = sandbox();
        let _ = user.upload_asset_with(upload(bytes("creak.mp3", page), AssetType::Audio));
        if !sandbox.requests().is_empty() {
            taken.push(page);
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn formats_are_accepted_only_for_their_asset_types() {
    use AssetType::{Animation, Audio, Decal, Image, Mesh, Model, Video};
    let types = [Animation, Audio, Decal, Image, Mesh, Model, Video];
    for Sample { name, bytes: content, asset_type } in samples() {
        for wanted in &types {
            let fits = *wanted == asset_type
                || (*wanted == Decal && asset_type == Image)
                || (*wanted == Animation && name.contains(".rbxm"));
            let (sandbox, user) = sandbox();
            let result = user.upload_asset_with(upload(bytes(name, content.clone()), wanted.clone()));
            assert_eq!(result.is_ok(), fits, "{name} as {wanted}: {result:?}");
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                let error = error.to_string();
                assert!(error.contains(name) && error.contains(wanted.as_str()), "{error}");
                assert!(sandbox.requests().is_empty());
            }
        }
    }
}

#[test]
fn an_empty_file_is_refused_by_name() {
    let dir = TempDir::new();
    let path = dir.file("empty.png", b"");
    for file in [
        bytes("empty.png", Vec::new()),
        AssetFile::from_reader("empty.png", io::empty(), 0),
        AssetFile::open(path).expect("it is there"),
    ] {
        let error = refuses(Attempt::Upload(upload(file, AssetType::Image))).to_string();
        assert!(error.contains("empty.png") && error.contains("is empty"), "{error}");
    }
}

#[test]
fn truncated_heads_never_panic() {
    let (sandbox, user) = sandbox();
    sandbox.set_content_checks(false);
    let mut all = samples();
    all.push(Sample { name: "much.jpg", bytes: jpeg_with(0xc2, 70, 64, 64), asset_type: AssetType::Image });
    for Sample { name, bytes: content, asset_type } in all {
        for length in 0..content.len() {
            match user.upload_asset_with(upload(bytes(name, &content[..length]), asset_type.clone())) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}, {length} bytes: {error}"),
            }
        }
    }
}

#[test]
fn absurd_lengths_in_headers_never_panic() {
    let (_sandbox, user) = sandbox();
    for (name, content) in [
        ("a.jpg", b"\xff\xd8\xff\xe0\0\0\xff\xc0".to_vec()),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x01\xff\xc0\0\x11".to_vec()),
        ("a.jpg", b"\xff\xd8\xff\xe0\xff\xff\xff\xc0".to_vec()),
        ("a.jpg", vec![0xff; 1000]),
        ("a.jpg", [b"\xff\xd8".to_vec(), vec![0xff; 300_000]].concat()),
        ("a.bmp", bmp(i32::MIN, i32::MIN)),
        ("a.png", png(u32::MAX, u32::MAX)),
        ("a.tga", tga(u16::MAX, u16::MAX)),
    ] {
        match user.upload_asset_with(upload(bytes(name, content), AssetType::Image)) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}: {error}"),
        }
    }
}

/// What the service receives of an upload.
fn sent_request(sandbox: &Sandbox) -> Value {
    let requests = sandbox.requests();
    let part = requests.iter().rev().find_map(|request| request.part("request")).expect("a part of JSON");
    serde_json::from_slice(&part.body).expect("it is JSON")
}

#[test]
fn from_path_determines_the_type() {
    let dir = TempDir::new();
    for Sample { name, bytes: content, asset_type } in samples() {
        for name in [name.to_owned(), name.to_uppercase()] {
            let (sandbox, user) = sandbox();
            let upload = AssetUpload::from_path(dir.file(&name, &content)).expect("it is there");
            assert_eq!(upload.declared_type(), &asset_type, "{name}");
            assert_eq!((upload.file().name(), upload.file().len()), (&*name, content.len() as u64));
            let operation = user.upload_asset_with(upload).unwrap_or_else(|error| panic!("{name}: {error}"));
            let request = sent_request(&sandbox);
            let stem = name.rsplit_once('.').expect("it has an extension").0;
            assert_eq!((&request["displayName"], &request["description"]), (&stem.into(), &"".into()), "{name}");
            operation.wait().expect("it is made");
        }
    }
}

#[test]
fn from_path_cuts_the_name_to_50_characters() {
    let dir = TempDir::new();
    for (stem, name) in [
        ("crate".to_owned(), "crate".to_owned()),
        ("crate.old".to_owned(), "crate.old".to_owned()),
        ("n".repeat(50), "n".repeat(50)),
        ("n".repeat(51), "n".repeat(50)),
        ("é".repeat(51), "é".repeat(50)),
        (format!("a{}", "é".repeat(80)), format!("a{}", "é".repeat(49))),
        (format!("ab{}", "木".repeat(70)), format!("ab{}", "木".repeat(48))),
        ("🪵".repeat(60), "🪵".repeat(50)),
    ] {
        let (sandbox, user) = sandbox();
        let upload = AssetUpload::from_path(dir.file(&format!("{stem}.png"), &png(9, 9))).expect("it is there");
        let asset = user.upload_asset_with(upload).expect("it is sent").wait().expect("it is made");
        assert_eq!(asset.display_name.as_deref(), Some(&*name));
        assert_eq!(sent_request(&sandbox)["displayName"], name);
    }
}

#[test]
fn from_path_rejects_missing_files_and_unknown_extensions() {
    let dir = TempDir::new();
    std::fs::create_dir(dir.path().join("folder.png")).expect("a directory can be made");
    for (name, kind) in [
        ("missing.png", ErrorKind::Io),
        ("nowhere/missing.png", ErrorKind::Io),
        ("folder.png", ErrorKind::Io),
        ("notes.txt", ErrorKind::InvalidInput),
        ("crate", ErrorKind::InvalidInput),
        ("crate.png.bak", ErrorKind::InvalidInput),
        (".png", ErrorKind::InvalidInput),
    ] {
        if kind == ErrorKind::InvalidInput {
            dir.file(name, b"content");
        }
        let error = fails(AssetUpload::from_path(dir.path().join(name)), kind);
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(error.scope(), ErrorScope::Call, "{error}");
    }
}

#[test]
fn new_content_is_only_for_models() {
    for Sample { name, bytes: content, asset_type } in samples() {
        let (sandbox, user) = sandbox();
        let result = user.update_asset_with(AssetUpdate::new(42).file(bytes(name, content)));
        if asset_type == AssetType::Model {
            let asset = result.unwrap_or_else(|error| panic!("{name}: {error}")).wait().expect("it is made");
            assert_eq!(asset.id, 42);
            continue;
        }
        let error = fails(result, ErrorKind::InvalidInput);
        assert!(error.to_string().contains("Model") && error.to_string().contains(name), "{error}");
        assert!(sandbox.requests().is_empty(), "{name}");
    }
}

/// A reader that returns a few bytes at a time.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

/// 64-bit FNV-1a.
fn hash(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn inspected_readers_are_sent_whole() {
    for (length, step) in [
        (40, 1),
        (1000, 7),
        (256 * 1024 - 1, 999),
        (256 * 1024, 64 * 1024),
        (256 * 1024 + 1, 4096),
        (1_500_000, 10_007),
    ] {
        let (sandbox, user) = sandbox();
        let mut content = png(64, 64);
        let rest = noise(length - content.len());
        content.extend(rest);
        let reader = Trickle(Cursor::new(content.clone()), step);
        let file = AssetFile::from_reader("a.png", reader, content.len() as u64);
        let asset =
            user.upload_asset_with(upload(file, AssetType::Image)).expect("it is sent").wait().expect("it is made");
        let stored = sandbox.asset_content(asset.id).expect("there is content");
        assert_eq!((stored.length, stored.hash), (content.len() as u64, hash(&content)), "{length} by {step}");
    }
}

#[test]
fn valid_files_with_unusual_beginnings_are_accepted() {
    let id3 = |sound: &[u8]| [&b"ID3\x04\x00\x00\x00\x00\x00\x05tag.."[..], sound].concat();
    for (name, content) in [
        ("tagged.flac", id3(b"fLaC")),
        ("long.wav", b"RF64\xff\xff\xff\xffWAVE".to_vec()),
        ("broadcast.wav", b"BW64\xff\xff\xff\xffWAVE".to_vec()),
        ("padded.mp4", b"\x00\x00\x00\x08free\x00\x00\x00\x08mdat".to_vec()),
        ("declared.rbxm", b"<?xml version=\"1.0\"?><roblox>".to_vec()),
        ("marked.rbxm", b"\xef\xbb\xbf<roblox>".to_vec()),
    ] {
        let file = AssetFile::from_bytes(name, content);
        let asset_type = match name.rsplit_once('.').expect("an extension").1 {
            "mp4" => AssetType::Video,
            "rbxm" => AssetType::Model,
            _ => AssetType::Audio,
        };
        let sandbox = Sandbox::start().expect("there is a free port");
        sandbox.add_user(rblxopencloud::UserInfo::new(1, "one"));
        let taken = sandbox.client().user(1).upload_asset_with(AssetUpload::new(file, asset_type, name, ""));
        assert!(taken.is_ok(), "{name}: {taken:?}");
    }
}
