//! What a query brought: owned cells and the ways to read them.

use crate::error::{DbError, ErrorKind};
use crate::time::parse_time;
use crate::value::{Kind, Value};

/// One cell of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Time(i64),
}

/// The rows that a query brought, all in memory: for small control queries.
#[derive(Debug, Clone)]
pub struct Rows {
    database: String,
    columns: Vec<String>,
    /// Row after row; its length is a multiple of the number of columns.
    cells: Vec<Cell>,
    len: usize,
}

/// One row of a result; columns are counted from 0.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    cells: &'a [Cell],
}

impl Rows {
    pub(crate) fn new(database: &str, columns: Vec<String>) -> Self {
        Self { database: database.to_owned(), columns, cells: Vec::new(), len: 0 }
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        let columns = self.columns.len();
        self.len += 1;
        self.cells.extend(row.into_iter().take(columns));
        self.cells.resize(self.len * columns, Cell::Null);
    }

    /// Forgets the rows, not the columns.
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        self.len = 0;
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The names of the columns, as the database gives them.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The first row, if there is one.
    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    /// The rows in the order in which the database gave them.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let columns = self.columns.len();
        (0..self.len).map(move |row| Row {
            rows: self,
            cells: self.cells.get(row * columns..(row + 1) * columns).unwrap_or_default(),
        })
    }
}

impl<'a> Row<'a> {
    /// Whether the cell is NULL, or there is no such column.
    pub fn is_null(&self, column: usize) -> bool {
        matches!(self.cells.get(column), None | Some(Cell::Null))
    }

    /// The value of a cell of a column of this kind.
    ///
    /// # Errors
    /// When there is no such column or it holds something else.
    pub fn value(&self, column: usize, kind: Kind) -> Result<Value<'a>, DbError> {
        Ok(match kind {
            Kind::Int4 | Kind::Int8 => self.int_or_null(column)?.map_or(Value::Null, Value::Int),
            Kind::Text => self.text_or_null(column)?.map_or(Value::Null, Value::Text),
            Kind::Time => self.time_or_null(column)?.map_or(Value::Null, Value::Time),
        })
    }

    /// The integer of a cell, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column or it holds something else.
    pub fn int_or_null(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.cells.get(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Int(value)) => Ok(Some(*value)),
            other => Err(self.wrong(column, "an integer", other)),
        }
    }

    /// The text of a cell, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column or it holds something else.
    pub fn text_or_null(&self, column: usize) -> Result<Option<&'a str>, DbError> {
        match self.cells.get(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Text(value)) => Ok(Some(value)),
            other => Err(self.wrong(column, "a text", other)),
        }
    }

    /// The time of a cell in microseconds since 1970 UTC, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column or it holds something else.
    pub fn time_or_null(&self, column: usize) -> Result<Option<i64>, DbError> {
        let cell = self.cells.get(column);
        match cell {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Time(value)) => Ok(Some(*value)),
            Some(Cell::Text(text)) => match parse_time(text) {
                Some(value) => Ok(Some(value)),
                None => Err(self.wrong(column, "a time `YYYY-MM-DD HH:MM:SS.mmm`", cell)),
            },
            other => Err(self.wrong(column, "a time", other)),
        }
    }

    /// The integer of a cell.
    ///
    /// # Errors
    /// When it is NULL, holds something else, or there is no such column.
    pub fn int(&self, column: usize) -> Result<i64, DbError> {
        self.int_or_null(column)?.ok_or_else(|| self.wrong(column, "an integer", Some(&Cell::Null)))
    }

    /// The text of a cell.
    ///
    /// # Errors
    /// When it is NULL, holds something else, or there is no such column.
    pub fn text(&self, column: usize) -> Result<&'a str, DbError> {
        self.text_or_null(column)?.ok_or_else(|| self.wrong(column, "a text", Some(&Cell::Null)))
    }

    /// The time of a cell in microseconds since 1970 UTC.
    ///
    /// # Errors
    /// When it is NULL, holds something else, or there is no such column.
    pub fn time(&self, column: usize) -> Result<i64, DbError> {
        self.time_or_null(column)?.ok_or_else(|| self.wrong(column, "a time", Some(&Cell::Null)))
    }

    fn wrong(&self, column: usize, wanted: &str, found: Option<&Cell>) -> DbError {
        let name = self.rows.columns.get(column).map_or("?", String::as_str);
        let found = match found {
            None => format!("the result has {} columns", self.rows.columns.len()),
            Some(Cell::Null) => "it is NULL".to_owned(),
            Some(Cell::Int(value)) => format!("it holds the integer {value}"),
            Some(Cell::Text(text)) => {
                format!("it holds the text `{}`", text.chars().take(40).collect::<String>())
            }
            Some(Cell::Time(value)) => format!("it holds a time ({value} us)"),
        };
        let doing = format!("reading column {column} (`{name}`) of a result as {wanted}");
        DbError::new(ErrorKind::Other, &self.rows.database, doing, found)
    }
}
