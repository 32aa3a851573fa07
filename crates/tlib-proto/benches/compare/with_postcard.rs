//! postcard with serde's derived code.

use std::hint::black_box;

use postcard::{from_bytes, to_allocvec, to_slice};

use crate::event::{Event, EventRef};
use crate::measure::Case;

pub(crate) const CODEC: &str = "postcard";

pub(crate) fn cases(event: &Event) -> Vec<Case> {
    let frame: &'static [u8] = to_allocvec(event).expect("encodes").leak();
    let bytes = frame.len();
    let borrowed = move || from_bytes::<EventRef<'static>>(black_box(frame));
    let owned = move || from_bytes::<Event>(black_box(frame));
    assert_eq!(borrowed().expect("decodes").to_owned(), *event);
    assert_eq!(owned().expect("decodes"), *event);
    let event = event.clone();
    let mut out = vec![0; 8192];
    vec![
        Case::new(CODEC, "borrowed", bytes, borrowed),
        Case::new(CODEC, "owned", bytes, owned),
        Case::new(CODEC, "encode", bytes, move || {
            let length = to_slice(black_box(&event), &mut out).expect("fits").len();
            black_box(&out);
            length
        }),
    ]
}
