//! The keyed permutations that everything goes through.
//!
//! Numerals of a radix are permuted by FF1 of NIST SP 800-38G with AES-256 where there are a million values or more, as
//! the standard asks. For fewer the whole permutation is a table, shuffled by a keyed stream with Sattolo's algorithm: one
//! cycle through all values, so that no value stays what it is.

use std::collections::HashMap;
use std::rc::Rc;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use fpe::ff1::{FF1, FlexibleNumeralString};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Secret;

/// FF1 is used from so many values on.
const FF1_FROM: u64 = 1_000_000;

/// What is longer is permuted in pieces of this many numerals, each with its place as part of the tweak: FF1's work grows
/// with the square of the length.
const PIECE: usize = 48;

/// Tables that are kept at once, in entries: 32 MiB.
const TABLE_ENTRIES: usize = 8 << 20;

/// Fakes of FF1 that are kept at once: most values come again and again, and FF1 takes microseconds (chosen). Ten megabytes or so.
const FAKES: usize = 1 << 16;

/// The permutations of one key.
pub(super) struct Cipher {
    secret: Secret,
    ff1: HashMap<u32, FF1<Aes256>>,
    tables: HashMap<(Vec<u8>, u32), Rc<[u32]>>,
    entries: usize,
    /// By domain, radix, piece and value.
    fakes: HashMap<(&'static str, u16, usize, Vec<u16>), Vec<u16>>,
}

impl Cipher {
    pub(super) fn new(secret: Secret) -> Self {
        Self { secret, ff1: HashMap::new(), tables: HashMap::new(), entries: 0, fakes: HashMap::new() }
    }

    /// Permutes numerals in place; all are below the radix, which is 2 to 65535. The permutation depends on the domain and
    /// on the number of numerals.
    pub(super) fn numerals(&mut self, domain: &'static str, radix: u16, numerals: &mut [u16]) {
        for (piece, numerals) in numerals.chunks_mut(PIECE).enumerate() {
            self.piece(domain, piece, radix, numerals);
        }
    }

    fn piece(&mut self, domain: &'static str, piece: usize, radix: u16, numerals: &mut [u16]) {
        let tweak = format!("{domain}/{radix}/{}/{piece}", numerals.len());
        let mut values = 1_u64;
        for _ in numerals.iter() {
            values = values.saturating_mul(u64::from(radix));
        }
        if values < FF1_FROM {
            let value =
                numerals.iter().fold(0, |value, numeral| value * u64::from(radix) + u64::from(*numeral));
            let count = u32::try_from(values).unwrap_or_default();
            let mut fake = self.small(tweak.as_bytes(), count, u32::try_from(value).unwrap_or_default());
            for numeral in numerals.iter_mut().rev() {
                *numeral = u16::try_from(fake % u32::from(radix)).unwrap_or_default();
                fake /= u32::from(radix);
            }
            return;
        }
        let known = (domain, radix, piece, numerals.to_vec());
        if let Some(fake) = self.fakes.get(&known) {
            numerals.copy_from_slice(fake);
            return;
        }
        let key = &self.secret.cipher;
        // The radix is in FF1's range, the key has AES-256's length and every numeral is below the radix.
        let ff1 = match self.ff1.entry(u32::from(radix)) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let Ok(ff1) = FF1::new(key, u32::from(radix)) else { return };
                entry.insert(ff1)
            }
        };
        let string = FlexibleNumeralString::from(numerals.to_vec());
        if let Ok(fake) = ff1.encrypt(tweak.as_bytes(), &string) {
            let fake = Vec::from(fake);
            numerals.copy_from_slice(&fake);
            if self.fakes.len() >= FAKES {
                self.fakes.clear();
            }
            self.fakes.insert(known, fake);
        }
    }

    /// The fake of a value below `count`, which is below a million; never the value itself, unless there is only one.
    pub(super) fn small(&mut self, domain: &[u8], count: u32, value: u32) -> u32 {
        let key = (domain.to_vec(), count);
        let table = match self.tables.get(&key) {
            Some(table) => Rc::clone(table),
            None => {
                let table = self.shuffled(domain, count);
                if self.entries.saturating_add(table.len()) > TABLE_ENTRIES {
                    self.tables.clear();
                    self.entries = 0;
                }
                self.entries += table.len();
                self.tables.insert(key, Rc::clone(&table));
                table
            }
        };
        table.get(value as usize).copied().unwrap_or(value)
    }

    fn shuffled(&self, domain: &[u8], count: u32) -> Rc<[u32]> {
        let mut stream = Stream::new(&self.secret.tables, domain, count);
        let mut table: Vec<u32> = (0..count).collect();
        for last in (1..count).rev() {
            table.swap(last as usize, stream.below(last) as usize);
        }
        table.into()
    }
}

/// Random numbers: AES-256 in counter mode under a key of the table's own.
struct Stream {
    cipher: Aes256,
    counter: u128,
    words: [u32; 4],
    left: usize,
}

impl Stream {
    fn new(key: &[u8; 32], domain: &[u8], count: u32) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&(*key).into_block());
        mac.update(&count.to_be_bytes());
        mac.update(domain);
        let key = mac.finalize().into_bytes();
        Self { cipher: Aes256::new(&key), counter: 0, words: [0; 4], left: 0 }
    }

    fn next(&mut self) -> u32 {
        if self.left == 0 {
            let mut block = self.counter.to_be_bytes().into();
            self.cipher.encrypt_block(&mut block);
            let (words, _) = block.as_slice().as_chunks::<4>();
            for (word, bytes) in self.words.iter_mut().zip(words) {
                *word = u32::from_be_bytes(*bytes);
            }
            self.counter += 1;
            self.left = self.words.len();
        }
        self.left -= 1;
        self.words.get(self.left).copied().unwrap_or_default()
    }

    /// Evenly distributed below `bound`, which is not 0.
    fn below(&mut self, bound: u32) -> u32 {
        let fair = u32::MAX - u32::MAX % bound;
        loop {
            let word = self.next();
            if word < fair {
                return word % bound;
            }
        }
    }
}

/// HMAC's own block form of a key.
trait IntoBlock {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>>;
}

impl IntoBlock for [u8; 32] {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>> {
        // A key shorter than the hash's block is followed by zeros: HMAC's definition.
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(self) {
            *to = from;
        }
        block
    }
}
