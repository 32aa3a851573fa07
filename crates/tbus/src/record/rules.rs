//! What to store: the options and the specification that commands are given.

use std::path::{Path, PathBuf};

use clap::Args;
use tbus_core::World;
use tbus_recorder::Directory;
use tbus_recorder::adata::AttachedDataSpec;
use tbus_recorder::options::{Options, StoreEventData};

use crate::exit::{Failure, say, unreadable};

/// Options of every command that applies ICON's rules.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// ICON's options in the vendor's spelling (INI); without it, the defaults with store-event-data=all
    #[arg(long, value_name = "INI")]
    pub(crate) options: Option<PathBuf>,
    /// Attached-data specification (XML); without it, the one that adata-spec-name names, if any
    #[arg(long, value_name = "XML")]
    pub(crate) adata_spec: Option<PathBuf>,
}

/// What was read.
pub(crate) struct Rules {
    pub(crate) options: Options,
    pub(crate) specification: AttachedDataSpec,
    /// The file of the specification.
    pub(crate) specified: Option<PathBuf>,
    /// store-event-data is this program's default, not what a file says.
    pub(crate) all_by_default: bool,
}

impl RuleArgs {
    /// Reads both files; what has no effect is said on stderr.
    pub(crate) fn read(&self) -> Result<Rules, Failure> {
        let mut options = match &self.options {
            None => Options::default(),
            Some(path) => {
                let text = read(path, "options")?;
                let (options, notices) =
                    Options::read(&path.display().to_string(), &text).map_err(Failure::bad)?;
                for notice in notices {
                    say(&notice.to_string());
                }
                options
            }
        };
        let all_by_default = options.store_event_data.is_none();
        options.store_event_data.get_or_insert(StoreEventData::All);
        // A name in the options is looked for beside them.
        let named = options.adata_spec_name.as_ref().map(|name| match &self.options {
            Some(path) => path.with_file_name(name),
            None => PathBuf::from(name),
        });
        let specified = self.adata_spec.clone().or(named);
        let specification = match &specified {
            None => AttachedDataSpec::default(),
            Some(path) => {
                let text = read(path, "specification")?;
                let read =
                    AttachedDataSpec::read(&path.display().to_string(), &text).map_err(Failure::bad)?;
                let (specification, notices) = read;
                for notice in notices {
                    say(&notice.to_string());
                }
                specification
            }
        };
        Ok(Rules { options, specification, specified, all_by_default })
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::bad(unreadable(&error).context(format!("{what} file {}", path.display()))))
}

/// The DBIDs of a world; `application` is the recorder's own.
pub(crate) fn directory(world: &World, application: &str) -> Directory {
    // Larger ones are no DBIDs of the vendor's, whose columns are 32-bit integers.
    let dbid = |dbid: u32| i32::try_from(dbid).unwrap_or_default();
    let own = world.applications.iter().find(|known| known.name == application);
    Directory {
        tenant: dbid(world.tenant.dbid),
        switch: dbid(world.switch.dbid),
        t_server: dbid(world.t_server.dbid),
        icon: own.map(|own| dbid(own.dbid)).unwrap_or_default(),
        dns: world.dns.iter().map(|dn| (dn.number.clone(), dbid(dn.dbid))).collect(),
    }
}
