//! Reads SQLite databases, and only reads: the format is that of <https://www.sqlite.org/fileformat2.html>. Every row of a table is
//! read in the order of its b-tree; indexes are not used. What a crashed or running writer has not finished is refused, because half
//! of a transaction is no record of anything.

mod file;
mod pages;
mod record;
mod schema;

use std::path::Path;

pub(crate) use file::{is_database, journals};
use pages::Pages;
pub(crate) use record::Cell;
use record::Record;
use schema::Columns;

/// A database that can be read.
#[derive(Debug)]
pub(crate) struct Database {
    pages: Pages,
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    name: String,
    root: u32,
    /// Its columns, or why it cannot be read.
    columns: Result<Columns, &'static str>,
}

impl Database {
    /// Opens a database.
    ///
    /// # Errors
    /// Why it cannot be read, as the end of a sentence.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let pages = Pages::open(path)?;
        let mut tables = Vec::new();
        pages.leaves(1, &mut |payload, _| {
            let row = Record::new(payload).ok_or("a row of its schema is malformed")?;
            let (Cell::Text("table"), Cell::Text(name), Cell::Integer(root), Cell::Text(sql)) =
                (row.cell(0), row.cell(1), row.cell(3), row.cell(4))
            else {
                return Ok(());
            };
            tables.push(Table {
                name: name.to_owned(),
                // A virtual table has no pages. Pages are counted from 1, so reading page 0 is refused.
                root: u32::try_from(root).unwrap_or_default(),
                columns: Columns::of(sql),
            });
            Ok(())
        })?;
        Ok(Self { pages, tables })
    }

    /// Gives `each` these columns of every row of a table, in this order. A column that the table does not have is `NULL`. Returns
    /// whether there is such a table.
    ///
    /// # Errors
    /// Why it cannot be read, as the end of a sentence.
    pub(crate) fn rows<const N: usize>(
        &self,
        table: &str,
        columns: [&str; N],
        each: &mut dyn FnMut([Cell<'_>; N]),
    ) -> Result<bool, String> {
        let told = |why: &str| format!("its table `{table}`: {why}");
        let Some(found) = self.tables.iter().find(|one| one.name.eq_ignore_ascii_case(table)) else {
            return Ok(false);
        };
        let known = found.columns.as_ref().map_err(|why| told(why))?;
        let places = columns.map(|name| known.position(name));
        self.pages
            .leaves(found.root, &mut |payload, rowid| {
                let record = Record::new(payload).ok_or("a row is malformed")?;
                each(places.map(|place| match place {
                    Some(place) if known.rowid == Some(place) => Cell::Integer(rowid),
                    Some(place) => record.cell(place),
                    None => Cell::Null,
                }));
                Ok(())
            })
            .map_err(|why| told(&why))?;
        Ok(true)
    }

    /// Checks that nothing changed since it was opened, so that all rows are of one moment.
    ///
    /// # Errors
    /// What changed, as the end of a sentence.
    pub(crate) fn unchanged(&self) -> Result<(), String> {
        self.pages.unchanged()
    }
}

#[cfg(test)]
mod tests;
