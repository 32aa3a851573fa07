//! What the tests of this crate share: a switch with clients, and what each of them sees.

use tlib_proto::wire::MessageWriter;
use tlib_proto::{
    AttributeId, ErrorCode, KvList, Limits, Message, MessageId, MessageRef, Timestamp, ValueRef,
};

use crate::{ClientId, Effects, Function, Step, Switch, World};

/// ReferenceID of every request that [`Bench::ask`] sends.
pub(crate) const REFERENCE: u32 = 77;

/// ThisDN of most requests.
pub(crate) const THIS: AttributeId = AttributeId::THIS_DN;

/// One message as one client gets it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) to: u32,
    pub(crate) function: Function,
    pub(crate) message: Message,
}

impl Seen {
    pub(crate) fn id(&self) -> MessageId {
        self.message.id()
    }

    pub(crate) fn view(&self) -> MessageRef<'_> {
        self.message.view()
    }

    pub(crate) fn reference(&self) -> Option<u32> {
        self.view().unsigned(AttributeId::REFERENCE_ID).unwrap()
    }

    pub(crate) fn text(&self, id: AttributeId) -> Option<String> {
        let bytes = self.view().text(id).unwrap();
        bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub(crate) fn int(&self, id: AttributeId) -> Option<i32> {
        self.view().int(id).unwrap()
    }

    pub(crate) fn list(&self, id: AttributeId) -> Option<KvList> {
        self.view().list(id).unwrap().map(|list| list.to_owned())
    }

    /// The names of all attributes after the four of the head, which it checks.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.view().attributes().map(|attribute| attribute.id.to_string()).collect();
        assert_eq!(names[..4], ["EventSequenceNumber", "CustomerID", "TimeinuSecs", "TimeinSecs"]);
        names[4..].join(" ")
    }

    /// `client EventName ThisDN`, with `*` where the ReferenceID is.
    pub(crate) fn brief(&self) -> String {
        let star = if self.reference().is_some() { "*" } else { "" };
        format!("{} {}{star} {}", self.to, self.id(), self.text(THIS).unwrap_or_default())
            .trim_end()
            .to_owned()
    }
}

/// A switch under test.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) switch: Switch,
    pub(crate) effects: Effects,
    pub(crate) notes: Vec<String>,
    now: u64,
}

/// A request from pairs of attribute and value.
pub(crate) fn message(id: MessageId, attributes: &[(AttributeId, ValueRef<'_>)]) -> Message {
    Message::build(id, |writer| {
        for (id, value) in attributes {
            writer.value(*id, *value);
        }
        writer
    })
    .unwrap()
}

impl Bench {
    /// The default world with that many open clients, `client0` and so on.
    pub(crate) fn new(clients: u32) -> Self {
        Self::with(World::default(), clients)
    }

    /// A world of one's own.
    pub(crate) fn of(world: &str, clients: u32) -> Self {
        Self::with(World::from_toml(world).unwrap(), clients)
    }

    fn with(world: World, clients: u32) -> Self {
        let (switch, effects) = (Switch::new(world), Effects::new());
        let mut bench = Self { switch, effects, notes: Vec::new(), now: 1_348_817_660 };
        for client in 0..clients {
            let name = format!("client{client}");
            let hello = message(
                MessageId::REQUEST_REGISTER_CLIENT,
                &[(AttributeId::APPLICATION_NAME, name.as_str().into())],
            );
            bench.switch.open(
                ClientId(client),
                Timestamp::new(bench.now, 0),
                hello.view(),
                &mut bench.effects,
            );
            assert_eq!(bench.seen().len(), 1);
        }
        bench
    }

    /// Everything that was delivered since the last call, copy by copy; notes are collected beside.
    pub(crate) fn seen(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        self.notes.clear();
        for step in self.effects.steps() {
            let delivery = match step {
                Step::Note(note) => {
                    self.notes.push(note.to_string());
                    continue;
                }
                Step::Deliver(delivery) => delivery,
            };
            assert!(!delivery.to.is_empty());
            let read = |frame: &crate::Frame| {
                let view = MessageRef::parse(self.effects.bytes(frame), &Limits::default()).unwrap();
                assert_eq!(view.id(), delivery.message);
                view.to_owned()
            };
            if let Some((client, _)) = &delivery.requester {
                assert!(delivery.to.contains(client));
            }
            for to in delivery.to {
                let own = delivery.requester.clone().filter(|(client, _)| client == to);
                let message = read(&own.map_or_else(|| delivery.frame.clone(), |(_, frame)| frame));
                all.push(Seen { to: to.0, function: delivery.function, message });
            }
        }
        self.effects.clear_steps();
        self.effects.answers.clear();
        self.effects.events.clear();
        all
    }

    pub(crate) fn send(&mut self, client: u32, request: &Message) -> Vec<Seen> {
        self.now += 1;
        let now = Timestamp::new(self.now, 757_000);
        self.switch.request(ClientId(client), now, request.view(), &mut self.effects);
        self.seen()
    }

    /// Sends a request with these attributes and [`REFERENCE`].
    pub(crate) fn ask(
        &mut self,
        client: u32,
        id: MessageId,
        attributes: &[(AttributeId, ValueRef<'_>)],
    ) -> Vec<Seen> {
        let request = Message::build(id, |writer: &mut MessageWriter<'_>| {
            writer.unsigned(AttributeId::REFERENCE_ID, REFERENCE);
            for (id, value) in attributes {
                writer.value(*id, *value);
            }
            writer
        });
        self.send(client, &request.unwrap())
    }

    /// [`Bench::ask`], in the short form of [`Seen::brief`].
    pub(crate) fn brief(
        &mut self,
        client: u32,
        id: MessageId,
        attributes: &[(AttributeId, ValueRef<'_>)],
    ) -> Vec<String> {
        self.ask(client, id, attributes).iter().map(Seen::brief).collect()
    }

    /// [`Bench::ask`] where the answer is EventError: its code and text.
    pub(crate) fn refused(
        &mut self,
        client: u32,
        id: MessageId,
        attributes: &[(AttributeId, ValueRef<'_>)],
    ) -> (ErrorCode, String) {
        let seen = self.ask(client, id, attributes);
        assert_eq!(seen.iter().map(Seen::id).collect::<Vec<_>>(), [MessageId::EVENT_ERROR], "{seen:?}");
        assert_eq!(
            (seen[0].to, seen[0].reference(), seen[0].function),
            (client, Some(REFERENCE), Function::SendToClient)
        );
        let code = seen[0].int(AttributeId::ERROR_CODE).unwrap().cast_unsigned();
        (ErrorCode(code), seen[0].text(AttributeId::ERROR_MESSAGE).unwrap())
    }

    /// Registers a client on DNs in ModeShare.
    pub(crate) fn register(&mut self, client: u32, dns: &[&str]) {
        for dn in dns {
            let seen = self.brief(client, MessageId::REQUEST_REGISTER_ADDRESS, &[(THIS, (*dn).into())]);
            assert_eq!(seen, [format!("{client} EventRegistered* {dn}")]);
        }
    }
}
