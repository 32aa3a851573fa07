//! What a newcomer sees first: at most twelve lines, the last one says that requests are taken.

use tbus_apps::callback::{DEFAULT_SERVICE, Notice, Options, ServiceOptions, TServer};

use crate::args::DEFAULT_ADDRESS;
use crate::invocation;

/// What the command line has told.
pub(super) struct Told<'a> {
    pub(super) t_servers: &'a [TServer],
    pub(super) application: &'a str,
    pub(super) seed: Option<u64>,
    /// Its name, and the first numbers of its callbacks.
    pub(super) scenario: Option<(&'a str, &'a [String])>,
    pub(super) speed: u32,
}

/// The lines that are known before the service runs; a service to try, and how to see what it sends.
pub(super) struct Head {
    lines: Vec<String>,
    service: String,
    watch: String,
}

pub(super) fn head(told: &Told<'_>, options: &Options, notices: &[Notice]) -> Head {
    let server = |server: &TServer| match server.switch.as_str() {
        "" => server.address.clone(),
        switch => format!("{} ({switch})", server.address),
    };
    let servers: Vec<_> = told.t_servers.iter().map(server).collect();
    let service = |(name, service): (&String, &tbus_apps::callback::Service)| match &service.options {
        options if options.report => format!("{name} (user events to {})", options.report_dn),
        _ => format!("{name} (no user events)"),
    };
    let services: Vec<_> = options.services.iter().take(5).map(service).collect();
    let more = options.services.len().saturating_sub(services.len());
    let more = if more == 0 { String::new() } else { format!(", {more} more") };
    let others = match told.seed {
        None => "all others succeed".to_owned(),
        Some(seed) => format!("others by weights, seed {seed}"),
    };
    let scripted = match told.scenario {
        None => "by magic number (--help lists them)".to_owned(),
        Some((name, numbers)) => {
            format!("scenario {name} (number {} ..), then by magic number", numbers.join(", "))
        }
    };
    let speed = if told.speed == 1 { String::new() } else { format!("; {} times as fast", told.speed) };
    let mut lines = vec![
        format!("tbus {}, a simulated callback service (GMS)", env!("CARGO_PKG_VERSION")),
        format!("T-Server: {}, as {}", servers.join(", "), told.application),
        format!("Services: {}{more}", services.join(", ")),
        format!("Outcomes: {scripted}; {others}{speed}"),
    ];
    lines.extend(passed_over(notices));
    let reports = options.services.iter().find(|(_, service)| service.options.report);
    let first = reports.or_else(|| options.services.iter().next());
    let name = first.map_or(DEFAULT_SERVICE, |(name, _)| name).to_owned();
    Head { lines, service: name, watch: watch(reports.map(|(_, service)| &service.options), told.t_servers) }
}

/// How to see user events; nothing when there are none.
fn watch(options: Option<&ServiceOptions>, servers: &[TServer]) -> String {
    let Some(options) = options else { return String::new() };
    let server =
        servers.iter().find(|server| server.switch == options.report_switch).or_else(|| servers.first());
    let address = server.map_or(DEFAULT_ADDRESS, |server| server.address.as_str());
    let server = if address == DEFAULT_ADDRESS { String::new() } else { format!(" --server {address}") };
    let dn = &options.report_dn;
    format!(" (user events: {} watch --dn {dn}{server})", invocation::command())
}

/// The names of all options that are not acted upon, in one line.
fn passed_over(notices: &[Notice]) -> Option<String> {
    let first = notices.first()?;
    let mut names: Vec<&str> = Vec::new();
    for notice in notices {
        if !names.contains(&notice.name.as_str()) {
            names.push(&notice.name);
        }
    }
    Some(format!("Passed over of {}, without effect here: {}", first.file, names.join(", ")))
}

pub(super) fn text(head: &Head, address: &str) -> String {
    let Head { lines, service, watch } = head;
    let root = format!("http://{address}/genesys/1/service/callback");
    let mut lines = lines.clone();
    lines.extend([
        format!("Try this next, in another terminal{watch}:"),
        format!("  curl -d _customer_number=8005550100 {root}/{service}"),
        format!("  curl -d _customer_number=8005550104 {root}/{service}"),
        format!("  curl '{root}?_customer_number=8005550100'"),
        format!("  curl -X DELETE {root}/{service}/ID"),
        format!("Ready: http://{address}, described at http://{address}/openapi.json"),
    ]);
    lines.join("\n") + "\n"
}
