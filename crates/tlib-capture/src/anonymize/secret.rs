//! From the key that a user gives to the keys that are worked with.

use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;

/// The salt. It is the same everywhere because the same key must give the same fakes in every file (chosen).
const SALT: &[u8] = b"tbus anonymize, version 1";

/// Memory in KiB, passes and lanes of Argon2id (chosen, after the recommendations for stored passwords).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Shortest key text, in bytes (chosen).
pub const SHORTEST_KEY: usize = 8;

/// Longest key text, in bytes (chosen).
pub const LONGEST_KEY: usize = 4096;

/// What a key text is stretched to. It is not shown, not even by `Debug`.
#[derive(Clone)]
pub struct Secret {
    pub(super) cipher: [u8; 32],
    pub(super) tables: [u8; 32],
}

/// Why a key text is none.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Too short to be a secret.
    #[error("the key has {0} bytes, at least {SHORTEST_KEY} are needed; a short key can be guessed")]
    Short(usize),
    /// Longer than any key text.
    #[error("the key has {0} bytes, at most {LONGEST_KEY} are taken; is it the right file?")]
    Long(usize),
    /// Argon2 has refused, for lack of memory.
    #[error("the key cannot be stretched: {0}")]
    Stretch(String),
}

impl Secret {
    /// Stretches a key text with Argon2id (19 MiB, 2 passes), so that guessing keys is slow. Takes some ten milliseconds.
    ///
    /// # Errors
    /// [`KeyError`] when the text is too short or too long.
    pub fn derive(text: &[u8]) -> Result<Self, KeyError> {
        match text.len() {
            length if length < SHORTEST_KEY => return Err(KeyError::Short(length)),
            length if length > LONGEST_KEY => return Err(KeyError::Long(length)),
            _ => {}
        }
        let failed = |error: argon2::Error| KeyError::Stretch(error.to_string());
        let params = Params::new(COST.0, COST.1, COST.2, Some(64)).map_err(failed)?;
        let mut both = [0; 64];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(text, SALT, &mut both)
            .map_err(failed)?;
        let mut secret = Self { cipher: [0; 32], tables: [0; 32] };
        let (cipher, tables) = both.split_at(32);
        secret.cipher.copy_from_slice(cipher);
        secret.tables.copy_from_slice(tables);
        Ok(secret)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
