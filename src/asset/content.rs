//! Detects the format of a file by its name and its first bytes.

use super::model::AssetType;

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

/// Extension, format, content type. If a format has two extensions, the usual one comes first.
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
    /// Returns the format of an extension, which is case-insensitive.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (stem, extension) = name.rsplit_once('.')?;
        let known = FORMATS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(extension));
        known.filter(|_| !stem.is_empty()).map(|(_, format, _)| *format)
    }

    /// Returns the format of a content type, or else of a name. If a content type has two formats, the name decides.
    pub(super) fn of_file(name: &str, content_type: &str) -> Option<Self> {
        let by_name = Self::of_name(name).filter(|format| format.content_type() == content_type);
        by_name.or_else(|| Self::of_content_type(content_type))
    }

    fn of_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next()?.trim();
        FORMATS.iter().find(|(.., known)| known.eq_ignore_ascii_case(essence)).map(|(_, format, _)| *format)
    }

    /// Returns the format of content without a name, by its first bytes, or what it is instead.
    pub(super) fn of_head(head: &[u8]) -> Result<Self, Found> {
        match identify(head) {
            Found::Format(Self::Mesh) if !is_mesh(head) => Err(Found::Nothing),
            Found::Format(format) => Ok(format),
            // A cover picture. Sounds of the other formats have their tags elsewhere.
            Found::LongTag => Ok(Self::Mp3),
            found => {
                let by_words =
                    [Self::Gltf, Self::Rbxmx, Self::Fbx].into_iter().find(|format| format.allows(found, head));
                by_words.or(Some(Self::Tga).filter(|_| found == Found::Nothing && is_tga(head))).ok_or(found)
            }
        }
    }

    /// Whether a file of this format may begin like `found`.
    pub(super) fn allows(self, found: Found, head: &[u8]) -> bool {
        match (self, found) {
            (Self::Tga, _) if is_tga(head) => true,
            (Self::Mesh, Found::Format(Self::Mesh)) => is_mesh(head),
            (declared, Found::Format(found)) => declared == found || declared.is_kin_of(found),
            // The audio may begin after a tag that is longer than the inspected part.
            (Self::Flac, Found::LongTag) => true,
            (Self::Mp3, Found::LongTag) => true,
            // Formats without a signature, or with unknown ones: anything that isn't a text or another format.
            (Self::Mov | Self::Mp3 | Self::Tga, Found::Nothing) => !is_text(head),
            // Formats that are texts: those that have their words.
            (Self::Fbx, Found::Nothing) => has_word(head, "fbxheaderextension"),
            (Self::Gltf, Found::Nothing | Found::Other(Other::JSON)) => is_gltf(head),
            // XML can begin with a byte order mark, white space, a declaration or a comment.
            (Self::Rbxm | Self::Rbxmx, Found::Nothing | Found::Other(Other::XML)) => {
                is_xml(head) && has_word(head, "<roblox")
            }
            _ => false,
        }
    }

    /// Whether both have the same signature and differ only by name.
    fn is_kin_of(self, found: Self) -> bool {
        let family = |format| match format {
            Self::Mp4 | Self::Mov => 1,
            Self::Rbxm | Self::Rbxmx => 2,
            _ => 0,
        };
        family(self) != 0 && family(self) == family(found)
    }

    pub(super) fn content_type(self) -> &'static str {
        FORMATS.iter().find(|(_, format, _)| *format == self).map_or("application/octet-stream", |(.., text)| text)
    }

    /// Returns the usual extension.
    pub(super) fn extension(self) -> &'static str {
        FORMATS.iter().find(|(_, format, _)| *format == self).map_or("", |(extension, ..)| extension)
    }

    /// Returns the default asset type. An image becomes an `Image`, whose asset id textures use.
    pub(super) fn usual_asset_type(self) -> AssetType {
        match self {
            Self::Png | Self::Jpeg | Self::Bmp | Self::Tga => AssetType::Image,
            Self::Mp3 | Self::Ogg | Self::Wav | Self::Flac => AssetType::Audio,
            Self::Fbx | Self::Gltf | Self::Glb | Self::Rbxm | Self::Rbxmx => AssetType::Model,
            Self::Mp4 | Self::Mov => AssetType::Video,
            Self::Mesh => AssetType::Mesh,
        }
    }

    /// Whether the service accepts this format for an asset type.
    pub(super) fn fits(self, asset_type: &AssetType) -> bool {
        match asset_type {
            AssetType::Decal => self.usual_asset_type() == AssetType::Image,
            AssetType::Animation => matches!(self, Self::Rbxm | Self::Rbxmx),
            AssetType::Unknown(_) => true,
            asset_type => self.usual_asset_type() == *asset_type,
        }
    }
}

#[cfg(feature = "publish")]
impl AssetType {
    /// Returns the usual type for the extension of a file name.
    pub(crate) fn usual_for(name: &str) -> Option<Self> {
        Format::of_name(name.rsplit('/').next()?).map(Format::usual_asset_type)
    }
}

/// The result of inspecting the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A format that the service accepts.
    Format(Format),
    /// Another format.
    Other(Other),
    /// A tag that is longer than the inspected part, with some audio behind it.
    LongTag,
    /// Unknown.
    Nothing,
}

/// A format that the service doesn't accept: its name, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) name: &'static str,
    pub(super) advice: &'static str,
}

const CONVERT: &str = "convert it to a format that the service takes";
const UNPACK: &str = "upload what is in it";
const DOWNLOAD: &str = "a download may have gone wrong";

impl Other {
    const XML: Self = Self { name: "an XML document", advice: DOWNLOAD };
    const JSON: Self = Self { name: "a JSON document", advice: DOWNLOAD };
    const WEB_PAGE: Self = Self { name: "a web page", advice: DOWNLOAD };
    const LFS_POINTER: Self = Self { name: "a Git LFS pointer", advice: "run `git lfs pull`" };
    const SCRIPT: Self = Self { name: "a shell script", advice: DOWNLOAD };

    const fn to_convert(name: &'static str) -> Self {
        Self { name, advice: CONVERT }
    }
}

/// Formats that `infer` names by these extensions. Those that the service accepts aren't here.
const OTHERS: &[(&str, Other)] = &[
    ("gif", Other::to_convert("a GIF image")),
    ("webp", Other::to_convert("a WebP image")),
    ("tif", Other::to_convert("a TIFF image")),
    ("cr2", Other::to_convert("a raw photo")),
    ("jp2", Other::to_convert("a JPEG 2000 image")),
    ("jxr", Other::to_convert("a JPEG XR image")),
    ("jxl", Other::to_convert("a JPEG XL image")),
    ("psd", Other::to_convert("a Photoshop image")),
    ("ico", Other::to_convert("an icon file")),
    ("ora", Other::to_convert("an OpenRaster image")),
    ("djvu", Other::to_convert("a DjVu document")),
    ("dwg", Other::to_convert("an AutoCAD drawing")),
    ("mkv", Other::to_convert("a Matroska video")),
    ("webm", Other::to_convert("a WebM video")),
    ("avi", Other::to_convert("an AVI video")),
    ("wmv", Other::to_convert("a Windows Media file")),
    ("mpg", Other::to_convert("an MPEG video")),
    ("flv", Other::to_convert("a Flash video")),
    ("midi", Other::to_convert("a MIDI file")),
    ("amr", Other::to_convert("an AMR sound")),
    ("aac", Other::to_convert("an AAC sound")),
    ("aiff", Other::to_convert("an AIFF sound")),
    ("dsf", Other::to_convert("a DSD sound")),
    ("ape", Other::to_convert("a Monkey's Audio sound")),
    ("zip", Other { name: "a ZIP archive", advice: UNPACK }),
    ("epub", Other { name: "an EPUB book", advice: DOWNLOAD }),
    ("docx", Other { name: "an Office document", advice: DOWNLOAD }),
    ("xlsx", Other { name: "an Office document", advice: DOWNLOAD }),
    ("pptx", Other { name: "an Office document", advice: DOWNLOAD }),
    ("odt", Other { name: "an OpenDocument file", advice: DOWNLOAD }),
    ("ods", Other { name: "an OpenDocument file", advice: DOWNLOAD }),
    ("odp", Other { name: "an OpenDocument file", advice: DOWNLOAD }),
    ("tar", Other { name: "a tar archive", advice: UNPACK }),
    ("rar", Other { name: "a RAR archive", advice: UNPACK }),
    ("7z", Other { name: "a 7z archive", advice: UNPACK }),
    ("cab", Other { name: "a CAB archive", advice: UNPACK }),
    ("deb", Other { name: "a Debian package", advice: UNPACK }),
    ("ar", Other { name: "an ar archive", advice: UNPACK }),
    ("gz", Other { name: "a gzip file", advice: UNPACK }),
    ("bz2", Other { name: "a bzip2 file", advice: UNPACK }),
    ("xz", Other { name: "an xz file", advice: UNPACK }),
    ("zst", Other { name: "a Zstandard file", advice: UNPACK }),
    ("lz4", Other { name: "an LZ4 file", advice: UNPACK }),
    ("lz", Other { name: "an lzip file", advice: UNPACK }),
    ("pdf", Other { name: "a PDF document", advice: DOWNLOAD }),
    ("ps", Other { name: "a PostScript document", advice: DOWNLOAD }),
    ("rtf", Other { name: "an RTF document", advice: DOWNLOAD }),
    ("swf", Other { name: "a Flash film", advice: CONVERT }),
    ("sqlite", Other { name: "an SQLite database", advice: DOWNLOAD }),
    ("woff", Other { name: "a font", advice: DOWNLOAD }),
    ("woff2", Other { name: "a font", advice: DOWNLOAD }),
    ("ttf", Other { name: "a font", advice: DOWNLOAD }),
    ("otf", Other { name: "a font", advice: DOWNLOAD }),
    ("exe", Other { name: "a Windows executable", advice: DOWNLOAD }),
    ("dll", Other { name: "a Windows executable", advice: DOWNLOAD }),
    ("elf", Other { name: "an ELF executable", advice: DOWNLOAD }),
    ("mach", Other { name: "a Mach-O executable", advice: DOWNLOAD }),
    ("class", Other { name: "a Java class", advice: DOWNLOAD }),
    ("wasm", Other { name: "a WebAssembly module", advice: DOWNLOAD }),
    ("pem", Other { name: "a certificate or a key", advice: DOWNLOAD }),
];

/// Signatures that `infer` doesn't know, or only in longer files.
const MARKS: &[(&[u8], Found)] = &[
    (b"\x89PNG\r\n\x1a\n", Found::Format(Format::Png)),
    (b"Kaydara FBX Binary", Found::Format(Format::Fbx)),
    (b"glTF", Found::Format(Format::Glb)),
    (b"<roblox!", Found::Format(Format::Rbxm)),
    (b"<roblox", Found::Format(Format::Rbxmx)),
    (b"version https://git-lfs", Found::Other(Other::LFS_POINTER)),
    (b"version http://git-media", Found::Other(Other::LFS_POINTER)),
    (b"version https://hawser", Found::Other(Other::LFS_POINTER)),
    (b"version ", Found::Format(Format::Mesh)),
    (b"II*\0", Found::Other(Other::to_convert("a TIFF image"))),
    (b"MM\0*", Found::Other(Other::to_convert("a TIFF image"))),
    (b"II+\0", Found::Other(Other::to_convert("a TIFF image"))),
    (b"MM\0+", Found::Other(Other::to_convert("a TIFF image"))),
    (b"\x1a\x45\xdf\xa3", Found::Other(Other::to_convert("a Matroska or WebM video"))),
    (b"PK\x03\x04", Found::Other(Other { name: "a ZIP archive", advice: UNPACK })),
    (b"PK\x05\x06", Found::Other(Other { name: "a ZIP archive", advice: UNPACK })),
    (b"\xd0\xcf\x11\xe0", Found::Other(Other { name: "an old Office document or an installer", advice: DOWNLOAD })),
    (b"\x7fELF", Found::Other(Other { name: "an ELF executable", advice: DOWNLOAD })),
    (b"\x76\x2f\x31\x01", Found::Other(Other::to_convert("an OpenEXR image"))),
    (b"DDS ", Found::Other(Other::to_convert("a DDS texture"))),
    (b"\xabKTX ", Found::Other(Other::to_convert("a KTX texture"))),
    (b"BLENDER", Found::Other(Other::to_convert("a Blender file"))),
    (b"caff", Found::Other(Other::to_convert("a Core Audio file"))),
    (b"\x0b\x77", Found::Other(Other::to_convert("an AC-3 sound"))),
    (b"solid ", Found::Other(Other::to_convert("an STL model"))),
];

/// Brands of the MP4 container that hold something else.
const BRANDS: &[(&[u8], Other)] = &[
    (b"avif", Other::to_convert("an AVIF image")),
    (b"avis", Other::to_convert("an AVIF image")),
    (b"heic", Other::to_convert("a HEIC image")),
    (b"heix", Other::to_convert("a HEIC image")),
    (b"heim", Other::to_convert("a HEIC image")),
    (b"heis", Other::to_convert("a HEIC image")),
    (b"hevc", Other::to_convert("a HEIC image")),
    (b"hevx", Other::to_convert("a HEIC image")),
    (b"mif1", Other::to_convert("a HEIF image")),
    (b"mif2", Other::to_convert("a HEIF image")),
    (b"msf1", Other::to_convert("a HEIF image")),
    (b"jpeg", Other::to_convert("a HEIF image")),
    (b"jpgs", Other::to_convert("a HEIF image")),
    (b"jxl ", Other::to_convert("a JPEG XL image")),
    (b"crx ", Other::to_convert("a raw photo")),
    (b"M4A ", Other::to_convert("an M4A sound")),
    (b"M4B ", Other::to_convert("an M4B audio book")),
    (b"M4P ", Other::to_convert("an M4P sound")),
];

/// The boxes that an MP4 or QuickTime video can begin with, in any order.
const BOXES: &[(&[u8], Format)] = &[
    (b"moov", Format::Mov),
    (b"wide", Format::Mov),
    (b"pnot", Format::Mov),
    (b"ftyp", Format::Mp4),
    (b"styp", Format::Mp4),
    (b"sidx", Format::Mp4),
    (b"ssix", Format::Mp4),
    (b"moof", Format::Mp4),
    (b"mdat", Format::Mp4),
    (b"free", Format::Mp4),
    (b"skip", Format::Mp4),
    (b"uuid", Format::Mp4),
    (b"pdin", Format::Mp4),
    (b"emsg", Format::Mp4),
    (b"prft", Format::Mp4),
];

/// Detects the format of a file by its first bytes.
///
/// `infer` knows most formats. Custom rules come first where it knows none or is too lenient: models, videos with boxes in
/// another order, still images in the container of videos, and short files.
pub(super) fn identify(head: &[u8]) -> Found {
    if let Some((_, found)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return *found;
    }
    if let Some(found) = film(head).or_else(|| sound(head)).or_else(|| text(head)) {
        return found;
    }
    match infer::get(head).map(|kind| kind.extension()) {
        Some("jpg") => Found::Format(Format::Jpeg),
        Some("bmp") => Found::Format(Format::Bmp),
        Some("ogg" | "opus") => Found::Format(Format::Ogg),
        Some("flac") => Found::Format(Format::Flac),
        Some(known) => {
            OTHERS.iter().find(|(name, _)| *name == known).map_or(Found::Nothing, |(_, it)| Found::Other(*it))
        }
        None => Found::Nothing,
    }
}

fn film(head: &[u8]) -> Option<Found> {
    let kind = head.get(4..8)?;
    let (_, format) = BOXES.iter().find(|(name, _)| *name == kind)?;
    if kind != b"ftyp" {
        return Some(Found::Format(*format));
    }
    let length = usize::try_from(u32::from_be_bytes(head[..4].try_into().ok()?)).ok()?;
    let brands = head.get(8..head.len().min(length.max(12)))?;
    let is_brand = |brand: &[u8]| BRANDS.iter().find(|(name, _)| *name == brand).map(|(_, other)| *other);
    let major = brands.get(..4)?;
    if major == b"qt  " {
        return Some(Found::Format(Format::Mov));
    }
    let Some(mut other) = is_brand(major) else { return Some(Found::Format(Format::Mp4)) };
    if matches!(major, b"mif1" | b"mif2" | b"msf1") {
        // The generic container of still images; the brands after the version tell its content.
        let more = brands.get(8..).unwrap_or_default().chunks_exact(4).filter_map(is_brand);
        other = more.into_iter().find(|it| it.name != other.name).unwrap_or(other);
    }
    Some(Found::Other(other))
}

fn sound(head: &[u8]) -> Option<Found> {
    let is_wave = [b"RIFF", b"RIFX", b"RF64", b"BW64"].into_iter().any(|mark| head.starts_with(mark))
        && head.get(8..12) == Some(b"WAVE");
    if is_wave {
        return Some(Found::Format(Format::Wav));
    }
    if head.starts_with(b"ID3") {
        let behind = behind_id3(head);
        return Some(match head.get(behind..behind + 4) {
            Some(b"fLaC") => Found::Format(Format::Flac),
            Some(_) => Found::Format(Format::Mp3),
            None if head.len() < HEAD => Found::Format(Format::Mp3),
            None => Found::LongTag,
        });
    }
    is_mp3_frame(head).then_some(Found::Format(Format::Mp3))
}

/// Detects text in place of a file.
fn text(head: &[u8]) -> Option<Found> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(&head[..head.len().min(1024)]).trim_start().to_ascii_lowercase();
    let begins = |marks: &[&str]| marks.iter().any(|mark| text.starts_with(mark));
    if begins(&["<!doctype html", "<html", "<head", "<body"]) {
        Some(Found::Other(Other::WEB_PAGE))
    } else if text.contains("<roblox") && text.starts_with('<') {
        Some(Found::Format(Format::Rbxmx))
    } else if text.starts_with("; fbx") || (text.starts_with(';') && text.contains("fbxheaderextension")) {
        Some(Found::Format(Format::Fbx))
    } else if begins(&["<!--", "<?xml", "<svg"]) {
        Some(Found::Other(Other::XML))
    } else if begins(&["{\"", "{\r", "{\n", "{ ", "{\t", "{}"]) {
        Some(Found::Other(Other::JSON))
    } else if begins(&["#!/"]) {
        Some(Found::Other(Other::SCRIPT))
    } else {
        None
    }
}

/// Returns where the audio begins after an ID3 tag, whose length has four times seven bits.
fn behind_id3(head: &[u8]) -> usize {
    match head {
        [b'I', b'D', b'3', _, _, _, length @ ..] if length.len() >= 4 => {
            10 + length[..4].iter().fold(0, |length, byte| (length << 7) | usize::from(byte & 0x7f))
        }
        _ => 0,
    }
}

/// Eleven set bits, then a valid version, layer and bit rate.
fn is_mp3_frame(head: &[u8]) -> bool {
    matches!(head, [0xff, second, third, ..]
        if second & 0xe0 == 0xe0 && second & 0x18 != 0x08 && second & 0x06 != 0 && third & 0xf0 != 0xf0)
}

/// TGA has no signature, but few values for its type and depth.
fn is_tga(head: &[u8]) -> bool {
    match head {
        [_, has_map @ (0 | 1), kind, rest @ ..] if rest.len() >= 15 => {
            let needs_map = matches!(kind, 1 | 9 | 32 | 33);
            let has_sides = [9, 11].into_iter().all(|at| rest[at] != 0 || rest[at + 1] != 0);
            matches!(kind, 1..=3 | 9..=11 | 32 | 33)
                && needs_map <= (*has_map == 1)
                && matches!(rest[13], 8 | 15 | 16 | 24 | 32)
                && has_sides
        }
        _ => false,
    }
}

fn is_xml(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(256)]);
    text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<')
}

/// Whether there are no bytes that a text can't have, as in any encoding but UTF-16.
fn is_text(head: &[u8]) -> bool {
    let begin = &head[..head.len().min(512)];
    let is_utf16 = begin.starts_with(b"\xff\xfe") || begin.starts_with(b"\xfe\xff");
    is_utf16 || begin.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace() || *byte == 0x1b)
}

/// Whether a text has a word, given in small letters.
fn has_word(head: &[u8], word: &str) -> bool {
    head.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// `version 2.00`, as each version of the format begins.
fn is_mesh(head: &[u8]) -> bool {
    let version = head.strip_prefix(b"version ").unwrap_or_default();
    matches!(version, [one, b'.', two, three, ..] if [one, two, three].into_iter().all(u8::is_ascii_digit))
}

/// The keys of a glTF document. It must have `asset`.
const GLTF_KEYS: &[&str] = &[
    "accessors",
    "animations",
    "asset",
    "bufferViews",
    "buffers",
    "cameras",
    "extensions",
    "extensionsRequired",
    "extensionsUsed",
    "extras",
    "images",
    "materials",
    "meshes",
    "nodes",
    "samplers",
    "scene",
    "scenes",
    "skins",
    "textures",
];

/// Whether a JSON object begins with a key of glTF, and has the one that is required as far as it can be seen.
fn is_gltf(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let Some(inside) = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start) else { return false };
    let Some(key) = inside.strip_prefix(b"\"").and_then(|key| key.split(|byte| *byte == b'"').next()) else {
        return false;
    };
    GLTF_KEYS.iter().any(|known| known.as_bytes() == key) && (head.len() >= HEAD || has_word(head, "\"asset\""))
}

/// How much of a file is inspected. The dimensions of a JPEG come after its previews and color profiles.
pub(super) const HEAD: usize = 256 * 1024;

/// Returns the width and height of an image of this format, from its header.
///
/// `imagesize` reads them, except for a PNG that Xcode has optimized, a JPEG with fill bytes at its beginning, a BMP of the
/// oldest kind or with rows from top to bottom, and TGA, which it detects only by the end of the file.
pub(super) fn dimensions(format: Format, head: &[u8]) -> Option<(u32, u32)> {
    let short = |at: usize| Some(u32::from(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?)));
    match format {
        Format::Tga if is_tga(head) => Some((short(12)?, short(14)?)),
        Format::Bmp if head.get(14..18) == Some(&[12, 0, 0, 0]) => Some((short(18)?, short(20)?)),
        Format::Bmp => {
            sides(head).map(|(width, height)| (width, i32::from_le_bytes(height.to_le_bytes()).unsigned_abs()))
        }
        Format::Png if head.get(12..16)? != b"IHDR" => {
            let length = usize::try_from(u32::from_be_bytes(head[8..12].try_into().ok()?)).ok()?;
            let rest = head.get(length.checked_add(20)?..)?;
            if rest.get(4..8)? == b"IHDR" { sides(&[&head[..8], rest].concat()) } else { None }
        }
        Format::Jpeg => {
            let fill = head.iter().skip(2).take_while(|byte| **byte == 0xff).count();
            if fill > 1 { sides(&[&head[..2], &head[1 + fill..]].concat()) } else { sides(head) }
        }
        Format::Png => sides(head),
        _ => None,
    }
}

fn sides(head: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(head).ok()?;
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}
