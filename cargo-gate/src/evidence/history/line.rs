//! A line as this tool writes it, read without a JSON parser.
//!
//! Every run reads the whole history, which grows by a line with every run. Almost every line is plain: nothing in it is
//! escaped. Such a line has one spelling, so taking it apart also shows that it is in the form in which it was written.
//! Whatever does not fit is left to the parser.

use crate::base::stage::Stage;
use crate::report::Decision;

use super::HistoryEntry;

/// The entry of a plain line, without its line feed.
pub(super) fn plain(line: &[u8]) -> Option<HistoryEntry> {
    let mut rest = Rest(std::str::from_utf8(line).ok()?);
    let run_id = rest.after(r#"{"run_id":""#)?.string()?;
    let started = rest.after(r#","started":""#)?.string()?;
    let stage = rest.after(r#","stage":""#)?.string()?;
    let decision = rest.after(r#","decision":""#)?.string()?;
    let content = rest.after(r#","content":""#)?.string()?;
    let commit = match rest.after(r#","commit":null"#) {
        Some(_) => None,
        None => Some(rest.after(r#","commit":""#)?.string()?),
    };
    let dirty = match rest.after(r#","dirty":true"#) {
        Some(_) => true,
        None => rest.after(r#","dirty":false"#).map(|_| false)?,
    };
    let chain = rest.after(r#","chain":""#)?.string()?;
    rest.after("}")?;
    rest.0.is_empty().then_some(())?;
    Some(HistoryEntry {
        run_id: run_id.to_owned(),
        started: started.to_owned(),
        stage: Stage::ALL.into_iter().find(|known| known.name() == stage)?,
        decision: [Decision::Ready, Decision::ReadyWithBoundedScope, Decision::NotReady]
            .into_iter()
            .find(|known| known.name() == decision)?,
        content: content.to_owned(),
        commit: commit.map(str::to_owned),
        dirty,
        chain: chain.to_owned(),
    })
}

/// What is left of a line.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn after(&mut self, expected: &str) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(self)
    }

    /// The string up to the next quote; none that JSON would have to escape.
    fn string(&mut self) -> Option<&'a str> {
        let end = memchr::memchr(b'"', self.0.as_bytes())?;
        let (string, rest) = self.0.split_at(end);
        let escaped = |byte: u8| byte == b'\\' || byte < b' ';
        (!string.bytes().any(escaped)).then_some(())?;
        self.0 = &rest[1..];
        Some(string)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = HistoryEntry> {
        let text = || "[ -~é\u{1}]{0,12}";
        let stages = proptest::sample::select(Stage::ALL.to_vec());
        let decisions = proptest::sample::select(vec![
            Decision::Ready,
            Decision::ReadyWithBoundedScope,
            Decision::NotReady,
        ]);
        let strings = (text(), text(), text(), proptest::option::of(text()), text());
        (strings, stages, decisions, any::<bool>()).prop_map(
            |((run_id, started, content, commit, chain), stage, decision, dirty)| HistoryEntry {
                run_id,
                started,
                stage,
                decision,
                content,
                commit,
                dirty,
                chain,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(entry in entries()) {
            let line = serde_json::to_vec(&entry).unwrap();
            let escaped = line.contains(&b'\\');
            prop_assert_eq!(plain(&line), (!escaped).then_some(entry));
        }

        #[test]
        fn what_is_read_would_be_written_so(entry in entries(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut line = serde_json::to_vec(&entry).unwrap();
            let at = at.index(line.len());
            line[at] = byte;
            if let Some(read) = plain(&line) {
                prop_assert_eq!(serde_json::to_vec(&read).unwrap(), line);
            }
        }
    }
}
