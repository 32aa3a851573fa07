//! The capture file of `tbus serve` and `tbus proxy`.

use std::path::Path;

use tlib_capture::packet::{CaptureHandle, CaptureSink};

use crate::exit::{Exit, Failure, say};

/// A capture that is being written.
pub(crate) struct Capture {
    handle: CaptureHandle,
}

impl Capture {
    /// Creates the file; one that is there is overwritten. When it cannot be written any more, stderr says so once.
    pub(crate) fn create(path: &Path) -> Result<(CaptureSink, Self), Failure> {
        let name = path.display().to_string();
        let told = name.clone();
        let on_error = move |error: &_| say(&format!("{told}: {error}; it ends here, the traffic goes on"));
        let application = format!("tbus {}", env!("CARGO_PKG_VERSION"));
        let (sink, handle) = CaptureSink::create(path, &application, on_error)
            .map_err(|error| Failure::system(anyhow::Error::new(error).context(name)))?;
        Ok((sink, Self { handle }))
    }

    /// Writes what is left and closes the file. What went wrong was said when it did.
    pub(crate) fn close(self) -> Exit {
        if self.handle.close().is_ok() { Exit::Done } else { Exit::System }
    }
}
