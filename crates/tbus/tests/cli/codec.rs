//! decode, encode, kv pack, spec: files in, text out.

use std::fs;
use std::process::Stdio;

use crate::support::{end, evidence, run, run_with, tbus};

#[test]
fn kv_pack_prints_what_the_log_prints() {
    let samples = fs::read_to_string(evidence("kv_samples.jsonl")).unwrap();
    let field = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!("\"{name}\": ")).unwrap();
        rest.trim_start_matches('"').chars().take_while(|c| !"\",".contains(*c)).collect::<String>()
    };
    let printed = |line: &str| format!("[{}] {}", field(line, "printed_len"), field(line, "printed_prefix"));
    let expected: Vec<_> = samples.lines().map(printed).collect();
    assert_eq!(expected[0], "[347] 00 0c 00 00..");
    let ended = run(&["kv", "pack", &evidence("kv_samples.jsonl")]).with_code(0);
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), expected);

    let hex = run_with(&["kv", "pack", "--hex"], samples.lines().next().unwrap().as_bytes()).with_code(0);
    assert_eq!(hex.stdout.trim_end().len(), 2 * 347);
    let list = run_with(&["decode", "--list"], hex.stdout.as_bytes()).with_code(0);
    assert!(list.stdout.starts_with("[347] 00 0c 00 00..\n\t\t'gms_AgentAvailable'\t'1348817660755'\n"));
}

#[test]
fn packed_lists_go_back_in_a_row() {
    let hex = run(&["kv", "pack", "--hex", &evidence("kv_samples.jsonl")]).with_code(0).stdout;
    let heads = |text: &str| text.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect();
    let expected: Vec<String> = heads(&run(&["kv", "pack", &evidence("kv_samples.jsonl")]).stdout);
    let text = run_with(&["decode", "--list"], hex.as_bytes()).with_code(0).stdout;
    assert_eq!((heads(&text), expected.len()), (expected, 4), "{text}");
    let json = run_with(&["decode", "--list", "--format", "json"], hex.as_bytes()).with_code(0).stdout;
    let lines: String = json.lines().map(|line| format!("{{\"pairs\":{line}}}\n")).collect();
    assert_eq!(run_with(&["kv", "pack", "--hex"], lines.as_bytes()).with_code(0).stdout, hex);
    let ended = run(&["decode", "--list", "00 00 00 01"]).with_code(2);
    assert_eq!(ended.stdout, "[2] 00 00..\n", "what was good is there");
    assert!(ended.stderr.starts_with("tbus: arguments: packed list 2, which begins at byte 2"), "{ended:?}");
}

#[test]
fn empty_input_is_a_mistake() {
    for line in [&["kv", "pack"][..], &["decode"], &["encode"], &["decode", "--list"]] {
        for input in ["", "\n \n"] {
            let ended = run_with(line, input.as_bytes()).with_code(2);
            assert!(ended.stderr.starts_with("tbus: standard input: no "), "{ended:?}");
        }
    }
}

#[test]
fn several_files_are_decoded() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let one = path("one", "00000004 008a 0000");
    let two = path("two", "00000004 ff00 0000\n00000004 ff01 0000");
    let text = run(&["decode", &one, &two]).with_code(0).stdout;
    let expected = "message EventACK\n\n-- keep-alive ping\nmessage Message65280\n\n\
        -- keep-alive pong\nmessage Message65281\n\n";
    assert_eq!(text, expected);
    let again = run_with(&["encode"], text.as_bytes()).with_code(0).stdout;
    assert_eq!(again, "00000004008a0000\n00000004ff000000\n00000004ff010000\n");
    assert_eq!(run(&["decode", "--format", "json", &two]).with_code(0).stdout.lines().count(), 2);
    let ended = run(&["decode", &one, "nothing"]).with_code(2);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", "tbus: no such file: nothing\n"));
}

#[test]
fn json_of_any_shape_is_encoded() {
    let frame = "00000004008a0000\n";
    for (json, count) in [
        ("{\n  \"message\": \"EventACK\",\n  \"attributes\": []\n}\n", 1),
        ("\n[\n  {\"message\":\"EventACK\"},\n  {\"message\":\"EventACK\"}\n]\n", 2),
        ("{\"message\":\"EventACK\"} {\"message\":\"EventACK\"}\n[{\"message\":\"EventACK\"}]", 3),
    ] {
        let ended = run_with(&["encode"], json.as_bytes()).with_code(0);
        assert_eq!(ended.stdout, frame.repeat(count), "{json}");
    }
    let ended =
        run_with(&["encode"], b"\n[{\"message\":\"EventACK\"},\n {\"message\":\"EventAKC\"}]").with_code(2);
    assert_eq!(ended.stdout, frame, "what was good is there");
    let expected = "tbus: standard input: line 3, column 2: \"EventAKC\" is not the name of a message; did you mean EventACK";
    assert!(ended.stderr.starts_with(expected), "{ended:?}");
    assert!(run_with(&["encode"], b"[]").with_code(2).stderr.contains("no message found"));
    // Log text may begin with a bracket.
    assert_eq!(run_with(&["encode"], b"[508] x\nmessage EventACK\n").with_code(0).stdout, frame);
    let long = [b"{\"message\":\"".to_vec(), vec![b'a'; 64 << 20]].concat();
    let ended = run_with(&["encode"], &long).with_code(2);
    assert_eq!(ended.stderr, "tbus: standard input: line 1, column 1: a message is longer than 64 MiB\n");
}

#[test]
fn kv_pack_names_the_line_and_the_place() {
    let lines = "{\"pairs\": []}\n\n{\"pairs\": [[\"a\", \"str\", \"b\"], [\"n\", \"text\", 3]]}\n";
    let ended = run_with(&["kv", "pack"], lines.as_bytes()).with_code(2);
    assert_eq!(ended.stdout, "[2] 00 00..\n", "what was good is there");
    let expected = "tbus: standard input: line 3: pairs[1][1]: \"text\" is not a type; one of str int bin list unicode long\n";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn the_published_log_goes_to_bytes_and_back() {
    let hex = run(&["encode", &evidence("tserver_reporting.log")]).with_code(0);
    assert_eq!((hex.stdout.lines().count(), hex.stderr.as_str()), (2, ""));
    for format in ["log", "json"] {
        let text = run_with(&["decode", "--format", format], hex.stdout.as_bytes()).with_code(0);
        let again = run_with(&["encode"], text.stdout.as_bytes()).with_code(0);
        assert_eq!(again.stdout, hex.stdout, "{format}");
    }
    let text = run_with(&["decode"], hex.stdout.as_bytes()).stdout;
    let published = fs::read_to_string(evidence("tserver_reporting.log")).unwrap();
    // The time of day is that of this machine's zone; all other attribute lines are the published ones.
    let attributes = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with('\t') && !line.contains("TimeinSecs"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(attributes(&text), attributes(&published));
}

#[test]
fn raw_frames_in_a_file_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frames.bin");
    let file = fs::File::create(&path).unwrap();
    let mut command = tbus(["encode", "--out", "raw", &evidence("tserver_reporting.log")]);
    assert_eq!(end(command.stdout(file).spawn().unwrap()).code, Some(0));
    let path = path.to_str().unwrap();
    let from_file = run(&["decode", path]).with_code(0).stdout;
    assert_eq!(from_file.lines().filter(|line| line.starts_with("message ")).count(), 2);

    let bytes = fs::read(path).unwrap();
    let ended = run_with(&["decode"], &bytes[..bytes.len() - 1]).with_code(2);
    assert!(ended.stdout.starts_with("message EventACK\n") && !ended.stdout.contains("EventUserEvent"));
    let expected = "frame 2, which begins at byte 87 is cut: at least 1 byte missing";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

#[test]
fn damaged_frames_name_the_byte() {
    let ended = run(&["decode", "00 00 00 0d 00 8a 00 01 01 00 02 00 09 00 00 01 af"]).with_code(2);
    assert!(
        ended.stderr.contains("value of AttributeReferenceID at byte 13 needs 9 bytes, 4 are left"),
        "{}",
        ended.stderr
    );
    let ended = run(&["decode", "ff ff ff ff"]).with_code(2);
    assert!(ended.stderr.contains("is over the limit of 1048576"), "{}", ended.stderr);
    let ended = run_with(&["decode"], b"00 00\n0x0").with_code(2);
    assert_eq!(
        ended.stderr,
        "tbus: standard input: line 2: 1 hex digits, but a byte has two (byte 6 of the text)\n"
    );
    assert!(run(&["decode"]).with_code(2).stderr.contains("no bytes"));
}

#[test]
fn encode_says_what_it_leaves_out() {
    let log =
        "message EventACK\n\tAttributeReferenceID\t431\n\tAttributeNoSuchThing\t5\n\nmessage Nonsense\n";
    let ended = run_with(&["encode"], log.as_bytes()).with_code(2);
    assert_eq!(ended.stdout, "0000000d008a00010100020004000001af\n");
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert!(
        lines[0].starts_with("tbus: standard input: line 3: left out: AttributeNoSuchThing"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("tbus: standard input: line 5: left out: \"Nonsense\""), "{lines:?}");
    assert!(lines[2].contains("2 lines were left out"), "{lines:?}");
    let ended = run_with(&["encode"], b"message EventACK\n\tAttributeNoSuchThing\t5\n").with_code(2);
    assert!(ended.stderr.contains(": 1 line was left out, see above"), "{ended:?}");
    // As every reader of logs: blank lines before count, a block without its heading is named, CRLF and headings of clients are read.
    let log = "\n\n\tAttributeReferenceID\t1\n\n@00:34:20.7570 [0] 8.1 f: message EventACK\r\n\tAttributeReferenceID\t431\r\n\
        received from 65200(SIP_Server)host:1(fd=4) message EventACK(refid=431)\n\tAttributeReferenceID\t431\n";
    let ended = run_with(&["encode"], log.as_bytes()).with_code(2);
    assert_eq!(ended.stdout, "0000000d008a00010100020004000001af\n".repeat(2));
    assert!(ended.stderr.starts_with("tbus: standard input: line 3: left out: "), "{}", ended.stderr);
    assert!(ended.stderr.contains(": 1 line was left out, see above"), "{}", ended.stderr);
    let json =
        "{\"message\":\"EventACK\"}\n{\"message\":\"EventACK\",\"attributes\":[[\"ThisDN\",\"str\"]]}\n";
    let ended = run_with(&["encode"], json.as_bytes()).with_code(2);
    assert_eq!(
        ended.stderr,
        "tbus: standard input: line 2, column 1: attributes[0]: expected [name, type, value]\n"
    );
    assert!(
        run_with(&["encode"], b"nothing of the kind\n")
            .with_code(2)
            .stderr
            .contains("no `message <Name>` line")
    );
}

#[test]
fn spec_tells_ids_and_provenance() {
    let text = run(&["spec", "EventACK"]).with_code(0).stdout;
    assert!(
        text.starts_with("message 138  EventACK\n") && text.contains("a public SDK enumeration"),
        "{text}"
    );
    let text = run(&["spec", "59"]).with_code(0).stdout;
    for head in
        ["error 59  TERR_NOT_CONFIGURED\n", "message 59  EventAbandoned\n", "attribute 59  CommunicationDN\n"]
    {
        assert!(text.contains(head), "{text}");
    }
    let ended = run(&["spec", "EventAKC", "ThisDN"]).with_code(2);
    assert!(ended.stdout.starts_with("attribute 20  ThisDN\n"), "what is known is shown: {ended:?}");
    assert_eq!(ended.stderr, "tbus: \"EventAKC\" is not in the specification; did you mean EventACK?\n");
    let text = run(&["spec", "--unverified"]).with_code(0).stdout;
    assert!(text.contains("nesting-limit") && text.contains("chosen") && text.contains("unknown"), "{text}");
    assert_eq!(run(&["spec", "--list", "messages"]).with_code(0).stdout.lines().count(), 183);
    let json = run(&["spec", "--list", "attributes", "--format", "json"]).with_code(0).stdout;
    assert_eq!(json.lines().filter(|line| line.starts_with("{\"kind\":\"attribute\"")).count(), 149);
}

#[test]
fn a_reader_that_goes_is_no_error() {
    let log = evidence("tserver_reporting.log");
    let samples = evidence("kv_samples.jsonl");
    let lines: [&[&str]; 7] = [
        &["spec", "--unverified"],
        &["--help"],
        &["demo"],
        &["encode", &log],
        &["kv", "pack", &samples],
        &["decode", "0000000d008a00010100020004000001af"],
        &["serve", "--listen", "127.0.0.1:0"],
    ];
    for line in lines {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = end(tbus(line).stdout(Stdio::from(writer)).spawn().unwrap());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{line:?}");
    }
}

#[test]
fn what_is_no_file_is_said() {
    let ended = run(&["encode", "no/such/file"]).with_code(2);
    assert_eq!(ended.stderr, "tbus: no/such/file: no such file\n");
    for line in [&["kv", "pack"][..], &["decode"], &["encode"], &["send", "--json"], &["send", "--from-log"]]
    {
        // A directory opens, but cannot be read.
        let ended = run(&[line, &["."]].concat()).with_code(2);
        assert!(ended.stderr.starts_with("tbus: .: "), "{ended:?}");
    }
}

#[test]
fn what_has_no_end_has_a_bound() {
    let endless = vec![b'a'; (64 << 20) + 1];
    let ended = run_with(&["kv", "pack"], &endless).with_code(2);
    assert_eq!(ended.stderr, "tbus: standard input: line 1: is longer than 64 MiB\n");
    let ended = run_with(&["decode"], &endless).with_code(2);
    assert_eq!(ended.stderr, "tbus: standard input: is longer than 64 MiB\n");
}
