//! What must not be left, in forms that logs of production have.

use super::*;

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

#[test]
fn a_name_with_an_underscore_is_found_in_free_text() {
    let out = shared(
        "\t\t'AgentID'\t'agent_schmidt'\n10:00:00.000 Trc 1 agent_schmidt logged in\ngarbage \t\t'Ag'\t'agent_schmidt'\n",
    );
    assert!(!out.contains("schmidt"), "{out}");
    let fake = out.split('\'').nth(3).unwrap();
    assert_eq!(out.matches(fake).count(), 3, "{out}");
}

#[test]
fn times_in_damaged_lines_do_not_alarm_the_check() {
    let damaged = "\tAttributeTimeinSecs\t1773532778 (23:59:38)\n\t\t'gms_ServiceStartAt'\t'1773532778553'\ngarbage \tAttributeTimeinSecs\t1773532778 (23:59:38)\ngarbage '1773532778553'\n";
    shared(damaged);
    // A number far from them is still one.
    let log = "\tAttributeTimeinSecs\t1773532778 (23:59:38)\n\tAttributeANI\t'1953532778'\n";
    let (mut out, mut anonymizer) = anonymise(log.as_bytes(), &SECRET, Rules::default());
    out.extend_from_slice(b"\tAttributeReferenceID\t1953532778\n");
    assert_eq!(check(&mut anonymizer, &out).left.len(), 1);
}

#[test]
fn a_known_short_number_does_not_split_a_longer_one() {
    let log = "\tAttributeThisDN\t'7012'\n\tAttributeANI\t'4155557012'\n10:00:00.000 Trc 10001 415-555-7012 calls 7012\n";
    let out = shared(log);
    let values: Vec<_> = out.split('\'').collect();
    let (dn, ani) = (values[1], values[3]);
    let (area, rest) = ani.split_at(3);
    let (exchange, line) = rest.split_at(3);
    assert!(out.ends_with(&format!("Trc 10001 {area}-{exchange}-{line} calls {dn}\n")), "{out}");
}

#[test]
fn a_damaged_line_of_a_message_is_free_text() {
    let log = "00:00:01.000 Int 04543 Interaction mes192.168.27.50:2002 Trc 04541\n\
        00:00:01.000 Int 04543 Interaction message \"EventUse (415) 555-0100 2012-rEvent\" received from 65200 (\"SIP_\n\
        00:00:01.000 Int 04543 Interaction message to 4155550100 \"EventX\" received from 65200 (\"SIP_Server@7001\")\n\
        00:00:01.000 Trc 04541 Request 415-555-0100 received from [65200] (0000fe98 SIP_Server pbx7:2002)\n\
        00:00:01.000 Trc 04541 RequestUserEvent received from [65200] (00000098 SIP_Server pbx7:2002)\n";
    let out = shared(log);
    for original in ["192.168.27.50", "555-0100", "4155550100", "7001", "pbx7"] {
        assert!(log.contains(original) && !out.contains(original), "{original}: {out}");
    }
    for kept in
        ["received from [65200] (0000fe98 SIP_Server ", "[65200] (00000098 SIP_Server ", "(\"SIP_Server@"]
    {
        assert!(out.contains(kept), "{kept}: {out}");
    }
}
