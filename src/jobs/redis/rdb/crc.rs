//! CRC-64 as Redis and Valkey end their files: Jones's polynomial, reflected, from zero.

/// Jones's polynomial, reflected.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
/// How many bytes one round takes.
const ROUND: usize = 16;
/// `TABLES[n][b]`: what the byte `b` adds when `n` more bytes of its round follow it.
static TABLES: [[u64; 256]; ROUND] = tables();

/// A checksum that grows with the bytes it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Crc(u64);

impl Crc {
    /// Takes bytes, sixteen at a time: one look-up each, and none waits for the one before.
    pub fn update(&mut self, bytes: &[u8]) {
        let (rounds, rest) = bytes.as_chunks::<ROUND>();
        self.0 = rounds.iter().fold(self.0, |crc, round| {
            let mut mixed = u128::from_le_bytes(*round) ^ u128::from(crc);
            let mut sum = 0;
            for table in TABLES.iter().rev() {
                sum ^= table[(mixed & 0xff) as usize];
                mixed >>= 8;
            }
            sum
        });
        self.0 = rest.iter().fold(self.0, |crc, byte| crc >> 8 ^ TABLES[0][((crc ^ u64::from(*byte)) & 0xff) as usize]);
    }

    /// The checksum of everything so far.
    pub fn value(self) -> u64 {
        self.0
    }
}

#[expect(clippy::large_stack_arrays, reason = "it is worked out while this is compiled")]
const fn tables() -> [[u64; 256]; ROUND] {
    let mut tables = [[0; 256]; ROUND];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut n = 1;
    while n < ROUND {
        let mut byte = 0;
        while byte < 256 {
            let before: u64 = tables[n - 1][byte];
            tables[n][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        n += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc(bytes: &[u8]) -> u64 {
        let mut crc = Crc::default();
        crc.update(bytes);
        crc.value()
    }

    #[test]
    fn the_known_checksum_comes_out() {
        // The one by which CRC-64s are told apart, as in Redis's own self-test.
        assert_eq!(crc(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(crc(b""), 0);
    }

    #[test]
    fn it_is_the_same_however_the_bytes_are_cut() {
        let bytes: Vec<u8> = (0..1000u32).map(|n| (n * 7 % 251) as u8).collect();
        for cut in 0..bytes.len() {
            let mut parts = Crc::default();
            parts.update(&bytes[..cut]);
            parts.update(&bytes[cut..]);
            assert_eq!(parts.value(), crc(&bytes), "cut at {cut}");
        }
    }
}
