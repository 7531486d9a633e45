//! `columns 3,1 < table.tsv`

use std::io::{self, BufRead as _, Write as _};
use std::process::ExitCode;

use columns::Columns;

fn main() -> ExitCode {
    let list = std::env::args().nth(1).unwrap_or_default();
    match Columns::parse(&list)
        .map_err(io::Error::other)
        .and_then(|columns| copy(&columns))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "columns: {error}");
            ExitCode::from(2)
        }
    }
}

fn copy(columns: &Columns) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        writeln!(out, "{}", columns.choose(&line?, '\t'))?;
    }
    out.flush()
}
