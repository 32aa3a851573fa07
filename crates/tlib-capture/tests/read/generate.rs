//! A log of any length as a T-Server writes it, made from a seed: the test and the bench read the same.

use std::fmt::Write;

const APPLICATIONS: [&str; 3] = ["OrchestrationServer", "Icon_Voice", "Universal_Routing_Server"];
const DNS: [&str; 5] = ["REPORTING", "7001", "7002", "Callback_VQ", "+14155550123"];

/// A generator of numbers that is good enough and always the same (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

/// What belongs together in the log.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// The message, for blocks.
    pub(crate) message: Option<&'static str>,
    /// Its lines.
    pub(crate) text: String,
}

/// Makes pieces without an end.
#[derive(Debug)]
pub(crate) struct Generator {
    random: Random,
    /// Milliseconds since 2012-09-27 00:00:00 local time.
    now: u64,
    sequence: u64,
    reference: u64,
    /// Whether some lines have ISO time stamps.
    mixed: bool,
}

impl Generator {
    /// A generator that begins ten seconds before midnight.
    pub(crate) fn new(seed: u64, mixed: bool) -> Self {
        Self { random: Random::new(seed), now: 86_390_000, sequence: 0xef8, reference: 431, mixed }
    }

    /// Appends the header of a segment.
    pub(crate) fn header(&mut self, pieces: &mut Vec<Piece>) {
        let (day, clock) = (27 + self.now / 86_400_000, clock(self.now));
        let text = format!(
            "Application name: SIP_Server\nApplication type: TServer (1)\nUTC time:         2012-09-{day}T{clock}\n\
            Local time:       2012-09-{day}T{clock}\nFile:             (1) SIP_Server.log\n\n"
        );
        pieces.push(Piece { message: None, text });
    }

    fn stamp(&mut self) -> String {
        let clock = clock(self.now);
        if self.mixed && self.random.below(4) == 0 {
            return format!("2012-09-{}T{clock}", 27 + self.now / 86_400_000);
        }
        clock
    }

    /// Appends two requests whose answers are interleaved, and what goes with them.
    pub(crate) fn exchange(&mut self, pieces: &mut Vec<Piece>) {
        let mut open = Vec::new();
        for _ in 0..2 {
            self.now += self.random.below(40);
            let client = self.random.below(3);
            let dn = self.random.below(5);
            self.reference += 1;
            let data = self.user_data();
            open.push((client, dn, self.reference, data));
        }
        for (client, dn, reference, data) in &open {
            let stamp = self.stamp();
            let label = label(*client);
            let name = "RequestDistributeUserEvent";
            let line = format!("{stamp} Trc 04541 {name} received from {label}\n");
            pieces.push(Piece { message: None, text: line });
            let mut block = format!("message {name}\n");
            let dn = DNS[*dn as usize];
            let _ = write!(
                block,
                "\tAttributeReferenceID\t{reference}\n\tAttributeCommunicationDN\t'{dn}'\n{data}"
            );
            pieces.push(Piece { message: Some(name), text: block });
            let application = APPLICATIONS[*client as usize];
            let line = format!(
                "{stamp} Int 04543 Interaction message \"{name}\" received from {client} (\"{application}\")\n"
            );
            pieces.push(Piece { message: None, text: line });
            if reference % 2 == 0 {
                let line = format!("-- Absent ThisDN, {dn} was used\n");
                pieces.push(Piece { message: None, text: line });
            }
        }
        for (client, dn, reference, data) in &open {
            self.event("EventACK", "send_to_client", DNS[*dn as usize], *reference, "", &[*client], pieces);
            self.now += self.random.below(2);
            let name = "EventUserEvent";
            self.event(
                name,
                "distribute_user_event",
                DNS[*dn as usize],
                *reference,
                data,
                &[0, 1, 2],
                pieces,
            );
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of an event")]
    fn event(
        &mut self,
        name: &'static str,
        function: &str,
        dn: &str,
        reference: u64,
        data: &str,
        receivers: &[u64],
        pieces: &mut Vec<Piece>,
    ) {
        let seconds = 1_348_704_000 + self.now / 1000;
        let clock = clock(self.now);
        let mut block = format!("@{clock}0 [0] 8.1.000.62 {function}: message {name}\n");
        let sequence = self.sequence;
        self.sequence += 1;
        let of = if data.is_empty() { "RequestDistributeUserEvent" } else { name };
        let _ = write!(
            block,
            "\tAttributeEventSequenceNumber\t{sequence:016x}\n\tAttributeCustomerID\t'Environment'\n\
            \tAttributeTimeinuSecs\t{}\n\tAttributeTimeinSecs\t{seconds} ({})\n\tAttributeUserEvent\t{of}\n{data}\
            \tAttributeANI\t'+14155550123'\n\tAttributeDNIS\t'333'\n\tAttributeReferenceID\t{reference}\n\
            \tAttributeThisDN\t'{dn}'\n",
            self.now % 1000 * 1000,
            &clock[..8],
        );
        pieces.push(Piece { message: Some(name), text: block });
        for client in receivers {
            let stamp = self.stamp();
            let text = format!("{stamp} Trc 04542 {name} sent to {}\n", label(*client));
            pieces.push(Piece { message: None, text });
        }
    }

    fn user_data(&mut self) -> String {
        let mut pairs = String::new();
        let count = 8 + self.random.below(6);
        for n in 0..count {
            let value = self.random.below(1 << 40);
            let _ = match self.random.below(40) {
                0 => writeln!(pairs, "\t\t'empty_{n}'(list) "),
                1 => writeln!(
                    pairs,
                    "\t\t'ORSI:Cluster1:{n}'(list) 'Session'\t'00PN8M303SBR7E9P04{value}'\n\t\t\t'Node'\t'272'\n\
                    \t\t\t'inner'(list) 'n'\t{n}\n\t\t\t'Url'\t'http://co67.step:7005/scxml'"
                ),
                2..6 => writeln!(pairs, "\t\t'gms_SessionEventSeq_{n}'\t{n}"),
                6..10 => writeln!(pairs, "\t\t'gms_UserId_{n}'\t''"),
                _ => writeln!(pairs, "\t\t'gms_AgentAvailable_{n}'\t'{value}_65UA6ISSJH76R'"),
            };
        }
        format!("\tAttributeUserData\t[{}] 00 {count:02x} 00 00..\n{pairs}", 20 * count)
    }
}

fn label(client: u64) -> String {
    let application = APPLICATIONS[client as usize];
    format!("[{}] ({:08x} {application} 192.168.27.50:{})", 508 + client, client + 3, 40_700 + client)
}

fn clock(millis: u64) -> String {
    let (second, milli) = (millis / 1000, millis % 1000);
    format!("{:02}:{:02}:{:02}.{milli:03}", second / 3600 % 24, second / 60 % 60, second % 60)
}
