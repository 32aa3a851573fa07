//! bincode 2 with its derived code and its standard (variable-length) integers.

use std::hint::black_box;

use bincode::config::standard;
use bincode::{borrow_decode_from_slice, decode_from_slice, encode_into_slice, encode_to_vec};

use crate::event::{Event, EventRef};
use crate::measure::Case;

pub(crate) const CODEC: &str = "bincode 2";

pub(crate) fn cases(event: &Event) -> Vec<Case> {
    let frame: &'static [u8] = encode_to_vec(event, standard()).expect("encodes").leak();
    let bytes = frame.len();
    let borrowed = move || borrow_decode_from_slice::<EventRef<'static>, _>(black_box(frame), standard());
    let owned = move || decode_from_slice::<Event, _>(black_box(frame), standard());
    assert_eq!(borrowed().expect("decodes").0.to_owned(), *event);
    assert_eq!(owned().expect("decodes").0, *event);
    let event = event.clone();
    let mut out = vec![0; 8192];
    vec![
        Case::new(CODEC, "borrowed", bytes, borrowed),
        Case::new(CODEC, "owned", bytes, owned),
        Case::new(CODEC, "encode", bytes, move || {
            let length = encode_into_slice(black_box(&event), &mut out, standard());
            black_box(&out);
            length
        }),
    ]
}
