//! Which letters take each other's place: those of one alphabet, of one case, and of one length in UTF-8.

/// A letter as a numeral of its alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    /// Which alphabet.
    pub(super) alphabet: usize,
    /// Its place in it.
    pub(super) numeral: u16,
    /// Whether it is a capital of an alphabet that has both.
    pub(super) capital: bool,
}

/// Runs of small and, at the same distances, of capital letters. A run without capitals has them equal.
struct Alphabet {
    small: &'static [(char, char)],
    capital: &'static [(char, char)],
}

const ALPHABETS: [Alphabet; 12] = [
    Alphabet { small: &[('0', '9')], capital: &[] },
    Alphabet { small: &[('a', 'z')], capital: &[('A', 'Z')] },
    // Latin-1 without the two signs among its letters.
    Alphabet { small: &[('à', 'ö'), ('ø', 'þ')], capital: &[('À', 'Ö'), ('Ø', 'Þ')] },
    // Latin Extended-A, with sharp s and y diaeresis, which have no capital in Latin-1.
    Alphabet { small: &[('Ā', 'ſ'), ('ß', 'ß'), ('ÿ', 'ÿ')], capital: &[] },
    Alphabet { small: &[('α', 'ρ'), ('σ', 'ω')], capital: &[('Α', 'Ρ'), ('Σ', 'Ω')] },
    Alphabet { small: &[('а', 'я')], capital: &[('А', 'Я')] },
    Alphabet { small: &[('א', 'ת')], capital: &[] },
    Alphabet { small: &[('ء', 'غ'), ('ف', 'ي')], capital: &[] },
    Alphabet { small: &[('ぁ', 'ゖ'), ('ァ', 'ヺ')], capital: &[] },
    Alphabet { small: &[('一', '\u{9fff}')], capital: &[] },
    Alphabet { small: &[('가', '힣')], capital: &[] },
    // Thai consonants and vowels, Devanagari's consonants.
    Alphabet { small: &[('ก', 'ะ'), ('क', 'ह')], capital: &[] },
];

/// Number of alphabets.
pub(super) const COUNT: usize = ALPHABETS.len();

/// How many letters an alphabet has, each case counted once.
pub(super) fn size(alphabet: usize) -> u16 {
    ALPHABETS.get(alphabet).map_or(0, |alphabet| alphabet.small.iter().map(|run| length(*run)).sum())
}

fn length((first, last): (char, char)) -> u16 {
    u16::try_from(last as u32 - first as u32 + 1).unwrap_or_default()
}

/// The letter of a character; `None` for what stays: signs, blanks, and letters of other alphabets.
pub(super) fn letter(c: char) -> Option<Letter> {
    ALPHABETS.iter().enumerate().find_map(|(alphabet, entry)| {
        place(entry.small, c)
            .map(|numeral| Letter { alphabet, numeral, capital: false })
            .or_else(|| place(entry.capital, c).map(|numeral| Letter { alphabet, numeral, capital: true }))
    })
}

fn place(runs: &[(char, char)], c: char) -> Option<u16> {
    let mut before = 0;
    for run in runs {
        if (run.0..=run.1).contains(&c) {
            return u16::try_from(c as u32 - run.0 as u32).ok().map(|at| before + at);
        }
        before += length(*run);
    }
    None
}

/// The character of a letter.
pub(super) fn character(letter: Letter) -> Option<char> {
    let entry = ALPHABETS.get(letter.alphabet)?;
    let mut left = letter.numeral;
    for run in if letter.capital { entry.capital } else { entry.small } {
        let length = length(*run);
        if left < length {
            return char::from_u32(run.0 as u32 + u32::from(left));
        }
        left -= length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_one_place_and_its_alphabet_one_length() {
        for alphabet in 0..COUNT {
            let mut lengths = std::collections::BTreeSet::new();
            for capital in [false, true] {
                for numeral in 0..size(alphabet) {
                    let wanted = Letter { alphabet, numeral, capital };
                    let Some(c) = character(wanted) else {
                        assert!(capital, "{wanted:?}");
                        continue;
                    };
                    assert_eq!(letter(c), Some(wanted), "{c}");
                    lengths.insert(c.len_utf8());
                }
            }
            assert_eq!(lengths.len(), 1, "alphabet {alphabet}");
        }
        assert_eq!([letter('×'), letter('÷'), letter('ς'), letter('-')], [None; 4]);
    }
}
