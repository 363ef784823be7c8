//! Checks whether the first bytes of an uploaded file match its content type.

use rblxopencloud::AssetType;

/// Returns the service's message for a file that it can't read. `InvalidImage` is recorded; the others follow its form.
pub(crate) fn invalid_content(asset_type: &AssetType) -> &'static str {
    match asset_type {
        AssetType::Decal | AssetType::Image => "InvalidImage",
        AssetType::Audio => "InvalidAudio",
        AssetType::Video => "InvalidVideo",
        AssetType::Mesh => "InvalidMesh",
        AssetType::Model | AssetType::Animation => "InvalidModel",
        _ => "InvalidFile",
    }
}

/// Whether a file with this content type can begin with these bytes.
pub(crate) fn fits(content_type: &str, head: &[u8]) -> bool {
    let at = |start: usize, mark: &[u8]| head.get(start..).is_some_and(|rest| rest.starts_with(mark));
    let is_wave = || [b"RIFF", b"RF64", b"BW64"].into_iter().any(|mark| at(0, mark)) && at(8, b"WAVE");
    match content_type.to_ascii_lowercase().as_str() {
        "image/png" => at(0, b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => at(0, b"\xff\xd8\xff"),
        "image/bmp" => at(0, b"BM"),
        "image/tga" => is_tga(head),
        "audio/mpeg" => at(0, b"ID3") || (has_mp3_frame(head) && !at(0, b"\xff\xd8\xff") && !at(0, b"\x89PNG")),
        "audio/ogg" => at(0, b"OggS"),
        "audio/wav" => is_wave(),
        "audio/flac" => at(0, b"fLaC") || at(0, b"ID3"),
        "model/fbx" => at(0, b"Kaydara FBX Binary") || is_text_fbx(head),
        "model/gltf+json" => text(head).starts_with('{'),
        "model/gltf-binary" => at(0, b"glTF"),
        "model/x-rbxm" => at(0, b"<roblox!") || is_xml_model(head),
        "model/x-file-mesh-data" => at(0, b"version "),
        "video/mp4" | "video/mov" => is_film(head),
        _ => true,
    }
}

/// TGA has no signature, but few values for its type and depth.
fn is_tga(head: &[u8]) -> bool {
    matches!(head, [_, 0 | 1, 1..=3 | 9..=11 | 32 | 33, rest @ ..]
        if matches!(rest.get(13), Some(8 | 15 | 16 | 24 | 32)))
}

/// Padding may precede the first frame, which begins with eleven set bits.
fn has_mp3_frame(head: &[u8]) -> bool {
    let begin = &head[..head.len().min(4096)];
    begin.windows(3).any(|bytes| bytes[0] == 0xff && bytes[1] & 0xe0 == 0xe0 && bytes[1] & 0x06 != 0 && bytes[2] < 0xf0)
}

/// MP4 and QuickTime begin with a box, whose type follows its length. The brand tells still images apart.
fn is_film(head: &[u8]) -> bool {
    let (kind, brand) = (head.get(4..8).unwrap_or_default(), head.get(8..12).unwrap_or_default());
    let is_still = matches!(brand, b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"avif" | b"avis");
    match kind {
        b"ftyp" => !is_still,
        b"styp" | b"moov" | b"moof" | b"mdat" | b"sidx" | b"free" | b"skip" | b"wide" | b"pnot" | b"uuid" => true,
        _ => false,
    }
}

fn is_text_fbx(head: &[u8]) -> bool {
    let text = text(head);
    text.starts_with("; FBX") || text.contains("FBXHeaderExtension")
}

/// XML may begin with a declaration and comments.
fn is_xml_model(head: &[u8]) -> bool {
    let text = text(head);
    text.starts_with('<') && text.contains("<roblox")
}

/// Returns the beginning as text, without a byte order mark and leading white space.
fn text(head: &[u8]) -> String {
    let begin = String::from_utf8_lossy(&head[..head.len().min(1024)]);
    begin.trim_start_matches('\u{feff}').trim_start().to_owned()
}
