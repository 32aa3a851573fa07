//! Forms that are easily overlooked, and input that means harm.

use super::*;

/// The fakes of lines, after a block that says that 7001 and 0100 are DNs and Anna is a name.
fn fakes(lines: &str) -> String {
    let known = "message EventRinging\n\tAttributeThisDN\t'7001'\n\tAttributeOtherDN\t'0100'\n\tAttributeUserID\t'Anna'\n";
    let (out, _) = anonymise(format!("{known}{lines}").as_bytes(), &SECRET, Rules::default());
    String::from_utf8(out).unwrap().split_off(known.len())
}

fn number(text: &str) -> String {
    String::from_utf8(with(&SECRET, text.as_bytes(), Cipher::number)).unwrap()
}

#[test]
fn integers_keep_sign_and_length_and_are_never_one() {
    let mut cipher = Cipher::new(SECRET.clone());
    let mut fakes = HashMap::new();
    let ends = [i32::MIN, i32::MIN + 1, i32::MAX].map(i64::from).into_iter().chain([i64::MIN, i64::MAX]);
    for value in (-1200..=1200_i64).chain(ends) {
        let fake = cipher.int(value);
        assert_eq!(
            (fake.to_string().len(), fake < 0),
            (value.to_string().len(), value < 0),
            "{value} {fake}"
        );
        assert_eq!(fakes.insert(fake, value), None, "{value}");
    }
}

#[test]
fn a_dn_that_ends_a_phone_number_does_not_hide_it() {
    let ani = number("415-555-0100");
    assert_eq!(fakes("\tcall 415-555-0100 from 0100\n"), format!("\tcall {ani} from {}\n", number("0100")));
}

#[test]
fn addresses_are_found_behind_colons_and_before_them() {
    for (line, kept) in [
        ("mac:00:1b:44:11:3a:b7", "1b:44"),
        ("addr:00:1b:44:11:3a:b7", "1b:44"),
        ("ip:2001:db8::17", "2001:db8"),
        ("addr:2001:db8::17", "2001:db8"),
        ("2001:db8::17: gone", "2001:db8"),
        ("ip:192.168.27.50: gone", "192.168"),
        ("mail anna@b\u{fc}ro.example", "ro.example"),
    ] {
        let fake = fakes(&format!("\tto {line}\n"));
        assert!(!fake.contains(kept), "{line}: {fake}");
    }
}

#[test]
fn long_numbers_in_groups_change_as_a_whole() {
    let card = "4111 1111 1111 1111";
    assert_eq!(fakes(&format!("\tcard {card} ok\n")), format!("\tcard {} ok\n", number(card)));
    // No date, although it begins as one.
    let phone = "4155-55-0100";
    assert_eq!(fakes(&format!("\tcall {phone}\n")), format!("\tcall {}\n", number(phone)));
    assert_eq!(fakes("\tsince 2012-09-28 00:34:20.757\n"), "\tsince 2012-09-28 00:34:20.757\n");
}

#[test]
fn lines_that_only_look_like_headings_are_searched() {
    for line in
        ["message 4155550100 for Anna", "message to Anna 4155550100", "request to call Anna at 4155550100"]
    {
        let fake = fakes(&format!("{line}\n"));
        assert!(!fake.contains("Anna") && !fake.contains("4155550100"), "{fake}");
    }
    for line in [
        "message EventRinging",
        "message EventRinging(refid=12345678)",
        "request to 65200(Anna) message RequestMakeCall",
    ] {
        assert_eq!(fakes(&format!("{line}\n")), format!("{line}\n"));
    }
}

#[test]
fn what_the_user_hides_is_hidden_whatever_its_type() {
    let mut rules = Rules::default();
    rules.hide_attribute("ReferenceID");
    let message =
        Message::build(MessageId::EVENT_RINGING, |m| m.unsigned(AttributeId::REFERENCE_ID, 4711)).unwrap();
    let mut anonymizer = Anonymizer::new(SECRET.clone(), rules.clone());
    anonymizer.changing().unwrap();
    let fake = anonymizer.message(message.view(), &Limits::default()).unwrap();
    let fake = fake.view().reference_id().unwrap().unwrap();
    assert_ne!(fake, 4711);
    let (log, _) = anonymise(b"message EventRinging\n\tAttributeReferenceID\t4711\n", &SECRET, rules);
    assert!(log.ends_with(format!("\t{fake}\n").as_bytes()), "{}", String::from_utf8_lossy(&log));
}

#[test]
fn lists_in_lists_in_one_line_are_no_deeper_than_the_stack() {
    let line = format!(
        "message EventRinging\n\tAttributeUserData\t[1] 00\n\t\t{}'Phone'\t'4155550100'\n",
        "'a'(list)".repeat(300_000)
    );
    let (out, _) = anonymise(line.as_bytes(), &SECRET, Rules::default());
    assert!(out.ends_with(format!("'Phone'\t'{}'\n", number("4155550100")).as_bytes()));
}
