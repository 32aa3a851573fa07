//! Names and DBIDs of one table: no duplicates, and numbers for the rows that have none.

use std::collections::{HashMap, HashSet};

use toml::Spanned;

use super::error::{cut, line_of};
use super::{Mistake, check_name};

/// The DBIDs of one table of the file.
pub(super) struct Table<'t> {
    text: &'t str,
    title: &'static str,
    used: HashSet<u32>,
    next: u32,
}

impl<'t> Table<'t> {
    pub(super) fn new(text: &'t str, title: &'static str) -> Self {
        Self { text, title, used: HashSet::new(), next: 1 }
    }

    /// Checks the names of all rows.
    pub(super) fn names<'n>(
        &self,
        what: &str,
        names: impl Iterator<Item = &'n Spanned<String>>,
    ) -> Result<(), Mistake> {
        let mut seen = HashMap::new();
        for name in names {
            check_name(what, name)?;
            let at = name.span().start;
            if let Some(first) = seen.insert(name.get_ref(), at) {
                let (name, line) = (cut(name.get_ref()), line_of(self.text, first));
                return Err((at, format!("{what} `{name}` is there already, in line {line}")));
            }
        }
        Ok(())
    }

    /// Checks the DBIDs of all rows that have one, and takes them.
    pub(super) fn dbids<'n>(
        &mut self,
        dbids: impl Iterator<Item = Option<&'n Spanned<u32>>>,
    ) -> Result<(), Mistake> {
        let mut seen = HashMap::new();
        for dbid in dbids.flatten() {
            check_dbid(dbid)?;
            let at = dbid.span().start;
            if let Some(first) = seen.insert(*dbid.get_ref(), at) {
                let (dbid, title, line) = (dbid.get_ref(), self.title, line_of(self.text, first));
                return Err((at, format!("dbid {dbid} is there already in {title}, in line {line}")));
            }
            self.used.insert(*dbid.get_ref());
        }
        Ok(())
    }

    /// The row's DBID, or the lowest that no row has (chosen).
    pub(super) fn dbid(&mut self, dbid: Option<Spanned<u32>>) -> u32 {
        if let Some(dbid) = dbid {
            return dbid.into_inner();
        }
        while !self.used.insert(self.next) {
            self.next = self.next.saturating_add(1);
        }
        self.next
    }
}

pub(super) fn check_dbid(dbid: &Spanned<u32>) -> Result<(), Mistake> {
    if *dbid.get_ref() == 0 {
        Err((dbid.span().start, "dbid is 0, must be 1 or more".to_owned()))
    } else {
        Ok(())
    }
}
