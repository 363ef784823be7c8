//! Compressed responses: bombs, and broken ones.

use super::*;

fn crc(bytes: impl IntoIterator<Item = u8>) -> u32 {
    !bytes.into_iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

const HEAD: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";

/// Compresses without making it smaller.
fn stored(content: &[u8]) -> Vec<u8> {
    let mut packed = HEAD.to_vec();
    let blocks = content.chunks(0xffff).count().max(1);
    for number in 0..blocks {
        let block = content.chunks(0xffff).nth(number).unwrap_or_default();
        let length = u16::try_from(block.len()).expect("a block is short");
        packed.push(u8::from(number + 1 == blocks));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend_from_slice(block);
    }
    packed.extend(crc(content.iter().copied()).to_le_bytes());
    packed.extend((content.len() as u32).to_le_bytes());
    packed
}

/// Writes bits from the lowest on, as deflate does.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.used % 8 == 0 {
            self.bytes.push(0);
        }
        *self.bytes.last_mut().expect("there is one") |= u8::from(bit) << (self.used % 8);
        self.used += 1;
    }

    /// Writes a code from its highest bit on.
    fn code(&mut self, code: u32, length: u32) {
        (0..length).rev().for_each(|bit| self.push(code >> bit & 1 == 1));
    }
}

/// A compression bomb: 258 spaces in 13 bits. Also returns its length.
fn spaces(runs: usize) -> (Vec<u8>, usize) {
    let mut bits = Bits::default();
    // The last block, with the fixed codes.
    [true, true, false].into_iter().for_each(|bit| bits.push(bit));
    bits.code(0x30 + u32::from(b' '), 8);
    for _ in 0..runs {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    let length = 1 + 258 * runs;
    let mut packed = [HEAD, &bits.bytes].concat();
    packed.extend(crc(std::iter::repeat_n(b' ', length)).to_le_bytes());
    packed.extend((length as u32).to_le_bytes());
    (packed, length)
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

const PROFILE: &[u8] = br#"{"id":"156","name":"builderman"}"#;

#[test]
fn compressed_responses_are_read() {
    let server = Wire::says(gzipped(&stored(PROFILE)));
    assert_eq!(server.user().fetch_info().expect("it is good").username, "builderman");
    // A small bomb is only a meaningless response.
    let (packed, length) = spaces(100);
    assert!(packed.len() < length / 50);
    let server = Wire::says(gzipped(&packed));
    fails(server.user().fetch_info(), ErrorKind::InvalidResponse);
}

#[test]
fn compression_bombs_are_not_decompressed_to_their_end() {
    let (packed, length) = spaces(40_000);
    assert!(packed.len() < MIB / 8 && length > 9 * MIB);
    for answer in [gzipped(&packed), gzipped(&stored(&vec![b' '; 9 * MIB]))] {
        let server = Wire::says(answer);
        all_kinds_end_in(&server, ErrorKind::InvalidResponse, "a bomb");
        let error = fails(server.user().fetch_info(), ErrorKind::InvalidResponse);
        assert!(error.to_string().contains("larger"), "{error}");
    }
}

#[test]
fn compression_bombs_in_refusals_are_refusals() {
    let (packed, _) = spaces(40_000);
    let head = format!("HTTP/1.1 404 Not Found\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let server = Wire::says([head.as_bytes(), &packed].concat());
    all_kinds_end_in(&server, ErrorKind::NotFound, "a bomb");
}

#[test]
fn broken_compressed_responses_are_errors() {
    type Break = fn(Vec<u8>) -> Vec<u8>;
    let breaks: [(&str, Break); 6] = [
        ("cut in the content", |whole| whole[..whole.len() - 9].to_vec()),
        ("a wrong sum", |mut whole| {
            let sum_at = whole.len() - 8;
            whole[sum_at] ^= 1;
            whole
        }),
        ("a wrong kind of block", |mut whole| {
            whole[HEAD.len()] = 7;
            whole
        }),
        ("no gzip", |_| PROFILE.to_vec()),
        ("only a head", |_| HEAD.to_vec()),
        ("nothing", |_| Vec::new()),
    ];
    for (what, broken) in breaks {
        everything_fails(what, |call| {
            let body = broken(stored((call.answer)().to_string().as_bytes()));
            // Nothing needs no compression.
            let is_success = body.is_empty() && call.returns == Returns::Nothing;
            (!is_success).then(|| Reply::Raw(gzipped(&body)))
        });
    }
}

#[test]
fn truncated_compressed_responses_are_retried() {
    let whole = stored(PROFILE);
    let cut = gzipped(&whole)[..60 + whole.len()].to_vec();
    let server = Server::script([Reply::Raw(cut), Reply::Raw(gzipped(&whole))]);
    let _ = server.user().fetch_info().expect("the second answer is whole");
    assert_eq!(server.count(), 2);
}
