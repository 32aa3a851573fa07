//! `tbus encode`: log text or JSON to bytes.

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use tlib_proto::Message;

use crate::blocks::{Blocks, Item};
use crate::exit::{Exit, Failure, Outcome, counted, say};
use crate::hex;
use crate::input::Input;
use crate::output::Out;
use crate::render::Format;
use crate::stream;

/// What `tbus encode` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus encode server.log\n  \
    echo '{\"message\":\"EventACK\",\"attributes\":[[\"ReferenceID\",\"int\",431]]}' | tbus encode\n  \
    tbus decode capture.bin | tbus encode --out raw > copy.bin")]
pub(crate) struct EncodeArgs {
    /// A log with message blocks, or JSON: messages one after the other, or an array of them; - for standard input
    #[arg(value_name = "FILE|-")]
    input: Option<String>,
    /// What the input is; without it, the first character tells
    #[arg(long, value_enum)]
    from: Option<Format>,
    /// Hex, a frame a line, or the bytes as they are
    #[arg(long, value_enum, default_value_t = Form::Hex)]
    out: Form,
}

/// In which form frames are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    // Hex digits, one frame a line.
    Hex,
    // The bytes.
    Raw,
}

/// Writes the frame of every message of the input.
pub(crate) fn run(args: &EncodeArgs) -> Outcome {
    let mut input = Input::open(args.input.as_deref())?;
    let format = match (args.from, input.peek()?) {
        (Some(format), _) => format,
        (None, Some(b'{')) => Format::Json,
        (None, Some(b'[')) if input.is_array()? => Format::Json,
        (None, _) => Format::Log,
    };
    let mut frames = Frames { out: Out::new(), form: args.out, count: 0 };
    let name = input.name().to_owned();
    let result = match format {
        Format::Log => from_log(Blocks::new(input), &mut frames),
        Format::Json => stream::messages(input, |message| frames.put(message)).map(|()| 0),
    };
    frames.out.flush()?;
    let left_out = result?;
    if frames.count == 0 {
        let expected = match format {
            Format::Log => "no `message <Name>` line found",
            Format::Json => "no message found",
        };
        return Err(Failure::bad(anyhow!("{name}: {expected}")));
    }
    if left_out > 0 {
        let verb = if left_out == 1 { "was" } else { "were" };
        return Err(Failure::bad(anyhow!(
            "{name}: {} {verb} left out, see above; the rest is encoded",
            counted(left_out, "line")
        )));
    }
    Ok(Exit::Done)
}

struct Frames {
    out: Out,
    form: Form,
    count: usize,
}

impl Frames {
    fn put(&mut self, message: &Message) -> Result<(), Failure> {
        self.count += 1;
        match self.form {
            Form::Hex => self.out.line(hex::print(message.frame())),
            Form::Raw => self.out.bytes(message.frame()),
        }
    }
}

/// Encodes every block and gives the number of lines that were left out.
fn from_log(mut blocks: Blocks, frames: &mut Frames) -> Result<usize, Failure> {
    let mut left_out = 0;
    loop {
        let item = blocks.next()?;
        for complaint in blocks.complaints() {
            left_out += 1;
            say(&format!("{}: line {}: left out: {}", blocks.name(), complaint.line, complaint.reason));
        }
        match item {
            Some(Item::Message(message)) => frames.put(&message)?,
            Some(_) => {}
            None => return Ok(left_out),
        }
    }
}
