//! Values as parameters, cells as results, both in PostgreSQL's binary form.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::rows::Cell;
use crate::time::in_range;
use crate::value::Value;

/// 2000-01-01 in microseconds since 1970: PostgreSQL counts from there.
const EPOCH: i64 = 946_684_800_000_000;

type Cause = Box<dyn Error + Sync + Send>;

/// A time as PostgreSQL counts it; `None` outside of the years 1 to 9999, which is what SQLite's text can show.
#[inline]
pub(super) fn timestamp(micros: i64) -> Option<i64> {
    in_range(micros).then(|| micros - EPOCH)
}

/// A value as a statement's parameter.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) Value<'a>);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Cause> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(value) => {
                match *wanted {
                    Type::INT8 => out.put_i64(value),
                    Type::INT4 => out
                        .put_i32(i32::try_from(value).map_err(|_| "the integer does not fit into 4 bytes")?),
                    Type::INT2 => out
                        .put_i16(i16::try_from(value).map_err(|_| "the integer does not fit into 2 bytes")?),
                    _ => return Err(format!("an integer was given where {wanted} is wanted").into()),
                }
            }
            Value::Text(text) if text.as_bytes().contains(&0) => {
                return Err("the text has a U+0000 in it".into());
            }
            Value::Text(text) => match *wanted {
                Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                    out.put_slice(text.as_bytes())
                }
                _ => return Err(format!("a text was given where {wanted} is wanted").into()),
            },
            Value::Time(micros) => match *wanted {
                Type::TIMESTAMP | Type::TIMESTAMPTZ => {
                    out.put_i64(timestamp(micros).ok_or("the time is not in the years 1 to 9999")?);
                }
                _ => return Err(format!("a time was given where {wanted} is wanted").into()),
            },
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(given: &Type, raw: &'a [u8]) -> Result<Self, Cause> {
        Ok(match *given {
            Type::INT8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Self::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Self::Int(raw.first().copied().unwrap_or_default().into()),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                Self::Text(std::str::from_utf8(raw)?.to_owned())
            }
            Type::TIMESTAMP | Type::TIMESTAMPTZ => {
                let time = i64::from_be_bytes(raw.try_into()?).checked_add(EPOCH);
                Self::Time(
                    time.filter(|time| in_range(*time)).ok_or("the time is not in the years 1 to 9999")?,
                )
            }
            _ => return Err(format!("{given} is not read here; cast it to bigint, text or timestamp").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Cause> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
