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
    let ends = [i32::MIN, i32::MIN + 1, i32::MAX];
    for value in (-1200..=1200).chain(ends) {
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

/// What `log` becomes, without the check's complaint.
fn shared(log: &str) -> String {
    let (out, mut anonymizer) = anonymise(log.as_bytes(), &SECRET, Rules::default());
    assert_eq!(out.len(), log.len());
    assert_eq!(check(&mut anonymizer, &out).left, [], "{log}");
    String::from_utf8(out).unwrap()
}

#[test]
fn the_print_of_the_platform_sdk_is_understood() {
    let log = "'EventRinging' ('60')\nmessage attributes:\n\tAttributeANI [str] = \"4155550100\"\n\tAttributeThisDN [str] = \"7001\"\n\tAttributeAgentID [str] = \"jdoe\"\n\tAttributeConnID [long] = 3155550109\n\tAttributeUserData [bstr] = KVList: \n\t\t'CustomerName' [str] = \"Anna Schmidt\"\n\t\t'Phone' [str] = \"+1 415 555 0100\"\n\t\t'SessionSeq' [int] = 3\n";
    let out = shared(log);
    for original in ["\"4155550100", "7001", "jdoe", "Anna", "Schmidt", "415 555 0100"] {
        assert!(!out.contains(original), "{original}\n{out}");
    }
    for kept in ["[long] = 3155550109\n", "[bstr] = KVList: \n", "'SessionSeq' [int] = 3\n"] {
        assert!(out.contains(kept), "{kept}\n{out}");
    }
}

#[test]
fn strings_that_are_printed_bare_are_replaced() {
    let out = shared(
        "\tAttributeANI\t4155550100\n\tAttributeAgentID\tjdoe\n\tAttributeReferenceID\t3155550109\n\tAttributeUserEvent\tEventUserEvent\n",
    );
    assert!(!out.contains("jdoe") && !out.contains("ANI\t4155550100"), "{out}");
    assert!(out.contains("ReferenceID\t3155550109\n\tAttributeUserEvent\tEventUserEvent\n"), "{out}");
}

#[test]
fn lines_that_only_begin_like_traffic_are_free_text() {
    let out = shared(
        "\t\t'CustomerName'\t'Anna'\nrequest to 4155550177 failed for Anna\nmessage Anna 4155550177\n\
         10:00:00.000 received from 4155550177 (x)Anna by phone\n",
    );
    assert!(!out.contains("Anna") && !out.contains("4155550177"), "{out}");
    let kept = "request to 65200(TServer7001001) message RequestX\n\
        received from 65200(SIP7001001)localhost:7007(fd=24) message EventX(refid=7001001)\nmessage EventX\n";
    assert_eq!(shared(kept), kept);
}

#[test]
fn the_peer_of_a_clients_line_keeps_its_servers_name() {
    let log = "10:00:00.000 Trc 04541 Message EventRinging received from 'SIP_Server@7001'\n\tAttributeThisDN\t'7001'\n";
    let out = shared(log);
    let dn = out.split('\'').nth(3).unwrap();
    assert_ne!(dn, "7001");
    assert!(out.contains(&format!("'SIP_Server@{dn}'")), "{out}");
    let kept = "10:00:00.000 Trc 04541 Message MSGCFG_X received from 12 (SCE 'default')\n";
    assert_eq!(shared(kept), kept);
}

#[test]
fn numbers_are_found_whole_whatever_stands_between() {
    let (log, all) = [
        ("089/5551000", "0895551000"),
        ("089 - 555 1000", "0895551000"),
        ("089 5551000", "0895551000"),
        ("+49 / 89 / 555-1000", "49895551000"),
        ("4111-1111-1111-1117", "4111111111111117"),
        ("3704 0044 0532 0130 00", "370400440532013000"),
    ]
    .map(|(text, digits)| (format!("say {text} now\n"), format!("\tAttributeANI\t'{digits}'\n")))
    .into_iter()
    .unzip::<_, _, Vec<_>, Vec<_>>();
    let out = shared(&[log.concat(), all.concat()].concat());
    let digits = |line: &str| line.chars().filter(char::is_ascii_digit).collect::<String>();
    let lines: Vec<_> = out.lines().map(digits).collect();
    assert_eq!(lines.get(..6), lines.get(6..), "{out}");
    let kept = "on 28.09.2012 10:15 or 09/28/2012 or 2012-09-28\n";
    assert_eq!(shared(kept), kept);
}

#[test]
fn escapes_of_json_are_the_letters_that_they_stand_for() {
    let log = "\t\t'LastName'\t'Müller'\n\t\t'j'\t'{\"firstName\":\"\\u0418\\u0432\\u0430\\u043d\",\"lastName\":\"M\\u00fcller\",\"userName\":\"CORP\\\\Meyer\",\"in\":\"{\\\"lastName\\\":\\\"M\\\\u00fcller\\\"}\"}'\n";
    let out = shared(log);
    let name = out.split('\'').nth(3).unwrap().to_owned();
    assert_ne!(name, "Müller");
    let json = out.lines().nth(1).unwrap().split_once("\t'{").unwrap().1;
    let json: serde_json::Value =
        serde_json::from_str(&format!("{{{}", json.strip_suffix('\'').unwrap())).unwrap();
    assert_eq!(json["lastName"], name.as_str(), "{out}");
    let inner: serde_json::Value = serde_json::from_str(json["in"].as_str().unwrap()).unwrap();
    assert_eq!(inner["lastName"], name.as_str(), "{out}");
    assert_ne!(json["firstName"], "Иван");
    assert!(json["firstName"].as_str().unwrap().chars().all(|c| ('А'..='я').contains(&c)), "{out}");
    let user = json["userName"].as_str().unwrap().split_once('\\').unwrap();
    assert!(user.0 != "CORP" && user.1 != "Meyer", "{out}");
}

#[test]
fn surnames_are_names_and_the_end_of_a_phone_key_is_enough() {
    let out = shared("\t\t'Surname'\t'Hansen'\n\t\t'work_phone'\t'55512'\n");
    assert!(!out.contains("Hansen") && !out.contains("55512"), "{out}");
}
