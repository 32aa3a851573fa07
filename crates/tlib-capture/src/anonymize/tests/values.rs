//! What must hold of every value and every message.

use proptest::prelude::*;

use super::*;

#[test]
fn every_small_domain_is_permuted_without_fixed_points() {
    let mut cipher = Cipher::new(SECRET.clone());
    for length in 1..=4_u32 {
        let all = 10_usize.pow(length);
        let mut fakes = std::collections::HashSet::new();
        for value in 0..all {
            let text = format!("{value:0width$}", width = length as usize).into_bytes();
            let mut fake = text.clone();
            cipher.number(&mut fake);
            assert_ne!(fake, text);
            fakes.insert(fake);
        }
        assert_eq!(fakes.len(), all);
    }
    let fakes: std::collections::HashSet<_> = (1..224_u8)
        .filter(|octet| *octet != 127)
        .map(|octet| {
            let fake = cipher.ipv4([octet, 1, 20, 200].into());
            let length = |address: std::net::Ipv4Addr| address.octets().map(|octet| octet.to_string().len());
            assert_eq!(length(fake), length([octet, 1, 20, 200].into()));
            assert!(!fake.is_loopback() && !fake.is_multicast() && fake.octets()[0] != 0, "{fake}");
            fake
        })
        .collect();
    assert_eq!(fakes.len(), 222);
}

/// FF1 with AES-256 as the standard's samples have it, so that the library is what it says.
#[test]
fn ff1_is_the_standards() {
    use fpe::ff1::{FF1, FlexibleNumeralString};
    let key = [
        0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C, 0xEF,
        0x43, 0x59, 0xD8, 0xD5, 0x80, 0xAA, 0x4F, 0x7F, 0x03, 0x6D, 0x6F, 0x04, 0xFC, 0x6A, 0x94,
    ];
    let ff1 = FF1::<aes::Aes256>::new(&key, 10).unwrap();
    let plain = FlexibleNumeralString::from((0..10).collect::<Vec<u16>>());
    let fake: Vec<u16> = ff1.encrypt(&[], &plain).unwrap().into();
    assert_eq!(fake, [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
}

/// The fakes of a version are an interface: files of different days must fit each other.
#[test]
fn fakes_stay_what_they_are() {
    let number = with(&SECRET, b"4155550100", Cipher::number);
    let short = with(&SECRET, b"7001", Cipher::number);
    let name = with(&SECRET, b"Jsmith", Cipher::name);
    let texts = [number, short, name].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(texts, ["2465028119", "0494", "Mpmdvt"]);
}

#[test]
fn keys_are_checked_and_not_shown() {
    assert!(matches!(Secret::derive(b"short"), Err(KeyError::Short(5))));
    assert!(matches!(Secret::derive(&[b'x'; 5000]), Err(KeyError::Long(5000))));
    assert_eq!(format!("{:?}", *SECRET), "Secret");
}

#[test]
fn names_keep_their_looks() {
    for text in ["Müller-Łódź", "JSMITH", "o'Neil 3", "Иванов", "王小明", "한국", "Ελένη"]
    {
        let fake = String::from_utf8(with(&SECRET, text.as_bytes(), Cipher::name)).unwrap();
        assert_ne!(fake, text);
        assert_eq!(fake.len(), text.len());
        for (a, b) in text.chars().zip(fake.chars()) {
            assert_eq!((a.is_numeric(), a.len_utf8()), (b.is_numeric(), b.len_utf8()), "{text} {fake}");
            assert!(a.is_alphanumeric() || a == b, "{text} {fake}");
            assert!(!a.is_ascii() || a.is_uppercase() == b.is_uppercase(), "{text} {fake}");
        }
    }
}

fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![-20..20_i64, any::<i32>().prop_map(i64::from), any::<i64>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_keep_length_and_differences(a in "[0-9+() -]{1,24}", b in "[0-9+() -]{1,24}", n in integer(), m in integer()) {
        let digits = |text: &[u8]| text.iter().copied().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
        let (x, y) = (with(&SECRET, a.as_bytes(), Cipher::number), with(&SECRET, b.as_bytes(), Cipher::number));
        prop_assert_eq!(x.len(), a.len());
        prop_assert_eq!(digits(&x) == digits(&y), digits(a.as_bytes()) == digits(b.as_bytes()));
        prop_assert_eq!(&x, &with(&SECRET, a.as_bytes(), Cipher::number));
        if digits(a.as_bytes()).len() > 6 {
            prop_assert_ne!(&x, &with(&OTHER, a.as_bytes(), Cipher::number));
            prop_assert_ne!(x, a.as_bytes());
        }
        let mut cipher = Cipher::new(SECRET.clone());
        let (i, j) = (cipher.int(n), cipher.int(m));
        prop_assert_eq!(i.to_string().len(), n.to_string().len());
        prop_assert_eq!(i32::try_from(i).is_ok(), i32::try_from(n).is_ok());
        prop_assert_eq!(i == j, n == m);
    }

    #[test]
    fn names_of_any_bytes_keep_their_length(a in proptest::collection::vec(any::<u8>(), 1..24), b in "\\PC{1,12}") {
        for text in [a.as_slice(), b.as_bytes()] {
            let fake = with(&SECRET, text, Cipher::name);
            prop_assert_eq!(fake.len(), text.len());
            prop_assert_eq!(std::str::from_utf8(&fake).is_ok(), std::str::from_utf8(text).is_ok());
        }
    }

    #[test]
    fn any_bytes_are_a_log_of_the_same_length(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "(\tAttribute(ANI|UserData|X)\t|'|\"|[0-9]{7}|sip:|@|:|\\\\|\\{binary\\} |\\(list\\) |\n|\t|[a-z]{3}|::|/)*") {
        for log in [bytes.as_slice(), text.as_bytes()] {
            let (out, _) = anonymise(log, &SECRET, Rules::default());
            prop_assert_eq!(out.len(), log.len());
        }
    }

    #[test]
    fn any_message_keeps_its_length_and_log_and_frame_agree(message in tlib_testkit::strategy::message()) {
        let mut text = String::new();
        tlib_proto::text::print_message(&mut text, message.view(), &Default::default());
        let mut anonymizer = Anonymizer::new(SECRET.clone(), Rules::default());
        anonymizer.message(message.view(), &Limits::default()).unwrap();
        anonymizer.log(text.as_bytes(), std::io::sink()).unwrap();
        anonymizer.changing().unwrap();
        let fake = anonymizer.message(message.view(), &Limits::default()).unwrap();
        prop_assert_eq!(fake.frame().len(), message.frame().len());
        let mut log = Vec::new();
        anonymizer.log(text.as_bytes(), &mut log).unwrap();
        prop_assert_eq!(log.len(), text.len());
        let (read, complaints) = tlib_proto::text::parse_message(&log).unwrap();
        prop_assert!(complaints.is_empty(), "{:?}", complaints);
        prop_assert_eq!(&read, &fake, "{}", String::from_utf8_lossy(&log));
    }
}
