//! What a fix changes, as `git apply` and `patch` read it.
//! Format: <https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html>.

use std::fmt::Write as _;
use std::ops::Range;

use super::Changed;

/// Lines in front of and behind what changes.
const CONTEXT: usize = 3;

/// Lines of a text that go, by their indices, and what takes their place.
struct Region {
    lines: Range<usize>,
    new: String,
}

/// The unified diff of a file.
pub fn unified(path: &str, changed: &Changed) -> String {
    let before = changed.before.as_deref().unwrap_or_default();
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    let regions = regions(changed, before, &lines);
    let old = if changed.before.is_some() {
        format!("a/{path}")
    } else {
        "/dev/null".to_owned()
    };
    let mut text = format!("--- {old}\n+++ b/{path}\n");
    let mut rest = &regions[..];
    let mut shift = 0_isize;
    while !rest.is_empty() {
        let near = |pair: &[Region]| pair[1].lines.start.saturating_sub(pair[0].lines.end) <= 2 * CONTEXT;
        let count = 1 + rest.windows(2).take_while(|pair| near(pair)).count();
        let (hunk, others) = rest.split_at(count);
        shift += written(hunk, &lines, shift, &mut text);
        rest = others;
    }
    text
}

/// The bytes that an edit replaces, and what replaces them.
type Own<'e> = (Range<usize>, &'e str);

/// Whole lines that change. Edits that share a line are one region.
fn regions(changed: &Changed, before: &str, lines: &[&str]) -> Vec<Region> {
    let mut starts = vec![0];
    starts.extend(lines.iter().scan(0, |at, line| {
        *at += line.len();
        Some(*at)
    }));
    let line_at = |byte: usize| starts.partition_point(|start| *start <= byte) - 1;
    let is_start = |byte: usize| starts.binary_search(&byte).is_ok() && (byte == 0 || before[..byte].ends_with('\n'));
    let mut regions: Vec<(Range<usize>, Vec<Own<'_>>)> = Vec::new();
    for edit in &changed.edits {
        let byte = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(before.len());
        let span = byte(edit.byte_start)..byte(edit.byte_end);
        // Whole lines that go, or come between two, leave their neighbours as they are.
        let whole = is_start(span.start)
            && is_start(span.end)
            && (edit.replacement.is_empty() || edit.replacement.ends_with('\n'));
        // What is added behind a last line without a line break changes that line.
        let glued = span.start == before.len() && !before.is_empty() && !before.ends_with('\n');
        let first = line_at(span.start).min(lines.len()) - usize::from(glued);
        let end = if whole {
            line_at(span.end).min(lines.len())
        } else {
            (line_at(span.end) + 1).min(lines.len())
        };
        let own = (span, edit.replacement.as_str());
        match regions.last_mut() {
            Some((lines, edits)) if first < lines.end => {
                lines.end = lines.end.max(end);
                edits.push(own);
            }
            _ => regions.push((first.min(end)..end, vec![own])),
        }
    }
    let region = |(range, edits): (Range<usize>, Vec<Own<'_>>)| {
        let mut new = String::new();
        let mut from = starts[range.start];
        for (span, replacement) in edits {
            new.push_str(before.get(from..span.start).unwrap_or_default());
            new.push_str(replacement);
            from = span.end;
        }
        new.push_str(before.get(from..starts[range.end].max(from)).unwrap_or_default());
        Region { lines: range, new }
    };
    regions.into_iter().map(region).collect()
}

/// Writes one hunk; by how many lines the new text is longer.
fn written(hunk: &[Region], lines: &[&str], shift: isize, text: &mut String) -> isize {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return 0;
    };
    let shown = first.lines.start.saturating_sub(CONTEXT)..(last.lines.end + CONTEXT).min(lines.len());
    let new_lines = |region: &Region| region.new.split_inclusive('\n').count();
    let added: usize = hunk.iter().map(new_lines).sum();
    let removed: usize = hunk.iter().map(|region| region.lines.len()).sum();
    let grows = added.cast_signed() - removed.cast_signed();
    let (old, new) = (shown.len(), shown.len() + added - removed);
    // A side without lines is named by the line in front of it.
    let start = |count: usize, shift: isize| (shown.start.cast_signed() + shift + isize::from(count > 0)).max(0);
    let _ = writeln!(text, "@@ -{},{old} +{},{new} @@", start(old, 0), start(new, shift));
    let mut put = |sign: char, line: &str| {
        let _ = write!(text, "{sign}{line}");
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    };
    let mut at = shown.start;
    for region in hunk {
        lines[at..region.lines.start].iter().for_each(|line| put(' ', line));
        lines[region.lines.clone()].iter().for_each(|line| put('-', line));
        region.new.split_inclusive('\n').for_each(|line| put('+', line));
        at = region.lines.end;
    }
    lines[at..shown.end].iter().for_each(|line| put(' ', line));
    grows
}

#[cfg(test)]
mod tests {
    use super::super::{Text, edit, tests::changed};
    use super::*;

    #[test]
    fn hunks_have_context() {
        let text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15";
        let before = Text::of(text.to_owned());
        let file = changed(
            Some(text),
            vec![
                edit("a", Some(&before), 4..6, "drei\n".to_owned()),
                edit("a", Some(&before), 8..8, "4.5\n".to_owned()),
                edit("a", Some(&before), text.len()..text.len(), "\n16\n".to_owned()),
            ],
        );
        insta::assert_snapshot!(unified("x/y", &file), @r"
        --- a/x/y
        +++ b/x/y
        @@ -1,7 +1,8 @@
         1
         2
        -3
        +drei
         4
        +4.5
         5
         6
         7
        @@ -12,4 +13,5 @@
         12
         13
         14
        -15
        \ No newline at end of file
        +15
        +16
        ");
    }

    #[test]
    fn a_new_file_comes_from_nowhere() {
        let file = changed(None, vec![edit("a", None, 0..0, "1\n2\n".to_owned())]);
        insta::assert_snapshot!(unified("a", &file), @"
        --- /dev/null
        +++ b/a
        @@ -0,0 +1,2 @@
        +1
        +2
        ");
        let file = changed(
            Some("1\n2\n"),
            vec![edit("a", Some(&Text::of("1\n2\n".to_owned())), 0..4, String::new())],
        );
        insta::assert_snapshot!(unified("a", &file), @"
        --- a/a
        +++ b/a
        @@ -1,2 +0,0 @@
        -1
        -2
        ");
    }
}
