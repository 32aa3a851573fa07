//! What was told becomes a world.

use tbus_core::{
    AgentConfig, ApplicationConfig, DnConfig, Options, SwitchConfig, TServerConfig, TenantConfig, World,
};

use super::super::keys::Key;
use super::super::names::{Names, most};
use super::{AGENTS, Inference, LISTS, USER_DATA};

impl Inference {
    /// What the traffic has shown.
    pub fn finish(mut self) -> Inferred {
        self.end_of_log();
        let mut remarks = self.remarks();
        let (tenant, other_tenants) = most(self.tenants);
        let (switch, _) = most(self.switches);
        let (server, other_servers) = most(self.servers);
        let nickname = most(self.nicknames).0;
        let version = most(self.versions).0;
        if other_tenants > 0 {
            remarks.push(format!("events of {} tenants; a world has one", other_tenants.saturating_add(1)));
        }
        if other_servers > 0 {
            remarks
                .push(format!("traffic of {} T-Servers; a world has one", other_servers.saturating_add(1)));
        }

        let defaults = World::default();
        let name = server.clone().or_else(|| nickname.clone());
        if let Some(name) = &name {
            self.applications.remove(name);
        }
        let create_unknown_dns = self.dns.beyond > 0 || self.dns.unusable > 0;
        let (mut dns, mut reasons, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (number, dn) in self.dns.into_rows() {
            let Some(clue) = dn.clue.filter(|_| dn.proven || !dn.refused) else {
                refused.push(number);
                continue;
            };
            let ty = clue.ty(&number);
            reasons.push((clue.reason(&number), dn.messages));
            dns.push(DnConfig { number, ty, dbid: dbid(101, dns.len()) });
        }
        // With some agents listed, those that are not listed could not log in.
        let all_agents = self.agents.beyond == 0 && self.agents.unusable == 0;
        let agents = self.agents.into_rows().into_iter().take(if all_agents { AGENTS } else { 0 });
        let agents = agents.zip(0_usize..).map(|((id, _), n)| AgentConfig {
            id,
            first_name: String::new(),
            last_name: String::new(),
            password: None,
            dbid: dbid(101, n),
        });
        let applications = self.applications.into_rows().into_iter().zip(0_usize..);
        let applications = applications.map(|((name, application), n)| ApplicationConfig {
            name,
            ty: application.ty,
            dbid: dbid(defaults.t_server.dbid.saturating_add(1), n),
        });
        let user_data_limit = self.user_data.clamp(defaults.t_server.options.user_data_limit, USER_DATA);
        let known = Known {
            tenant: tenant.is_some(),
            switch: switch.is_some(),
            server: server.is_some(),
            nickname: server.is_none() && nickname.is_some(),
            version: version.is_some(),
        };
        let world = World {
            tenant: TenantConfig { name: tenant.unwrap_or(defaults.tenant.name), dbid: defaults.tenant.dbid },
            switch: SwitchConfig {
                name: switch.unwrap_or(defaults.switch.name),
                dbid: defaults.switch.dbid,
                create_unknown_dns,
            },
            t_server: TServerConfig {
                name: name.unwrap_or(defaults.t_server.name),
                dbid: defaults.t_server.dbid,
                version: version.unwrap_or(defaults.t_server.version),
                options: Options { user_data_limit, ..Options::default() },
            },
            dns,
            agents: agents.collect(),
            applications: applications.collect(),
        };
        let keys = self.keys.map(Names::into_rows);
        Inferred { world, messages: self.messages, known, reasons, refused, keys, remarks }
    }

    /// What was left out.
    fn remarks(&self) -> Vec<String> {
        let keys = |count: fn(&Names<Key>) -> u64| {
            self.keys.iter().fold(0_u64, |sum, keys| sum.saturating_add(count(keys)))
        };
        let counts = [
            (self.damaged, "messages are damaged and left out"),
            (self.named_only, "requests are named by line 04543 only, what they said is not known"),
            (self.dns.beyond, "times a DN was named that is one too many; create-unknown-dns lets it in"),
            (
                self.dns.unusable,
                "times a DN was named that a world file cannot hold; create-unknown-dns lets it in",
            ),
            (
                self.agents.beyond,
                "times an agent was named that is one too many; any AgentID may log in instead",
            ),
            (
                self.agents.unusable,
                "times an AgentID was named that a world file cannot hold; any AgentID may log in instead",
            ),
            (self.applications.beyond, "times an application was named that is one too many"),
            (self.applications.unusable, "times an application was named that a world file cannot hold"),
            (keys(|keys| keys.beyond), "pairs have keys that are too many to be listed"),
            (
                keys(|keys| keys.unusable),
                "pairs have keys that are empty, over 255 bytes long, or no plain text",
            ),
        ];
        let told = counts.into_iter().filter(|(count, _)| *count > 0);
        told.map(|(count, what)| format!("{count} {what}")).collect()
    }
}

fn dbid(first: u32, n: usize) -> u32 {
    first.saturating_add(u32::try_from(n).unwrap_or(u32::MAX))
}

/// What the traffic has told, and what is as in the default world.
#[derive(Clone, Copy, Debug)]
pub(in crate::world) struct Known {
    pub(in crate::world) tenant: bool,
    pub(in crate::world) switch: bool,
    pub(in crate::world) server: bool,
    pub(in crate::world) nickname: bool,
    pub(in crate::world) version: bool,
}

/// A world, and how it is known.
#[derive(Clone, Debug)]
pub struct Inferred {
    pub(in crate::world) world: World,
    pub(in crate::world) messages: u64,
    pub(in crate::world) known: Known,
    /// For every DN: how its type is known, and how many messages named it.
    pub(in crate::world) reasons: Vec<(String, u64)>,
    /// DNs that the traffic's own server did not know.
    pub(in crate::world) refused: Vec<String>,
    pub(in crate::world) keys: [Vec<(String, Key)>; LISTS.len()],
    pub(in crate::world) remarks: Vec<String>,
}

impl Inferred {
    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// How many messages it was inferred from.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// What was left out, and what a person should look at; a sentence each.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }
}
