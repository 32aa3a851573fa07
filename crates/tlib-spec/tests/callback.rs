//! The keys of callback user events pass their checks, and each kind of contradiction is refused.

use std::path::Path;

use tlib_spec::Callback;
use tlib_spec::callback::KeyKind;
use tlib_spec::render::callback_outputs;

fn callback() -> Callback {
    Callback::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol-spec")).unwrap()
}

/// Breaks the keys and gives the complaint.
fn complaint(break_it: impl FnOnce(&mut Callback)) -> String {
    let mut callback = callback();
    break_it(&mut callback);
    callback.check().unwrap_err().to_string()
}

fn names(callback: &Callback, which: impl Fn(&tlib_spec::callback::Key) -> bool) -> Vec<&str> {
    callback.key.iter().filter(|key| which(key)).map(|key| key.name.as_str()).collect()
}

#[test]
fn the_marked_keys_are_the_published_ones() {
    let callback = callback();
    let mandatory = [
        "_CB_SERVICE_ID",
        "_CB_D_CALLBACK_OFFER",
        "_CB_T_CALLBACK_OFFERED",
        "_CB_N_CALLBACK_OFFERED",
        "_CB_T_SERVICE_START",
    ];
    assert_eq!(names(&callback, |key| key.mandatory), mandatory);
    let twice =
        ["_CB_SERVICE_ID", "_CB_T_CALLBACK_ACCEPTED", "_CB_T_CUSTOMER_CONNECTED", "_CB_T_SERVICE_START"];
    assert_eq!(names(&callback, |key| key.sent_twice), twice);
    assert_eq!(names(&callback, |key| !key.name.starts_with("_CB_")), ["VQ_CFG_TYPE_ID", "VQ_CFG_TYPE"]);
}

#[test]
fn the_prefix_of_a_key_says_its_kind() {
    for key in callback().keys() {
        let kinds: &[KeyKind] = match key.name.get(..6) {
            Some("_CB_T_") => &[KeyKind::Time],
            Some("_CB_D_") => &[KeyKind::Seconds],
            Some("_CB_N_") => &[KeyKind::Flag, KeyKind::Count],
            _ => continue,
        };
        assert!(kinds.contains(&key.kind), "{}: {:?}", key.name, key.kind);
    }
}

#[test]
fn chosen_keys_stand_behind_the_published_ones() {
    let callback = callback();
    let chosen: Vec<&str> = callback.keys().skip(callback.key.len()).map(|key| key.name.as_str()).collect();
    let want = ["_CB_T_DESIRED_TIME", "_CB_T_PUSH_DELIVERY_CONFIRMED", "_CB_T_CUSTOMER_READY_TO_START_IXN"];
    assert_eq!(chosen, want);
    let text = &callback_outputs(&callback)[0].1;
    assert!(text.contains("pub const PUBLISHED: usize = 64;\n"), "{text}");
}

#[test]
fn contradictions_are_refused() {
    let taken = "is taken by an earlier row: rename one";
    assert!(complaint(|c| c.key[1].name = c.key[0].name.clone()).contains(taken));
    assert!(complaint(|c| c.key[1].aliases = vec![c.key[0].name.clone()]).contains(taken));
    assert!(complaint(|c| c.domain[1].name = c.domain[0].name.clone()).contains(taken));
    assert!(complaint(|c| c.domain[0].values[1] = c.domain[0].values[0].clone()).contains(taken));
    let text = complaint(|c| drop(c.key.pop()));
    assert!(text.starts_with("callback.toml: keys: 63 rows, 64 keys are published"), "{text}");
    assert!(complaint(|c| c.key[0].domain = Some("CHANNEL".into())).contains("write both or none"));
    assert!(complaint(|c| c.key[0].targets.clear()).contains("say where the transform puts it"));
    assert!(complaint(|c| c.key[0].provenance.clear()).contains("say how it is known"));
    assert!(complaint(|c| c.key[0].kind_provenance.clear()).contains("say how it is known"));
    assert!(complaint(|c| c.key[0].name = "_cb_x".into()).contains("becomes a constant"));
    assert!(complaint(|c| c.chosen[0].name = c.key[0].name.clone()).contains(taken));
    assert!(
        complaint(|c| c.chosen[0].provenance = c.key[0].provenance.clone()).contains("among the chosen keys")
    );
    assert!(complaint(|c| c.chosen[0].mandatory = true).contains("cannot be mandatory"));
    let lost = complaint(|c| c.domain.retain(|domain| domain.name != "CHANNEL"));
    assert!(lost.contains("its domain \"CHANNEL\" does not exist"), "{lost}");
}

#[test]
fn senders_and_readers_get_the_same() {
    let files = callback_outputs(&callback());
    assert_eq!(files.len(), 2);
    assert_eq!(files[0].1, files[1].1);
    assert!(files[0].1.contains("pub const CB_SERVICE_ID: &str = \"_CB_SERVICE_ID\";\n"));
}
