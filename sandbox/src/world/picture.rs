//! Pictures of avatars: gray squares of the requested size, as PNG and JPEG.

/// Returns a PNG of one bit a pixel, without compression.
pub(crate) fn png(side: u32) -> Vec<u8> {
    let row = side.div_ceil(8) as usize + 1;
    let mut pixels = vec![0xff; row * side as usize];
    // The filter of each row.
    pixels.iter_mut().step_by(row).for_each(|filter| *filter = 0);
    let mut data = vec![0x78, 0x01];
    let mut blocks = pixels.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        data.push(u8::from(blocks.peek().is_none()));
        data.extend_from_slice(&length.to_le_bytes());
        data.extend_from_slice(&(!length).to_le_bytes());
        data.extend_from_slice(block);
    }
    data.extend_from_slice(&adler32(&pixels).to_be_bytes());

    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend_from_slice(&[1, 0, 0, 0, 0]);
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", data), (b"IEND", Vec::new())] {
        let checked = [kind.as_slice(), &content].concat();
        picture.extend_from_slice(&u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
        picture.extend_from_slice(&checked);
        picture.extend_from_slice(&crc32(&checked).to_be_bytes());
    }
    picture
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Returns a grayscale JPEG, in which all coefficients are zero.
pub(crate) fn jpeg(side: u32) -> Vec<u8> {
    let side_bytes = u16::try_from(side).unwrap_or(u16::MAX).to_be_bytes();
    let mut picture = vec![0xff, 0xd8];
    let mut segment = |marker: u8, content: &[u8]| {
        picture.extend_from_slice(&[0xff, marker]);
        picture.extend_from_slice(&u16::try_from(content.len() + 2).unwrap_or_default().to_be_bytes());
        picture.extend_from_slice(content);
    };
    segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    segment(0xdb, &[&[0_u8][..], &[1; 64]].concat());
    segment(0xc0, &[&[8][..], &side_bytes, &side_bytes, &[1, 1, 0x11, 0]].concat());
    // Two Huffman tables, each with one code of one bit: "no difference" and "end of block".
    for table in [0x00, 0x10] {
        segment(0xc4, &[&[table, 1][..], &[0; 15], &[0]].concat());
    }
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    // Two bits for each block, filled up with ones.
    let bits = side.div_ceil(8).pow(2) as usize * 2;
    picture.resize(picture.len() + bits / 8, 0);
    if bits % 8 != 0 {
        picture.push(0xff >> (bits % 8));
    }
    picture.extend_from_slice(&[0xff, 0xd9]);
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_requested_size() {
        for side in [48, 50, 420, 720] {
            for picture in [png(side), jpeg(side)] {
                let size = imagesize::blob_size(&picture).expect("it is a picture");
                assert_eq!((size.width, size.height), (side as usize, side as usize));
            }
        }
        assert_eq!((crc32(b"123456789"), adler32(b"Wikipedia")), (0xcbf4_3926, 0x11e6_0398));
    }
}
