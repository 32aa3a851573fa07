//! Consistency of the specification. The first contradiction is reported.

use std::collections::HashSet;

use crate::model::{AttributeType, Direction, EnumValue, Enumeration, Names, PrintForm, Provenance, Value};
use crate::{ATTRIBUTES, ENUMS, ERRORS, MESSAGES, PROFILE, Spec, SpecError};

/// Highest published message id and attribute id.
const LAST_MESSAGE: usize = 182;
const LAST_ATTRIBUTE: usize = 148;

impl Spec {
    /// Checks every row against the others.
    ///
    /// # Errors
    ///
    /// The first row that contradicts the rest.
    pub fn check(&self) -> Result<(), SpecError> {
        self.check_messages()?;
        self.check_enums()?;
        self.check_attributes()?;
        self.check_errors()?;
        self.check_profile()
    }

    fn check_messages(&self) -> Result<(), SpecError> {
        let mut names = Unique::default();
        for (at, message) in self.messages.iter().enumerate() {
            let row = Row { file: MESSAGES, name: format!("message {} {:?}", message.id, message.name) };
            row.contiguous(message.id, at)?;
            names.add(&row, &message.name)?;
            names.add(&row, &message.constant())?;
            row.provenance("provenance", &message.provenance)?;
            let prefix = match message.direction {
                Direction::Request => "Request",
                Direction::Event => "Event",
            };
            row.ensure(message.name.starts_with(prefix), || {
                format!("its direction says {prefix}, its name does not: correct one of them")
            })?;
            for answer in &message.answers {
                let known =
                    self.messages.iter().any(|m| m.name == *answer && m.direction == Direction::Event);
                row.ensure(known, || {
                    format!("its answer {answer:?} is not the name of an event: correct it")
                })?;
                row.ensure(answer != "EventError", || {
                    "EventError answers any request: leave it out".to_owned()
                })?;
            }
            row.ensure(message.answers.is_empty() || message.direction == Direction::Request, || {
                "only requests have answers: remove them".to_owned()
            })?;
            row.optional("answers", message.answers.is_empty(), &message.answers_provenance)?;
        }
        last(MESSAGES, self.messages.len(), LAST_MESSAGE)
    }

    fn check_attributes(&self) -> Result<(), SpecError> {
        let mut names = Unique::default();
        for (at, attribute) in self.attributes.iter().enumerate() {
            let row =
                Row { file: ATTRIBUTES, name: format!("attribute {} {:?}", attribute.id, attribute.name) };
            row.contiguous(attribute.id, at)?;
            names.add(&row, &attribute.name)?;
            if attribute.constant() != attribute.name {
                names.add(&row, &attribute.constant())?;
            }
            for alias in &attribute.aliases {
                names.add(&row, alias)?;
            }
            row.provenance("provenance", &attribute.provenance)?;
            row.optional("type", attribute.ty == AttributeType::Unknown, &attribute.type_provenance)?;
            row.optional("aliases", attribute.aliases.is_empty(), &attribute.aliases_provenance)?;
            let fits = match attribute.print {
                PrintForm::Quoted => attribute.ty == AttributeType::Str,
                PrintForm::Decimal => matches!(attribute.ty, AttributeType::Int | AttributeType::Unsigned),
                PrintForm::Hex16 => attribute.ty == AttributeType::Long,
                PrintForm::Time => attribute.ty == AttributeType::Unsigned,
                PrintForm::MessageName => attribute.ty == AttributeType::Int,
                PrintForm::List => attribute.ty == AttributeType::List,
                PrintForm::Mask => attribute.ty == AttributeType::Binary,
                PrintForm::Unknown => attribute.ty == AttributeType::Unknown,
            };
            row.ensure(fits, || "its print form does not fit its type: correct one of them".to_owned())?;
            if let Some(name) = &attribute.enumeration {
                row.ensure(self.enums.iter().any(|e| e.name == *name), || {
                    format!("its enum {name:?} is not in {ENUMS}: correct it or add the enumeration")
                })?;
                let number = matches!(attribute.ty, AttributeType::Int | AttributeType::Unsigned);
                row.ensure(number, || "only numbers have an enum: remove it or correct the type".to_owned())?;
            }
        }
        last(ATTRIBUTES, self.attributes.len(), LAST_ATTRIBUTE)
    }

    fn check_enums(&self) -> Result<(), SpecError> {
        let mut names = Unique::default();
        for enumeration in &self.enums {
            let row = Row { file: ENUMS, name: format!("enum {:?}", enumeration.name) };
            names.add(&row, &enumeration.name)?;
            row.provenance("provenance", &enumeration.provenance)?;
            row.ensure(!enumeration.note.is_empty(), || "say in note what it is about".to_owned())?;
            row.ensure(!enumeration.values.is_empty(), || "add a value or remove it".to_owned())?;
            check_values(enumeration)?;
        }
        Ok(())
    }

    fn check_errors(&self) -> Result<(), SpecError> {
        let mut families = Unique::default();
        for family in &self.families {
            let row = Row { file: ERRORS, name: format!("family {:?}", family.name) };
            families.add(&row, &family.name)?;
            row.provenance("provenance", &family.provenance)?;
            row.ensure(family.ranges.iter().all(|[first, last]| first <= last), || {
                "a range is [first, last] with first not above last: correct it".to_owned()
            })?;
        }
        let mut names = Unique::default();
        let mut before = None;
        for error in &self.errors {
            let row = Row { file: ERRORS, name: format!("error {} {:?}", error.code, error.name) };
            row.ensure(before < Some(error.code), || {
                format!(
                    "code {} stands before it: sort by code and keep each code once",
                    before.unwrap_or_default()
                )
            })?;
            before = Some(error.code);
            names.add(&row, &error.name)?;
            row.ensure(error.constant() == error.name || !names.0.contains(error.constant()), || {
                format!("its constant {:?} is taken: choose another name", error.constant())
            })?;
            row.provenance("provenance", &error.provenance)?;
            row.ensure(!error.text.is_empty(), || "say in text what it means".to_owned())?;
            let Some(family) = self.families.iter().find(|family| family.name == error.family) else {
                return Err(row.wrong(format!("its family {:?} does not exist: correct it", error.family)));
            };
            let inside = family.ranges.iter().any(|[first, last]| (*first..=*last).contains(&error.code));
            row.ensure(inside, || format!("not in the ranges of its family {:?}: correct one", family.name))?;
            let prefix = match family.names {
                Names::Published => "TERR_".to_owned(),
                Names::Chosen => format!("{}_", family.const_prefix.as_deref().unwrap_or_default()),
            };
            row.ensure(error.name.starts_with(&prefix) && is_constant(&error.name), || {
                format!("names of family {:?} look like {prefix}SOME_WORDS: rename it", family.name)
            })?;
        }
        Ok(())
    }

    fn check_profile(&self) -> Result<(), SpecError> {
        let row = Row { file: PROFILE, name: format!("profile {:?}", self.profile.name) };
        row.ensure(self.profile.name == "reference", || "its name must be that of the file".to_owned())?;
        let mut keys = Unique::default();
        for choice in &self.profile.choice {
            let row = Row { file: PROFILE, name: format!("choice {:?}", choice.key) };
            keys.add(&row, &choice.key)?;
            row.provenance("provenance", &choice.provenance)?;
            let areas = ["frame", "kind", "list", "session", "switch", "log", "json"];
            row.ensure(areas.contains(&choice.area.as_str()), || {
                format!("its area must be one of {areas:?}")
            })?;
            row.ensure(!choice.note.is_empty(), || {
                "say in note why, or what is published beside it".to_owned()
            })?;
            match (choice.ty, &choice.value) {
                (Some(ty), Value::Number(number)) => row.ensure(*number <= ty.max(), || {
                    format!("{number} does not fit into {}: choose a wider type", ty.as_str())
                })?,
                (None, Value::Words(_)) => {}
                (Some(_), Value::Words(_)) => {
                    return Err(row.wrong("words have no type: remove it".to_owned()));
                }
                (None, Value::Number(_)) => return Err(row.wrong("a number needs a type: add it".to_owned())),
            }
        }
        Ok(())
    }
}

fn check_values(enumeration: &Enumeration) -> Result<(), SpecError> {
    let mut names = Unique::default();
    let mut constants = Unique::default();
    let mut before: Vec<&EnumValue> = Vec::new();
    for value in &enumeration.values {
        let row = Row { file: ENUMS, name: format!("enum {:?}, value {:?}", enumeration.name, value.name) };
        names.add(&row, &value.name)?;
        constants.add(&row, &value.constant())?;
        row.ensure(is_constant(&value.constant()), || {
            format!("{:?} cannot be a constant: give it a `const`", value.constant())
        })?;
        row.provenance("provenance", &value.provenance)?;
        let twin = before.iter().find(|other| other.value == value.value).map(|other| other.name.as_str());
        row.ensure(value.same_as.as_deref() == twin, || match twin {
            Some(twin) => {
                format!("{} is {twin:?} already: correct it or set same_as = {twin:?}", value.value)
            }
            None => "no earlier value is the same: remove same_as".to_owned(),
        })?;
        if twin.is_none() {
            before.push(value);
        }
    }
    Ok(())
}

pub(crate) fn is_constant(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn last(file: &'static str, rows: usize, last: usize) -> Result<(), SpecError> {
    let row = Row { file, name: "last row".to_owned() };
    row.ensure(rows == last + 1, || {
        format!("{rows} rows, ids 0..={last} are published: restore the rows, or raise the limit in tlib-spec with a source")
    })
}

/// A row to complain about.
pub(crate) struct Row {
    pub(crate) file: &'static str,
    pub(crate) name: String,
}

impl Row {
    pub(crate) fn ensure(&self, holds: bool, problem: impl FnOnce() -> String) -> Result<(), SpecError> {
        if holds { Ok(()) } else { Err(self.wrong(problem())) }
    }

    pub(crate) fn wrong(&self, problem: String) -> SpecError {
        SpecError::Row { file: self.file, row: self.name.clone(), problem }
    }

    fn contiguous(&self, id: u16, at: usize) -> Result<(), SpecError> {
        self.ensure(usize::from(id) == at, || {
            format!("stands where id {at} belongs: sort by id, without gaps")
        })
    }

    pub(crate) fn provenance(&self, field: &str, codes: &[Provenance]) -> Result<(), SpecError> {
        self.ensure(!codes.is_empty(), || format!("{field} is empty: say how it is known"))?;
        self.ensure(codes.is_sorted_by(|a, b| a < b), || {
            format!("{field}: name each code once, in the order doc, header, log, tool, inferred, chosen")
        })
    }

    /// Provenance of a part that a row may lack.
    pub(crate) fn optional(&self, what: &str, absent: bool, codes: &[Provenance]) -> Result<(), SpecError> {
        if absent {
            return self
                .ensure(codes.is_empty(), || format!("{what}: there is none, so remove its provenance"));
        }
        self.provenance(&format!("provenance of {what}"), codes)
    }
}

/// Names already seen.
#[derive(Default)]
pub(crate) struct Unique(HashSet<String>);

impl Unique {
    pub(crate) fn add(&mut self, row: &Row, name: &str) -> Result<(), SpecError> {
        row.ensure(self.0.insert(name.to_owned()), || {
            format!("{name:?} is taken by an earlier row: rename one")
        })
    }
}
