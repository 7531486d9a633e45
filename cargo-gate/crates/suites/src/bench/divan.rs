//! Times from the table that divan 0.1 prints: a line for each benchmark, below those of its modules.
//!
//! ```text
//! math        fastest       │ slowest       │ median        │ mean          │ samples │ iters
//! ├─ add      0.541 ns      │ 0.576 ns      │ 0.544 ns      │ 0.543 ns      │ 100     │ 409600
//! ╰─ inner                  │               │               │               │         │
//!    ╰─ wide  12.72 ns      │ 121.8 ns      │ 13.27 ns      │ 26.86 ns      │ 10      │ 100
//!             314.2 MB/s    │ 32.83 MB/s    │ 301.2 MB/s    │ 148.8 MB/s    │         │
//! ```

/// Columns of a table behind the names.
const COLUMNS: [&str; 6] = ["fastest", "slowest", "median", "mean", "samples", "iters"];
/// Place of the median among them: a table has no samples, and the median is what moves least.
const MEDIAN: usize = 2;

/// Where in a table the output is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    /// Names of the binary and of the modules down to the last line; none outside of a table.
    path: Vec<String>,
}

impl Table {
    /// The name of a benchmark, `math::inner::wide`, and its median time in nanoseconds, if the line has them. A line is as it was
    /// written, without escape sequences.
    pub(super) fn line(&mut self, line: &str) -> Option<(String, f64)> {
        if let Some(binary) = header(line) {
            self.path = vec![binary.to_owned()];
            return None;
        }
        if self.path.is_empty() {
            return None;
        }
        if line.trim().is_empty() {
            self.path.clear();
            return None;
        }
        let (depth, row) = branch(line)?;
        let mut cells = row.split('│');
        let first = cells.next()?.trim_end();
        let median = cells.nth(MEDIAN - 1).unwrap_or_default().trim();
        // The name is separated from the fastest time by two blanks at least, and is alone where nothing was measured.
        let name = match first.rsplit_once("  ") {
            Some((name, _)) if !median.is_empty() => name.trim_end(),
            _ => first,
        };
        self.path.truncate(depth + 1);
        self.path.push(name.to_owned());
        Some((self.path.join("::"), nanoseconds(median)?))
    }
}

/// The name of the binary in the first line of a table.
fn header(line: &str) -> Option<&str> {
    let mut cells = line.split('│').map(str::trim);
    let mut columns = COLUMNS.into_iter();
    let first = cells.next()?.strip_suffix(columns.next()?)?;
    let name = first.trim_end();
    (first.len() > name.len() && !name.is_empty() && cells.eq(columns)).then_some(name)
}

/// How many branches a line lies below the binary, and what follows them.
fn branch(line: &str) -> Option<(usize, &str)> {
    let mut rest = line;
    let mut depth = 0;
    while let Some(below) = rest.strip_prefix("│  ").or_else(|| rest.strip_prefix("   ")) {
        rest = below;
        depth += 1;
    }
    let row = rest.strip_prefix("├─ ").or_else(|| rest.strip_prefix("╰─ "))?;
    Some((depth, row))
}

fn nanoseconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_once(' ')?;
    let factor = match unit {
        "ps" => 1e-3,
        "ns" => 1.0,
        "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, f64)> {
        let mut table = Table::default();
        text.lines().filter_map(|line| table.line(line)).collect()
    }

    /// As divan 0.1.21 printed it.
    const PRINTED: &str = "\
Timer precision: 10 ns
math        fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ add      0.541 ns      │ 0.576 ns      │ 0.544 ns      │ 0.543 ns      │ 100     │ 409600
├─ sum                    │               │               │               │         │
│  ├─ 10    1.468 ns      │ 1.488 ns      │ 1.478 ns      │ 1.479 ns      │ 100     │ 204800
│  ╰─ 1000  1.429 µs      │ 11.88 µs      │ 1.435 µs      │ 1.54 µs       │ 100     │ 204800
╰─ inner                  │               │               │               │         │
   ╰─ wide  12.72 ns      │ 121.8 ns      │ 13.27 ns      │ 26.86 ns      │ 10      │ 100
            314.2 MB/s    │ 32.83 MB/s    │ 301.2 MB/s    │ 148.8 MB/s    │         │

├─ add      1 ns          │ 1 ns          │ 1 ns          │ 1 ns          │ 1       │ 1
";

    #[test]
    fn a_table_is_read_by_its_branches() {
        let read: String = read(PRINTED)
            .iter()
            .map(|(name, time)| format!("{name}: {time} ns\n"))
            .collect();
        insta::assert_snapshot!(read, @"
        math::add: 0.544 ns
        math::sum::10: 1.478 ns
        math::sum::1000: 1435 ns
        math::inner::wide: 13.27 ns
        ");
    }

    proptest! {
        #[test]
        fn any_lines_are_read(lines in prop::collection::vec("[│├╰─ a-z0-9.:]{0,60}", 0..12)) {
            read(&format!("m  fastest │ slowest │ median │ mean │ samples │ iters\n{}", lines.join("\n")));
        }
    }
}
