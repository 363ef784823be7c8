//! What a file is, told by its name and by its first bytes.

use super::AssetType;

/// The formats that the service documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Bmp,
    Tga,
    Mp3,
    Ogg,
    Wav,
    Flac,
    Fbx,
    Gltf,
    Glb,
    Rbxm,
    Rbxmx,
    Mp4,
    Mov,
    Mesh,
}

/// Extension, format, content type. Where a format has two extensions, the usual one comes first.
const FORMATS: &[(&str, Format, &str)] = &[
    ("png", Format::Png, "image/png"),
    ("jpg", Format::Jpeg, "image/jpeg"),
    ("jpeg", Format::Jpeg, "image/jpeg"),
    ("bmp", Format::Bmp, "image/bmp"),
    ("tga", Format::Tga, "image/tga"),
    ("mp3", Format::Mp3, "audio/mpeg"),
    ("ogg", Format::Ogg, "audio/ogg"),
    ("wav", Format::Wav, "audio/wav"),
    ("flac", Format::Flac, "audio/flac"),
    ("fbx", Format::Fbx, "model/fbx"),
    ("gltf", Format::Gltf, "model/gltf+json"),
    ("glb", Format::Glb, "model/gltf-binary"),
    ("rbxm", Format::Rbxm, "model/x-rbxm"),
    ("rbxmx", Format::Rbxmx, "model/x-rbxm"),
    ("mp4", Format::Mp4, "video/mp4"),
    ("mov", Format::Mov, "video/mov"),
    ("mesh", Format::Mesh, "model/x-file-mesh-data"),
];

impl Format {
    /// By the extension, in any case.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (stem, extension) = name.rsplit_once('.')?;
        let known = FORMATS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(extension));
        known.filter(|_| !stem.is_empty()).map(|(_, format, _)| *format)
    }

    /// By what the caller says it is, else by the name. Where a content type stands for two formats, the name decides.
    pub(super) fn of_file(name: &str, content_type: &str) -> Option<Self> {
        let by_name = Self::of_name(name).filter(|format| format.content_type() == content_type);
        by_name.or_else(|| Self::of_content_type(content_type))
    }

    fn of_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next()?.trim();
        FORMATS.iter().find(|(.., known)| known.eq_ignore_ascii_case(essence)).map(|(_, format, _)| *format)
    }

    /// By the first bytes. Some formats have no mark of their own.
    pub(super) fn of_content(head: &[u8]) -> Option<Self> {
        let at = |start: usize, mark: &[u8]| head.get(start..).is_some_and(|rest| rest.starts_with(mark));
        let found = if at(0, b"\x89PNG\r\n\x1a\n") {
            Self::Png
        } else if at(0, b"\xff\xd8\xff") {
            Self::Jpeg
        } else if at(0, b"BM") {
            Self::Bmp
        } else if at(0, b"OggS") {
            Self::Ogg
        } else if [b"RIFF", b"RF64", b"BW64"].into_iter().any(|mark| at(0, mark)) && at(8, b"WAVE") {
            Self::Wav
        } else if at(0, b"fLaC") || at(behind_id3(head), b"fLaC") {
            Self::Flac
        } else if at(0, b"ID3") || is_mp3_frame(head) {
            Self::Mp3
        } else if at(0, b"Kaydara FBX Binary") || at(0, b"; FBX") {
            Self::Fbx
        } else if at(0, b"glTF") {
            Self::Glb
        } else if at(0, b"<roblox!") {
            Self::Rbxm
        } else if at(0, b"<roblox") {
            Self::Rbxmx
        } else if at(4, b"ftypqt") || at(4, b"moov") || at(4, b"wide") {
            Self::Mov
        } else if [b"ftyp", b"styp", b"free", b"skip", b"mdat", b"uuid"].into_iter().any(|mark| at(4, mark)) {
            Self::Mp4
        } else if at(0, b"version ") {
            Self::Mesh
        } else {
            return None;
        };
        Some(found)
    }

    /// Whether a file of this format may begin with what [`of_content`](Self::of_content) took for `found`.
    pub(super) fn allows(self, found: Option<Self>, head: &[u8]) -> bool {
        match (self, found) {
            (declared, Some(found)) if declared == found => true,
            // Of one family, and told apart only by the name.
            (Self::Mp4 | Self::Mov, Some(Self::Mp4 | Self::Mov)) => true,
            (Self::Rbxm | Self::Rbxmx, Some(Self::Rbxm | Self::Rbxmx)) => true,
            // No mark of their own: anything that isn't something else. QuickTime has more beginnings than are listed.
            (Self::Mov | Self::Mp3, None) => !is_text(head),
            // XML can begin with a mark, white space or a declaration.
            (Self::Rbxm, None) => is_xml(head),
            (Self::Tga | Self::Gltf | Self::Mesh | Self::Fbx | Self::Rbxmx, None) => true,
            _ => false,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        FORMATS.iter().find(|(_, format, _)| *format == self).map_or("application/octet-stream", |(.., text)| text)
    }

    /// The usual extension.
    pub(super) fn extension(self) -> &'static str {
        FORMATS.iter().find(|(_, format, _)| *format == self).map_or("", |(extension, ..)| extension)
    }

    /// The type of asset to make of it if nothing else is said. An image becomes an `Image`, whose id is the one that
    /// textures use.
    pub(super) fn usual_asset_type(self) -> AssetType {
        match self {
            Self::Png | Self::Jpeg | Self::Bmp | Self::Tga => AssetType::Image,
            Self::Mp3 | Self::Ogg | Self::Wav | Self::Flac => AssetType::Audio,
            Self::Fbx | Self::Gltf | Self::Glb | Self::Rbxm | Self::Rbxmx => AssetType::Model,
            Self::Mp4 | Self::Mov => AssetType::Video,
            Self::Mesh => AssetType::Mesh,
        }
    }

    /// Whether the service makes an asset of this type of it.
    pub(super) fn fits(self, asset_type: &AssetType) -> bool {
        match asset_type {
            AssetType::Decal => self.usual_asset_type() == AssetType::Image,
            AssetType::Animation => matches!(self, Self::Rbxm | Self::Rbxmx),
            AssetType::Unknown(_) => true,
            asset_type => self.usual_asset_type() == *asset_type,
        }
    }
}

/// Where the sound begins behind a tag that many programs write; its length is in four times seven bits.
fn behind_id3(head: &[u8]) -> usize {
    match head {
        [b'I', b'D', b'3', _, _, _, length @ ..] if length.len() >= 4 => {
            10 + length[..4].iter().fold(0, |length, byte| (length << 7) | usize::from(byte & 0x7f))
        }
        _ => 0,
    }
}

/// Eleven bits that are set, then a version, a layer and a bit rate that exist.
fn is_mp3_frame(head: &[u8]) -> bool {
    matches!(head, [0xff, second, third, ..]
        if second & 0xe0 == 0xe0 && second & 0x18 != 0x08 && second & 0x06 != 0 && third & 0xf0 != 0xf0)
}

/// Text that a server sends where a file was wanted.
pub(super) fn looks_like_a_web_page(format: Format, head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(&head[..head.len().min(256)]).trim_start().to_ascii_lowercase();
    let may_be_xml = matches!(format, Format::Rbxm | Format::Rbxmx);
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| text.starts_with(mark))
        || (!may_be_xml && ["<!--", "<?xml"].iter().any(|mark| text.starts_with(mark)))
}

fn is_xml(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(256)]);
    text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<')
}

/// What an MP3 can't begin with, having no mark that it must begin with.
fn is_text(head: &[u8]) -> bool {
    let begin = &head[..head.len().min(64)];
    begin.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// How much of a file is looked at. The size of a JPEG stands behind its previews and colour profiles.
pub(super) const HEAD: usize = 256 * 1024;

/// Width and height of an image, from its header.
pub(super) fn dimensions(format: Format, head: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let little = |at: usize| Some(i32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?).unsigned_abs());
    let short = |at: usize| Some(u32::from(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?)));
    match format {
        Format::Png => Some((big(16)?, big(20)?)),
        Format::Bmp => match little(14)? {
            // The oldest header has sizes of 16 bits.
            12 => Some((short(18)?, short(20)?)),
            _ => Some((little(18)?, little(22)?)),
        },
        Format::Tga => Some((short(12)?, short(14)?)),
        Format::Jpeg => jpeg_dimensions(head),
        _ => None,
    }
}

/// Goes from segment to segment up to the one that begins the frame.
fn jpeg_dimensions(head: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let (mark, kind) = (*head.get(at)?, *head.get(at + 1)?);
        if mark != 0xff {
            return None;
        }
        match kind {
            // Fill bytes, and marks without a body.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let side = |at: usize| Some(u32::from(u16::from_be_bytes(head.get(at..at + 2)?.try_into().ok()?)));
                return Some((side(at + 7)?, side(at + 5)?));
            }
            _ => at += 2 + usize::from(u16::from_be_bytes(head.get(at + 2..at + 4)?.try_into().ok()?)).max(2),
        }
    }
}
