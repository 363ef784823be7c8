//! Files are checked by their first bytes: content that is certainly another format is refused and named.

use std::io::Read;

use rblxopencloud::{AssetFile, AssetType, AssetUpload, ErrorKind, UserInfo};
use rblxopencloud_sandbox::Sandbox;

use crate::support::samples::{jpeg_with, png, samples, tga};
use crate::support::{USER, fails};

/// A name, the first bytes, and a part of the error, which is empty if the file is accepted.
type Row = (&'static str, Vec<u8>, &'static str);

fn boxed(kind: &[u8; 4], rest: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 24][..], kind, rest].concat()
}

fn ftyp(major: &[u8; 4], more: &[&[u8; 4]]) -> Vec<u8> {
    let length = u32::try_from(16 + 4 * more.len()).expect("short");
    let mut bytes = [&length.to_be_bytes()[..], b"ftyp", major, &[0; 4]].concat();
    more.iter().for_each(|brand| bytes.extend_from_slice(*brand));
    bytes.extend_from_slice(b"\0\0\0\x08mdat");
    bytes
}

fn tagged(tag: usize, sound: &[u8]) -> Vec<u8> {
    let size = [tag >> 21, tag >> 14, tag >> 7, tag].map(|part| u8::try_from(part & 0x7f).expect("seven bits"));
    [b"ID3\x04\0\0", &size[..], &vec![0; tag], sound].concat()
}

fn chunked_png(first: &[u8; 4], length: u32, width: u32, height: u32) -> Vec<u8> {
    let good = png(width, height);
    [&good[..8], &length.to_be_bytes(), first, &vec![7; length as usize + 4], &good[8..]].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0; 400]].concat()
}

fn lfs() -> Vec<u8> {
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n".to_vec()
}

fn taken() -> Vec<Row> {
    let flac = b"fLaC\0\0\0\x22";
    let mp3 = b"\xff\xfb\x90\x64\0\0\0\0";
    let mut rows: Vec<Row> = vec![
        ("icon.png", chunked_png(b"CgBI", 4, 200, 120), ""),
        ("animated.png", chunked_png(b"acTL", 8, 64, 64), ""),
        ("exif.jpg", jpeg_with(0xc0, 120_000, 64, 64), ""),
        ("behind-tag.flac", tagged(500, flac), ""),
        ("song.flac", tagged(300 * 1024, flac), ""),
        ("cover.mp3", tagged(300 * 1024, mp3), ""),
        ("short-tag.mp3", tagged(20, mp3), ""),
        ("tag-only.mp3", b"ID3\x02\0\0\0\0\x7f\x7f".to_vec(), ""),
        ("zeros.mp3", [&[0; 300][..], mp3].concat(), ""),
        ("layer2.mp3", b"\xff\xfd\x90\x64\0\0".to_vec(), ""),
        ("mpeg2.mp3", b"\xff\xf3\x90\x64\0\0".to_vec(), ""),
        ("mpeg25.mp3", b"\xff\xe3\x90\x64\0\0".to_vec(), ""),
        ("opus.ogg", [&b"OggS\0\x02"[..], &[0; 22], b"OpusHead"].concat(), ""),
        ("big.wav", b"RF64\xff\xff\xff\xffWAVEds64".to_vec(), ""),
        ("studio.wav", b"BW64\xff\xff\xff\xffWAVEds64".to_vec(), ""),
        ("bigendian.wav", b"RIFX\0\0\0\x24WAVEfmt ".to_vec(), ""),
        ("comment.rbxmx", b"<!-- made by hand -->\n<roblox version=\"4\">".to_vec(), ""),
        ("declared.rbxmx", b"\xef\xbb\xbf<?xml version=\"1.0\"?>\r\n<roblox version=\"4\">".to_vec(), ""),
        ("xml.rbxm", b"<?xml version=\"1.0\"?><roblox version=\"4\">".to_vec(), ""),
        ("bom.gltf", b"\xef\xbb\xbf\r\n  {\r\n \"asset\": {}}".to_vec(), ""),
        ("tabs.gltf", b"\n\t{\t\"asset\":{}}".to_vec(), ""),
        ("comments.fbx", b"; made by a tool\n; FBX 7.4.0\nFBXHeaderExtension: {".to_vec(), ""),
        ("spaced.fbx", b"\xef\xbb\xbf\n; FBX 6.1.0 project file".to_vec(), ""),
        ("rle.tga", [&[5, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 64, 0, 24, 0][..], b"hello", &[0; 50]].concat(), ""),
        ("mapped.tga", vec![0, 1, 1, 0, 0, 0, 1, 24, 0, 0, 0, 0, 64, 0, 64, 0, 8, 0], ""),
        ("grey.tga", vec![0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 64, 0, 8, 0], ""),
    ];
    for version in ["1.00", "2.00", "3.01", "4.00", "5.00", "6.00", "7.00"] {
        rows.push(("a.mesh", format!("version {version}\nrest").into_bytes(), ""));
    }
    for kind in [b"moof", b"sidx", b"styp", b"free", b"skip", b"mdat", b"uuid", b"moov", b"wide", b"pnot", b"emsg"] {
        rows.push(("clip.mp4", boxed(kind, &[0; 40]), ""));
        rows.push(("clip.mov", boxed(kind, &[0; 40]), ""));
    }
    rows.push(("large.mp4", b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0".to_vec(), ""));
    for brand in [b"isom", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"3gp5", b"f4v ", b"qt  "] {
        rows.push(("a.mp4", ftyp(brand, &[b"isom"]), ""));
        rows.push(("a.mov", ftyp(brand, &[b"isom"]), ""));
    }
    rows
}

fn refused() -> Vec<Row> {
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let mut rows: Vec<Row> = vec![
        ("a.png", lfs(), "a Git LFS pointer"),
        ("a.mesh", lfs(), "a Git LFS pointer"),
        ("a.fbx", String::from_utf8_lossy(&lfs()).replace('\n', "\r\n").into_bytes(), "a Git LFS pointer"),
        ("a.mp3", b"version https://hawser.github.com/spec/v1\noid sha256:0\n".to_vec(), "a Git LFS pointer"),
        ("a.tga", b"II*\0".to_vec(), "a TIFF image"),
        ("a.tga", b"MM\0*".to_vec(), "a TIFF image"),
        ("a.png", padded(b"II+\0"), "a TIFF image"),
        ("a.tga", b"GIF8".to_vec(), "a GIF image"),
        ("a.tga", b"GIF89a\x40\0\x40\0".to_vec(), "a GIF image"),
        ("a.png", b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), "a WebP image"),
        ("a.tga", b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), "a WebP image"),
        ("a.jpg", padded(b"\0\0\0\x0cjP  \r\n\x87\n\0"), "a JPEG 2000 image"),
        ("a.jpg", padded(b"\xff\x0a\xfa\x7f"), "a JPEG XL image"),
        ("a.png", padded(b"\0\0\0\x0cJXL \r\n\x87\n"), "a JPEG XL image"),
        ("a.png", padded(b"8BPS\0\x01"), "a Photoshop image"),
        ("a.bmp", padded(b"\0\0\x01\0\x01\0"), "an icon file"),
        ("a.tga", padded(b"\0\0\x01\0\x01\0"), "an icon file"),
        ("a.tga", padded(b"DDS |\0\0\0"), "a DDS texture"),
        ("a.tga", padded(b"\x76\x2f\x31\x01"), "an OpenEXR image"),
        ("a.png", b"<svg xmlns=\"http://www.w3.org/2000/svg\">".to_vec(), "an XML document"),
        ("a.fbx", padded(b"BLENDER-v300"), "a Blender file"),
        ("a.mp4", padded(b"FLV\x01"), "a Flash video"),
        ("a.mp4", padded(b"RIFF\0\0\0\0AVI LIST"), "an AVI video"),
        ("a.mov", padded(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9"), "a Windows Media file"),
        ("a.mov", padded(b"\0\0\x01\xba\x44"), "an MPEG video"),
        ("clip.mov", b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01".to_vec(), "a Matroska or WebM video"),
        ("clip.mp4", padded(b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm"), "a Matroska or WebM video"),
        ("a.mp3", padded(b"\xff\xf1\x50\x80"), "an AAC sound"),
        ("a.mp3", ftyp(b"M4A ", &[b"isom"]), "an M4A sound"),
        ("a.mp4", ftyp(b"M4A ", &[b"isom"]), "an M4A sound"),
        ("a.wav", padded(b"FORM\0\0\0\0AIFF"), "an AIFF sound"),
        ("a.mp3", padded(b"MThd\0\0\0\x06"), "a MIDI file"),
        ("a.ogg", padded(b"#!AMR\n"), "an AMR sound"),
        ("a.flac", padded(b"MAC \x96\x0f"), "a Monkey's Audio sound"),
        ("a.wav", padded(b"caff\0\x01"), "a Core Audio file"),
        ("a.rbxm", padded(ole), "an old Office document"),
        ("a.fbx", b"#!/bin/sh\nexit 1\n".to_vec(), "a shell script"),
        ("a.rbxmx", b"{\"errors\":[{\"code\":0,\"message\":\"Not found\"}]}".to_vec(), "a JSON document"),
        ("a.png", b"{\"message\":\"Not found\"}".to_vec(), "a JSON document"),
        ("a.fbx", b"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec(), "an XML document"),
    ];
    for (major, more, what) in [
        (b"heic", &[b"mif1", b"heic"][..], "a HEIC image"),
        (b"heix", &[b"mif1"], "a HEIC image"),
        (b"hevc", &[b"msf1"], "a HEIC image"),
        (b"mif1", &[b"mif1", b"heic"], "a HEIC image"),
        (b"mif1", &[b"mif1", b"avif", b"miaf"], "an AVIF image"),
        (b"mif1", &[b"miaf"], "a HEIF image"),
        (b"msf1", &[b"hevc"], "a HEIC image"),
        (b"avif", &[b"avif", b"mif1"], "an AVIF image"),
        (b"avis", &[b"msf1"], "an AVIF image"),
        (b"crx ", &[b"isom"], "a raw photo"),
    ] {
        for name in ["photo.jpg", "photo.png", "photo.mp4", "photo.mov", "photo.tga"] {
            rows.push((name, ftyp(major, more), what));
        }
    }
    for name in ["a.png", "a.tga", "a.mp3", "a.flac", "a.fbx", "a.rbxm", "a.mov", "a.mesh", "a.gltf"] {
        for (mark, what) in [
            (&b"PK\x03\x04\x14\0\0\0"[..], "a ZIP archive"),
            (b"PK\x05\x06\0\0", "a ZIP archive"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"\x1f\x8b\x08\0", "a gzip file"),
            (b"\x7fELF\x02\x01", "an ELF executable"),
            (b"MZ\x90\0\x03", "a Windows executable"),
            (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
            (b"Rar!\x1a\x07\0", "a RAR archive"),
            (b"BZh91AY&SY", "a bzip2 file"),
            (b"\xfd7zXZ\0", "an xz file"),
            (b"\x28\xb5\x2f\xfd\0", "a Zstandard file"),
            (b"wOFF\0\x01\0\0", "a font"),
            (b"\0asm\x01\0\0\0", "a WebAssembly module"),
        ] {
            rows.push((name, padded(mark), what));
        }
        rows.push((name, b"\r\n<!DOCTYPE HTML><html><body>404</body></html>".to_vec(), "a web page"));
    }
    rows
}

fn upload(name: &str, bytes: Vec<u8>) -> AssetUpload {
    let asset_type = match name.rsplit('.').next().expect("an extension") {
        "png" | "jpg" | "jpeg" | "bmp" | "tga" => AssetType::Image,
        "mp3" | "ogg" | "wav" | "flac" => AssetType::Audio,
        "mp4" | "mov" => AssetType::Video,
        "mesh" => AssetType::Mesh,
        _ => AssetType::Model,
    };
    AssetUpload::new(AssetFile::from_bytes(name, bytes), asset_type, "name", "")
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start().expect("a sandbox");
    sandbox.add_user(UserInfo::new(USER, "builderman"));
    sandbox.set_content_checks(false);
    sandbox
}

#[test]
fn plausible_content_is_accepted() {
    let sandbox = sandbox();
    let user = sandbox.client().user(USER);
    let rows = taken();
    let rows = rows.into_iter().chain(samples().into_iter().map(|sample| (sample.name, sample.bytes, "")));
    let mut count = 0;
    for (name, bytes, _) in rows {
        let shown = bytes[..bytes.len().min(24)].escape_ascii().to_string();
        let _ = user.upload_asset_with(upload(name, bytes)).unwrap_or_else(|error| panic!("{name}, {shown}: {error}"));
        count += 1;
    }
    assert!(count >= 90, "{count} beginnings");
}

#[test]
fn content_of_another_format_is_refused_and_named() {
    let sandbox = sandbox();
    let user = sandbox.client().user(USER);
    let rows = refused();
    assert!(rows.len() >= 200, "{} beginnings", rows.len());
    for (name, bytes, what) in rows {
        let shown = bytes[..bytes.len().min(24)].escape_ascii().to_string();
        let result = user.upload_asset_with(upload(name, bytes));
        assert!(result.is_err(), "{name}, {shown} is {what}");
        let error = fails(result, ErrorKind::InvalidInput).to_string();
        assert!(error.contains(what) && error.contains(name), "{name}, {shown} is {what}: {error}");
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn pointers_and_wrong_extensions_have_advice() {
    let sandbox = sandbox();
    let user = sandbox.client().user(USER);
    let error = fails(user.upload_asset_with(upload("a.png", lfs())), ErrorKind::InvalidInput).to_string();
    assert!(error.contains("git lfs pull"), "{error}");
    let error =
        fails(user.upload_asset_with(upload("a.png", jpeg_with(0xc0, 0, 9, 9))), ErrorKind::InvalidInput).to_string();
    assert!(error.contains(".jpg"), "{error}");
}

/// What lies on a machine and could be linked to.
#[test]
fn texts_are_refused_under_any_name() {
    let sandbox = sandbox();
    let user = sandbox.client().user(USER);
    let texts: &[&[u8]] = &[
        b"machine example.com login me password secret",
        "machine example.com login j\u{f6}rg password gr\u{fc}n\n".as_bytes(),
        b"machine example.com login j\xf6rg password x\n",
        b"\xef\xbb\xbfmachine example.com\r\n",
        b"\xff\xfem\0a\0c\0h\0i\0n\0e\0",
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
        b"[default]\naws_secret_access_key = x\n",
        b"{\"auths\": {\"ghcr.io\": {\"auth\": \"x\"}}}",
        b"{\n  \"type\": \"service_account\",\n  \"asset\": 1}",
        b"{}",
        b"[1, 2]",
        b"\"asset\"",
        b"<?xml version=\"1.0\"?>\n<settings><password>x</password></settings>",
        b"<settings/>",
        b"version: '3'\nservices:\n",
        b"version control is good",
        b"; last modified 1 April\n[owner]\nname=x\n",
        b"ROBLOX_API_KEY=x\n",
        b"\n\n\t# notes\n",
        b"\x1b[31mcolored\x1b[0m",
    ];
    for extension in
        ["gltf", "fbx", "tga", "mesh", "rbxmx", "rbxm", "mp3", "mov", "mp4", "png", "jpg", "ogg", "wav", "glb"]
    {
        for text in texts {
            // UTF-16 begins as a frame of the oldest MPEG audio does.
            if extension == "mp3" && text.starts_with(b"\xff\xfe") {
                continue;
            }
            let name = format!("x.{extension}");
            let error = user.upload_asset_with(upload(&name, text.to_vec())).expect_err(&name);
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}: {error}");
        }
    }
    assert!(sandbox.requests().is_empty());
}

#[test]
fn dimensions_are_not_read_from_other_formats() {
    let sandbox = sandbox();
    let user = sandbox.client().user(USER);
    for (name, bytes) in [
        ("a.tga", b"\0anything that isn't a header and has large numbers".to_vec()),
        ("icon.png", chunked_png(b"CgBI", 4, 200, 120)),
    ] {
        let _ = user.upload_asset_with(upload(name, bytes)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    for (name, bytes) in [("icon.png", chunked_png(b"CgBI", 4, 9000, 120)), ("a.tga", tga(9000, 10))] {
        let error = fails(user.upload_asset_with(upload(name, bytes)), ErrorKind::InvalidInput).to_string();
        assert!(error.contains("9000×"), "{error}");
    }
}

#[test]
fn a_content_type_is_sent_as_it_was_checked() {
    for (given, sent) in [
        ("image/png\r\n", Some("image/png")),
        ("\t image/png ", Some("image/png")),
        ("image/png; charset=\"utf-8\"", Some("image/png; charset=\"utf-8\"")),
        ("IMAGE/PNG", Some("IMAGE/PNG")),
        ("image/png ; a=b", Some("image/png ; a=b")),
        ("image/png\r\nx: y", None),
        ("image/png\n;a=b", None),
        ("image/png\t;a=b", None),
        ("image/png\r\n\r\n;", None),
        ("image/png\u{a0};", None),
        ("image/png; a=b\r\n\r\nx", None),
        ("image/png; a=\u{e9}", None),
        ("image/\u{e9}", None),
        ("image\0/png", None),
        ("image/png; a=\u{7f}", None),
        ("", None),
        (" \r\n", None),
        (";", None),
        ("image", None),
        ("/png", None),
        ("image/", None),
    ] {
        let sandbox = sandbox();
        let file = AssetFile::from_bytes("a.png", png(8, 8)).content_type(given);
        let result =
            sandbox.client().user(USER).upload_asset_with(AssetUpload::new(file, AssetType::Image, "name", ""));
        match sent {
            None => {
                assert_eq!(result.map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput), "{given:?}")
            }
            Some(sent) => {
                let _ = result.unwrap_or_else(|error| panic!("{given:?}: {error}"));
                let request = &sandbox.requests()[0];
                let part = request.part("fileContent").expect("a file");
                assert_eq!((part.content_type.as_deref(), part.length), (Some(sent), 29), "{given:?}");
                assert_eq!(part.body, png(8, 8), "{given:?}");
            }
        }
    }
}

/// A reader is inspected and still sent whole.
#[test]
fn readers_are_sent_whole_after_inspection() {
    let sandbox = sandbox();
    let mut bytes = png(8, 8);
    bytes.extend((0..600_000_u32).map(|number| number.to_le_bytes()[0]));
    let length = bytes.len() as u64;
    let file = AssetFile::from_reader("a.png", std::io::Cursor::new(bytes.clone()).take(length), length);
    let user = sandbox.client().user(USER);
    let _ = user.upload_asset_with(AssetUpload::new(file, AssetType::Image, "name", "")).expect("it is taken");
    let part = &sandbox.requests()[0].parts[1];
    assert_eq!((part.length, &part.body[..1000]), (length, &bytes[..1000]));
}
