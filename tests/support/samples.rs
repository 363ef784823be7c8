//! The first bytes of files in each format.

use rblxopencloud::AssetType;

/// The signature of the binary format, which is the smallest place.
pub const PLACE: &[u8] = b"<roblox!\x89\xff\r\n\x1a\n";

/// A PNG of this size.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(b"\x08\x06\0\0\0");
    bytes
}

/// A JPEG whose frame has this marker, after this many bytes of application segments.
pub fn jpeg_with(mark: u8, before: usize, width: u16, height: u16) -> Vec<u8> {
    let mut bytes = b"\xff\xd8".to_vec();
    let mut left = before;
    while left > 0 {
        let length = left.min(65_533);
        bytes.extend_from_slice(b"\xff\xe1");
        bytes.extend_from_slice(&u16::try_from(length + 2).expect("it is short").to_be_bytes());
        // Looks like a frame, but isn't one.
        bytes.extend(b"\xff\xc0\0\x11\x08\xff\xff\xff\xff".iter().cycle().take(length));
        left -= length;
    }
    bytes.extend_from_slice(&[0xff, mark, 0, 17, 8]);
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&width.to_be_bytes());
    bytes.extend_from_slice(b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01");
    bytes
}

pub fn jpeg(width: u16, height: u16) -> Vec<u8> {
    jpeg_with(0xc0, 14, width, height)
}

/// A BMP with the usual header.
pub fn bmp(width: i32, height: i32) -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bytes.extend_from_slice(&width.to_le_bytes());
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(b"\x01\0\x18\0");
    bytes
}

/// A BMP with the oldest header.
pub fn old_bmp(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0".to_vec();
    bytes.extend_from_slice(&width.to_le_bytes());
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(b"\x01\0\x18\0");
    bytes
}

pub fn tga(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = b"\0\0\x02\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend_from_slice(&width.to_le_bytes());
    bytes.extend_from_slice(&height.to_le_bytes());
    bytes.extend_from_slice(b"\x20\x28");
    bytes
}

pub fn mp4() -> Vec<u8> {
    b"\0\0\0\x18ftypisom\0\0\x02\0isommp42".to_vec()
}

/// A valid file for an extension.
pub struct Sample {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub asset_type: AssetType,
}

impl Sample {
    pub fn extension(&self) -> &'static str {
        self.name.rsplit('.').next().expect("it has one")
    }
}

/// One file of each format.
pub fn samples() -> Vec<Sample> {
    use AssetType::{Audio, Image, Mesh, Model, Video};
    let glb = b"glTF\x02\0\0\0\x14\0\0\0\0\0\0\0JSON".to_vec();
    let rbxm = b"<roblox!\x89\xff\x0d\x0a\x1a\x0a\0\0\x01\0\0\0\x01\0\0\0".to_vec();
    let rbxmx = b"<roblox xmlns:xmime=\"http://www.w3.org/2005/05/xmlmime\" version=\"4\"></roblox>".to_vec();
    let list: Vec<(&'static str, Vec<u8>, AssetType)> = vec![
        ("a.png", png(64, 64), Image),
        ("a.jpg", jpeg(64, 64), Image),
        ("progressive.jpeg", jpeg_with(0xc2, 40, 64, 64), Image),
        ("a.bmp", bmp(64, 64), Image),
        ("upside-down.bmp", bmp(64, -64), Image),
        ("old.bmp", old_bmp(64, 64), Image),
        ("a.tga", tga(64, 64), Image),
        ("tagged.mp3", b"ID3\x04\0\0\0\0\0\x02\0\0\xff\xfb\x90\x64\0\0".to_vec(), Audio),
        ("plain.mp3", b"\xff\xfb\x90\x64\0\0\0\0".to_vec(), Audio),
        ("low.mp3", b"\xff\xf3\x48\xc4\0\0\0\0".to_vec(), Audio),
        ("a.ogg", b"OggS\0\x02\0\0\0\0\0\0\0\0".to_vec(), Audio),
        ("a.wav", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0".to_vec(), Audio),
        ("a.flac", b"fLaC\0\0\0\x22\x10\0\x10\0".to_vec(), Audio),
        ("a.mp4", mp4(), Video),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ".to_vec(), Video),
        ("old.mov", b"\0\0\0\x08wide\0\0\0\x10mdat".to_vec(), Video),
        ("binary.fbx", b"Kaydara FBX Binary  \0\x1a\0\xe8\x1c\0\0".to_vec(), Model),
        ("ascii.fbx", b"; FBX 7.3.0 project file\n; ----\n\nFBXHeaderExtension:  {\n".to_vec(), Model),
        ("a.gltf", b"{\"asset\":{\"version\":\"2.0\"}}".to_vec(), Model),
        ("a.glb", glb, Model),
        ("a.rbxm", rbxm, Model),
        ("a.rbxmx", rbxmx, Model),
        ("a.mesh", b"version 2.00\n\x0c\0\x24\x0c".to_vec(), Mesh),
    ];
    list.into_iter().map(|(name, bytes, asset_type)| Sample { name, bytes, asset_type }).collect()
}
