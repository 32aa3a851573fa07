//! The rows of `protocol-spec` as they stand in its files.

use heck::ToShoutySnakeCase;
use serde::Deserialize;

/// How a fact is known. `protocol-spec/README.md` says what each code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Vendor documentation.
    Doc,
    /// Public SDK enumeration or header.
    Header,
    /// Published log.
    Log,
    /// Third-party tool or client sample.
    Tool,
    /// Our deduction.
    Inferred,
    /// Our decision.
    Chosen,
}

impl Provenance {
    /// Its code in the files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Doc => "doc",
            Self::Header => "header",
            Self::Log => "log",
            Self::Tool => "tool",
            Self::Inferred => "inferred",
            Self::Chosen => "chosen",
        }
    }
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Client to server.
    Request,
    /// Server to client.
    Event,
}

/// Type of an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeType {
    /// Bytes of a string.
    Str,
    /// Signed, four bytes.
    Int,
    /// Unsigned, four bytes.
    Unsigned,
    /// Eight bytes.
    Long,
    /// Packed key-value list.
    List,
    /// Opaque bytes.
    Binary,
    /// Not published.
    Unknown,
}

/// How log text shows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintForm {
    /// In single quotes.
    Quoted,
    /// Bare number.
    Decimal,
    /// Sixteen hex digits.
    Hex16,
    /// Seconds and time of day.
    Time,
    /// Bare name of a message.
    MessageName,
    /// Length, prefix, pairs.
    List,
    /// Bit mask.
    Mask,
    /// Not published.
    Unknown,
}

/// `messages.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageFile {
    /// Its rows.
    pub message: Vec<Message>,
}

/// A message type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Number on the wire.
    pub id: u16,
    /// Published name.
    pub name: String,
    /// Who sends it.
    pub direction: Direction,
    /// How id and name are known.
    pub provenance: Vec<Provenance>,
    /// Release that brought it.
    pub since: Option<String>,
    /// Events that answer a request, without `EventError`.
    #[serde(default)]
    pub answers: Vec<String>,
    /// How the answers are known.
    #[serde(default)]
    pub answers_provenance: Vec<Provenance>,
    /// Anything else.
    #[serde(default)]
    pub note: String,
}

impl Message {
    /// Name of its constant.
    pub fn constant(&self) -> String {
        self.name.to_shouty_snake_case()
    }
}

/// `attributes.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeFile {
    /// Its rows.
    pub attribute: Vec<Attribute>,
}

/// An attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Number on the wire.
    pub id: u16,
    /// Published name without the prefix `Attribute`.
    pub name: String,
    /// Type of its value.
    #[serde(rename = "type")]
    pub ty: AttributeType,
    /// How log text shows it.
    pub print: PrintForm,
    /// Name of the enumeration of its values.
    #[serde(rename = "enum")]
    pub enumeration: Option<String>,
    /// How id and name are known.
    pub provenance: Vec<Provenance>,
    /// How the type is known; empty for an unknown type only.
    pub type_provenance: Vec<Provenance>,
    /// Other spellings in logs.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How the aliases are known.
    #[serde(default)]
    pub aliases_provenance: Vec<Provenance>,
    /// Anything else.
    #[serde(default)]
    pub note: String,
}

impl Attribute {
    /// Name of its constant.
    pub fn constant(&self) -> String {
        self.name.to_shouty_snake_case()
    }
}

/// `enums.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnumFile {
    /// Its enumerations.
    #[serde(rename = "enum")]
    pub enums: Vec<Enumeration>,
}

/// An enumeration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enumeration {
    /// Published name.
    pub name: String,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// What it is about.
    pub note: String,
    /// Named values.
    pub values: Vec<EnumValue>,
}

/// A named value of an enumeration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnumValue {
    /// Published name.
    pub name: String,
    /// The number.
    pub value: i32,
    /// Name of the constant where the rule gives an ugly one or none.
    #[serde(rename = "const")]
    pub constant: Option<String>,
    /// An earlier name of the same number.
    pub same_as: Option<String>,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// Anything else.
    #[serde(default)]
    pub note: String,
}

impl EnumValue {
    /// Name of its constant.
    pub fn constant(&self) -> String {
        self.constant.clone().unwrap_or_else(|| self.name.to_shouty_snake_case())
    }
}

/// `errors.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorFile {
    /// Families of codes.
    pub family: Vec<Family>,
    /// The codes.
    pub error: Vec<ErrorCode>,
}

/// Whether the names of a family's codes are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// They are.
    Published,
    /// They are slugs of the texts.
    Chosen,
}

/// A family of error codes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// What `family` of a code refers to.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// First and last code of each range.
    pub ranges: Vec<[u32; 2]>,
    /// What the names of its codes start with.
    pub const_prefix: Option<String>,
    /// Where its names come from.
    pub names: Names,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// Anything else.
    #[serde(default)]
    pub note: String,
}

/// An error code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorCode {
    /// Its number.
    pub code: u32,
    /// Published name or slug.
    pub name: String,
    /// What it means.
    pub text: String,
    /// Name of its family.
    pub family: String,
    /// How the code is known.
    pub provenance: Vec<Provenance>,
    /// Anything else.
    #[serde(default)]
    pub note: String,
}

impl ErrorCode {
    /// Name of its constant.
    pub fn constant(&self) -> &str {
        self.name.strip_prefix("TERR_").unwrap_or(&self.name)
    }
}

/// A file of `profiles/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, the same as the file's.
    pub name: String,
    /// Its heading.
    pub title: String,
    /// Its decisions.
    pub choice: Vec<Choice>,
}

/// A decision of a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What it belongs to.
    pub area: String,
    /// What is decided.
    pub key: String,
    /// Rust type of the constant; none for a decision in words.
    #[serde(rename = "type")]
    pub ty: Option<NumberType>,
    /// What was decided.
    pub value: Value,
    /// How it is known.
    pub provenance: Vec<Provenance>,
    /// Why.
    pub note: String,
}

impl Choice {
    /// Name of its constant.
    pub fn constant(&self) -> String {
        self.key.to_shouty_snake_case()
    }

    /// The value as people write it: ids of messages in hex, as only those of control messages are here.
    pub fn shown(&self) -> String {
        match (&self.value, self.ty) {
            (Value::Number(number), Some(NumberType::U16)) => format!("{number:#06x}"),
            (Value::Number(number), _) => number.to_string(),
            (Value::Words(words), _) => words.clone(),
        }
    }
}

/// Type of a number of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberType {
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `usize`
    Usize,
}

impl NumberType {
    /// Its spelling in Rust.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::Usize => "usize",
        }
    }

    /// Largest value on every platform.
    pub const fn max(self) -> u64 {
        match self {
            Self::U8 => 0xff,
            Self::U16 => 0xffff,
            Self::U32 | Self::Usize => 0xffff_ffff,
            Self::U64 => u64::MAX,
        }
    }
}

/// What a profile decides.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Words.
    Words(String),
}
