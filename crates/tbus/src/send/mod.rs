//! `tbus send`: one request, and what comes back.

mod data;
mod from_log;
mod json;

use std::time::Duration;

use clap::Args;
use tlib_net::client::{ClientOptions, ServerError};
use tlib_proto::{AttributeId, KvList, Message, MessageId, ValueRef};

use crate::args::{ServerArgs, duration};
use crate::client;
use crate::exit::{Exit, Failure, Outcome, say};
use crate::output::Out;
use crate::render::{Format, Renderer};

/// What `tbus send` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus send gms_ServiceName=inbound-delay n:=3 'more:={\"a\":\"b\"}'\n  \
    tbus send --json '[[\"key\", \"str\", \"value\"]]' --dn Callback_VQ --ani 777\n  \
    tbus send --json '{\"message\":\"RequestQueryServer\"}'\n  tbus send --from-log server.log\n\n\
    Exit codes: 0 EventACK (or another answer) came, 1 no answer in time, 2 EventError or bad input,\n\
    3 no connection.")]
pub(crate) struct SendArgs {
    /// User data: key=text, or key:=JSON for an int, a nested list (object, or array of [key, type, value])
    #[arg(value_name = "KEY=VALUE|KEY:=JSON", conflicts_with_all = ["json", "from_log"])]
    pairs: Vec<String>,
    /// User data as object or array of [key, type, value], or a whole message {"message":..,"attributes":..}
    #[arg(long, value_name = "FILE|-|JSON", conflicts_with = "from_log")]
    json: Option<String>,
    /// The first user event in T-Server log text; EventUserEvent becomes the request that causes it
    #[arg(long, value_name = "FILE|-")]
    from_log: Option<String>,
    /// CommunicationDN: whose clients get the event [default: REPORTING]
    #[arg(long)]
    dn: Option<String>,
    /// ThisDN
    #[arg(long, value_name = "DN")]
    this_dn: Option<String>,
    /// ANI
    #[arg(long)]
    ani: Option<String>,
    /// DNIS
    #[arg(long)]
    dnis: Option<String>,
    /// ReferenceID, which the answer carries; without it, the next free one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=4_294_967_294))]
    reference_id: Option<u32>,
    /// Name of this client in the server's log
    #[arg(long, value_name = "NAME", default_value = "tbus-send")]
    app: String,
    /// How long to wait for the answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Log)]
    format: Format,
    #[command(flatten)]
    server: ServerArgs,
}

/// Sends the request and prints its answer.
pub(crate) fn run(args: &SendArgs) -> Outcome {
    let request = request(args)?;
    let mut options = ClientOptions::new(&args.app);
    options.answer_timeout = args.timeout;
    let answer = client::runtime()?.block_on(async {
        let client = client::connect(&args.server.server, options).await?;
        client.request(request.clone()).await.map_err(client::failure)
    })?;
    let mut out = Out::new();
    out.text(Renderer::new(args.format).message(answer.view()))?;
    out.flush()?;
    if answer.id() != MessageId::EVENT_ERROR {
        return Ok(Exit::Done);
    }
    let error = ServerError::of(&answer);
    say(&format!("{}: {error}{}", request.id(), client::server_hint(&error)));
    Ok(Exit::Refused)
}

/// The request of the arguments.
fn request(args: &SendArgs) -> Result<Message, Failure> {
    let message = if let Some(source) = &args.from_log {
        from_log::read(source)?
    } else if let Some(source) = &args.json {
        match json::read(source)? {
            json::Document::Message(message) => message,
            json::Document::Data(data) => user_event(&data)?,
        }
    } else {
        user_event(&data::pairs(&args.pairs)?)?
    };
    with_options(&message, args)
}

/// A user event for REPORTING.
fn user_event(data: &KvList) -> Result<Message, Failure> {
    let data = data.view();
    Message::build(MessageId::REQUEST_DISTRIBUTE_USER_EVENT, |m| {
        m.str(AttributeId::COMMUNICATION_DN, "REPORTING")
            .optional(AttributeId::USER_DATA, (!data.is_empty()).then_some(ValueRef::List(data)))
    })
    .map_err(Failure::bad)
}

/// The message with the attributes that options name, in their old place where they were there before.
fn with_options(message: &Message, args: &SendArgs) -> Result<Message, Failure> {
    let text = |value: &Option<String>| value.clone();
    let texts = [
        (AttributeId::COMMUNICATION_DN, text(&args.dn)),
        (AttributeId::THIS_DN, text(&args.this_dn)),
        (AttributeId::ANI, text(&args.ani)),
        (AttributeId::DNIS, text(&args.dnis)),
    ];
    let mut values: Vec<(AttributeId, ValueRef<'_>)> =
        texts.iter().filter_map(|(id, text)| Some((*id, ValueRef::from(text.as_deref()?)))).collect();
    if let Some(reference) = args.reference_id {
        values.push((AttributeId::REFERENCE_ID, ValueRef::Int(reference.cast_signed())));
    }
    Message::build(message.id(), |m| {
        for attribute in message.view().attributes() {
            match values.iter().position(|(id, _)| *id == attribute.id) {
                Some(at) => {
                    let (id, value) = values.remove(at);
                    m.value(id, value)
                }
                None => m.attribute(attribute),
            };
        }
        for (id, value) in values {
            m.value(id, value);
        }
        m
    })
    .map_err(Failure::bad)
}
