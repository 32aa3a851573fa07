//! `tbus send`: one request, and what comes back.

mod data;
pub(crate) mod from_log;
mod json;

use std::time::Duration;

use clap::Args;
use tlib_net::client::{ClientOptions, ServerError};
use tlib_proto::{AttributeId, ErrorCode, KvList, Message, MessageId, ValueRef};

use crate::args::{ServerArgs, dn, duration};
use crate::client;
use crate::exit::{Exit, Failure, Outcome, cut, say};
use crate::output::Out;
use crate::render::{Format, Renderer};

/// Who gets a user event that names nobody.
const DEFAULT_DN: &str = "REPORTING";

/// What `tbus send` is told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tbus send gms_ServiceName=inbound-delay n:=3 'more:={\"a\":\"b\"}'\n  \
    tbus send --json '[[\"key\", \"str\", \"value\"]]' --dn Callback_VQ --ani 777\n  \
    tbus send --json '{\"message\":\"RequestQueryServer\"}'\n  tbus send --from-log server.log\n  \
    tbus send --register 7001 --json '{\"message\":\"RequestMakeCall\",\n    \
    \"attributes\":[[\"ThisDN\",\"str\",\"7001\"],[\"OtherDN\",\"str\",\"7002\"]]}'\n\n\
    EventACK means that the server has taken the request, not that anybody has\n\
    received the event: when nobody is registered on the DN, the server's log says\n\
    `no distribution`.\n\n\
    Exit codes: 0 EventACK (or another answer) came, 1 no answer in time, 2 EventError or bad input,\n\
    3 no connection.")]
pub(crate) struct SendArgs {
    /// User data: key=text, or key:=JSON for an int, a nested list (object, or array of [key, type, value])
    #[arg(value_name = "KEY=VALUE|KEY:=JSON", conflicts_with_all = ["json", "from_log", "partial"])]
    pairs: Vec<String>,
    /// User data as object or array of [key, type, value], or a whole message {"message":..,"attributes":..}. An object
    /// with a text `message` always is a message
    #[arg(long, value_name = "FILE|-|JSON", conflicts_with_all = ["from_log", "partial"])]
    json: Option<String>,
    /// The first user event in T-Server log text; EventUserEvent becomes the request that causes it
    #[arg(long, value_name = "FILE|-")]
    from_log: Option<String>,
    /// With --from-log: leave out what cannot be read of the event, instead of not sending it
    #[arg(long, requires = "from_log")]
    partial: bool,
    /// Register on this DN first, as agent and call requests need it; may be repeated
    #[arg(long, value_name = "DN", value_parser = |text: &str| dn("--register", text))]
    register: Vec<String>,
    /// CommunicationDN: whose clients get the event; a user event without one goes to REPORTING
    #[arg(long, value_parser = |text: &str| dn("--dn", text))]
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
        for dn in &args.register {
            let answer = client.register(dn).await;
            answer.map_err(|error| client::registration_failure(error, "--register", dn))?;
        }
        client.request(request.clone()).await.map_err(client::failure)
    })?;
    let mut out = Out::new();
    out.text(Renderer::new(args.format).message(answer.view()))?;
    out.flush()?;
    if answer.id() != MessageId::EVENT_ERROR {
        return Ok(Exit::Done);
    }
    let error = ServerError::of(&answer);
    let text = |id| request.view().text(id).ok().flatten().map(String::from_utf8_lossy);
    let dns: Vec<_> =
        [AttributeId::COMMUNICATION_DN, AttributeId::THIS_DN].into_iter().filter_map(text).collect();
    let mut hint = client::server_hint(&error, &dns.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    if error.code == ErrorCode::NOT_REGISTERED && args.register.is_empty() {
        let dn = text(AttributeId::THIS_DN).map_or_else(|| "DN".to_owned(), |dn| cut(&dn));
        hint.insert_str(0, &format!("; --register {dn} registers first"));
    }
    say(&format!("{}: {error}{hint}", request.id()));
    Ok(Exit::Refused)
}

/// The request of the arguments.
fn request(args: &SendArgs) -> Result<Message, Failure> {
    let message = if let Some(source) = &args.from_log {
        from_log::read(source, args.partial)?
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
        m.str(AttributeId::COMMUNICATION_DN, DEFAULT_DN)
            .optional(AttributeId::USER_DATA, (!data.is_empty()).then_some(ValueRef::List(data)))
    })
    .map_err(Failure::bad)
}

/// The message with the attributes that options name, in their old place where they were there before.
fn with_options(message: &Message, args: &SendArgs) -> Result<Message, Failure> {
    let texts = [
        (AttributeId::COMMUNICATION_DN, &args.dn),
        (AttributeId::THIS_DN, &args.this_dn),
        (AttributeId::ANI, &args.ani),
        (AttributeId::DNIS, &args.dnis),
    ];
    let mut values: Vec<(AttributeId, ValueRef<'_>)> =
        texts.into_iter().filter_map(|(id, text)| Some((id, text.as_deref()?.into()))).collect();
    if let Some(reference) = args.reference_id {
        values.push((AttributeId::REFERENCE_ID, ValueRef::Int(reference.cast_signed())));
    }
    let view = message.view();
    let has = |id| view.find(id).is_some() || values.iter().any(|(other, _)| *other == id);
    let nobody = !has(AttributeId::COMMUNICATION_DN) && !has(AttributeId::THIS_DN);
    // A message that is written out in JSON is sent as it is, mistakes included.
    let to_default =
        args.from_log.is_some() && message.id() == MessageId::REQUEST_DISTRIBUTE_USER_EVENT && nobody;
    let to_default = to_default.then_some(ValueRef::from(DEFAULT_DN));
    Message::build(message.id(), |m| {
        m.optional(AttributeId::COMMUNICATION_DN, to_default);
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
