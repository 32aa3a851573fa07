//! What the fuzz targets of this crate run; the same functions replay the corpus as ordinary tests on the stable compiler.
//!
//! Each function returns normally on any input, or panics when it has found a bug.

use crate::adata::AttachedDataSpec;
use crate::options::Options;

/// Options of any bytes are read, the same ones each time, or refused with the name of the file in front.
pub fn recorder_options(data: &[u8]) {
    match Options::read("fuzz.ini", data) {
        Ok((options, notices)) => {
            let again = Options::read("fuzz.ini", data).ok();
            assert_eq!(again, Some((options, notices)), "the same options");
        }
        Err(error) => assert!(error.to_string().starts_with("fuzz.ini: "), "{error}"),
    }
}

/// A specification of any bytes is read, the same one each time, or refused with the name of the file in front.
pub fn attached_data_spec(data: &[u8]) {
    match AttachedDataSpec::read("fuzz.xml", data) {
        Ok((spec, _)) => {
            let again = AttachedDataSpec::read("fuzz.xml", data).ok().map(|(spec, _)| spec);
            assert_eq!(again, Some(spec), "the same specification");
        }
        Err(error) => assert!(error.to_string().starts_with("fuzz.xml: "), "{error}"),
    }
}
