//! Pages of a database, and the rows in the leaves of a b-tree.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::file::{MAGIC, journals};
use super::record::varint;

/// Bytes of the header of a database, which is in front of its first page's own.
const HEADER: usize = 100;
/// Most levels of a tree: with two children for each page, more than a database can have pages.
const DEEPEST: usize = 32;
/// What a rollback journal begins with as long as it counts.
const JOURNAL: &[u8; 8] = &[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// What takes the record and the rowid of a row, and says what is wrong with it.
type Each<'e> = &'e mut dyn FnMut(&[u8], i64) -> Result<(), &'static str>;

/// The pages of a database.
#[derive(Debug)]
pub(super) struct Pages {
    file: File,
    path: PathBuf,
    size: usize,
    /// Bytes of a page that hold data: the rest belongs to extensions.
    usable: usize,
    count: u32,
    /// The file's counter of changes, and its length.
    state: ([u8; 4], u64),
}

impl Pages {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: std::io::Error| error.to_string();
        settled(path)?;
        let mut file = File::open(path).map_err(failed)?;
        let mut header = [0; HEADER];
        file.read_exact(&mut header)
            .map_err(|_| "it is not a database of SQLite".to_owned())?;
        if !header.starts_with(MAGIC) {
            return Err("it is not a database of SQLite".into());
        }
        let size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => usize::from(size),
            size => return Err(format!("its pages have {size} bytes")),
        };
        // 1 is rollback, 2 is write-ahead; readers may not read what is later.
        if header[19] > 2 {
            return Err("it is of a later format".into());
        }
        if !matches!(u32_at(&header, 56), Some(0 | 1)) {
            return Err("its texts are not UTF-8".into());
        }
        let length = file.metadata().map_err(failed)?.len();
        let count = u32::try_from(length / size as u64).map_err(|_| "it is too large".to_owned())?;
        Ok(Self {
            state: (counter(&header), length),
            file,
            path: path.to_owned(),
            size,
            usable: size - usize::from(header[20]),
            count,
        })
    }

    pub(super) fn unchanged(&self) -> Result<(), String> {
        settled(&self.path)?;
        let mut header = [0; HEADER];
        let mut file = &self.file;
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut header));
        let length = self.file.metadata().map(|data| data.len());
        if read.is_err() || length.ok() != Some(self.state.1) || counter(&header) != self.state.0 {
            return Err("it changed while it was read; judge the run when nothing writes to the store".into());
        }
        Ok(())
    }

    /// A page, counted from 1.
    fn page(&self, number: u32) -> Result<Vec<u8>, String> {
        if number == 0 || number > self.count {
            return Err(format!("page {number} is missing"));
        }
        let mut page = vec![0; self.size];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(u64::from(number - 1) * self.size as u64))
            .and_then(|_| file.read_exact(&mut page))
            .map_err(|error| format!("page {number}: {error}"))?;
        Ok(page)
    }

    /// Gives `each` the record and the rowid of every row below a page of a table's tree.
    pub(super) fn leaves(&self, root: u32, each: Each<'_>) -> Result<(), String> {
        // A page that leads back to one above it would never end.
        let mut left = self.count;
        let mut open = vec![(root, 0)];
        while let Some((number, depth)) = open.pop() {
            let malformed = || format!("page {number} is malformed");
            left = left.checked_sub(1).ok_or_else(malformed)?;
            let page = self.page(number)?;
            let at = if number == 1 { HEADER } else { 0 };
            let kind = *page.get(at).ok_or_else(malformed)?;
            let cells = usize::from(u16_at(&page, at + 3).ok_or_else(malformed)?);
            let pointers = at + if kind == 5 { 12 } else { 8 };
            let cell = |index: usize| u16_at(&page, pointers + 2 * index).map(usize::from);
            match kind {
                5 if depth < DEEPEST => {
                    let last = u32_at(&page, at + 8).ok_or_else(malformed)?;
                    open.push((last, depth + 1));
                    for index in (0..cells).rev() {
                        let child = cell(index).and_then(|at| u32_at(&page, at)).ok_or_else(malformed)?;
                        open.push((child, depth + 1));
                    }
                }
                13 => {
                    for index in 0..cells {
                        let begin = cell(index).ok_or_else(malformed)?;
                        let (payload, rowid) = self.payload(&page, begin)?.ok_or_else(malformed)?;
                        each(&payload, rowid)?;
                    }
                }
                _ => return Err(malformed()),
            }
        }
        Ok(())
    }

    /// The record in a cell of a leaf; `None` where the cell is malformed.
    #[expect(clippy::type_complexity, reason = "a record with its rowid, or nothing, or an error")]
    fn payload<'p>(&self, page: &'p [u8], at: usize) -> Result<Option<(Cow<'p, [u8]>, i64)>, String> {
        let read = || {
            let (length, rest) = varint(page.get(at..self.usable)?)?;
            let (rowid, rest) = varint(rest)?;
            Some((usize::try_from(length).ok()?, rowid, rest))
        };
        let Some((length, rowid, rest)) = read() else {
            return Ok(None);
        };
        let most = self.usable - 35;
        if length <= most {
            return Ok(rest.get(..length).map(|record| (Cow::Borrowed(record), rowid)));
        }
        // As the format says: what is here and what is on further pages.
        let least = (self.usable - 12) * 32 / 255 - 23;
        let here = least + (length - least) % (self.usable - 4);
        let here = if here <= most { here } else { least };
        let (Some(begin), Some(mut next)) = (rest.get(..here), u32_at(rest, here)) else {
            return Ok(None);
        };
        if length as u64 > self.state.1 {
            return Ok(None);
        }
        let mut record = Vec::with_capacity(length);
        record.extend_from_slice(begin);
        while record.len() < length {
            let page = self.page(next)?;
            let (Some(number), Some(data)) = (u32_at(&page, 0), page.get(4..self.usable)) else {
                return Ok(None);
            };
            let missing = length - record.len();
            record.extend_from_slice(data.get(..missing).unwrap_or(data));
            next = number;
        }
        Ok(Some((Cow::Owned(record), rowid)))
    }
}

/// Fails where changes are still in a journal.
fn settled(path: &Path) -> Result<(), String> {
    let [journal, log] = journals(path);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut begin = [0; JOURNAL.len()];
    let hot = File::open(&journal).and_then(|mut file| file.read_exact(&mut begin));
    if hot.is_ok() && &begin == JOURNAL {
        return Err(format!(
            "a transaction is not finished (`{}`); stop what writes to the store, and open it once with `sqlite3`, which takes the transaction back",
            name(&journal)
        ));
    }
    if std::fs::metadata(&log).is_ok_and(|data| data.len() > 0) {
        return Err(format!(
            "changes are still in `{}`; stop what writes to the store and run `sqlite3 {} 'PRAGMA wal_checkpoint(TRUNCATE)'`",
            name(&log),
            name(path)
        ));
    }
    Ok(())
}

fn counter(header: &[u8; HEADER]) -> [u8; 4] {
    [header[24], header[25], header[26], header[27]]
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
