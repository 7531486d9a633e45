//! Edits of the register: items are added, deferred and closed; nothing else in the file changes.

use std::fmt::Write as _;
use std::path::Path;

use jiff::civil::Date;
use toml::de::DeTable;

use gate_base::error::{Error, Result};

use super::edit;
use super::edit::quoted;
use super::item::{ItemStatus, Level, RegisterItem, Severity};
use super::read::read;
use super::register::parse;
use super::suggest::similar;
use super::tables::elements;
use super::write::{Existing, write_atomically};

/// An item to be added.
#[derive(Debug, Clone)]
pub struct NewItem {
    /// Its id; `None` takes the next free number behind the prefix that the others have.
    pub id: Option<String>,
    /// What it is about.
    pub title: String,
    /// How bad it is, or what risk it is.
    pub weight: Weight,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Day on which it was found.
    pub opened: Date,
    /// Id of the item that deals with it.
    pub tracked_by: Option<String>,
    /// What must be true for it to be closed.
    pub acceptance: Vec<String>,
}

/// What sets issues and risks apart.
#[derive(Debug, Clone)]
pub enum Weight {
    /// An issue of this severity.
    Issue(Severity),
    /// A risk.
    Risk(NewRisk),
}

/// What only a risk has.
#[derive(Debug, Clone)]
pub struct NewRisk {
    /// How much it costs when it comes true.
    pub impact: Level,
    /// How likely that is.
    pub probability: Level,
    /// What is done to keep it from coming true.
    pub mitigation: String,
    /// What is done when it comes true.
    pub fallback: Option<String>,
    /// Day by which it is looked at again.
    pub review: Date,
}

/// A decision to close an item later.
#[derive(Debug, Clone)]
pub struct Deferral {
    /// Its last day.
    pub until: Date,
    /// Why.
    pub reason: String,
    /// How the item will be closed.
    pub closure: String,
    /// Who answers for it; `None` keeps the owner that the item has.
    pub owner: Option<String>,
}

/// How an item was closed.
#[derive(Debug, Clone)]
pub struct Closing {
    /// On which day.
    pub on: Date,
    /// By which commit, as a full hash.
    pub commit: Option<String>,
    /// By what, in words.
    pub resolution: Option<String>,
}

/// The item as TOML, ending with a line feed.
pub fn item_toml(id: &str, item: &NewItem) -> String {
    let mut text = format!("[[item]]\nid = {}\ntitle = {}\n", quoted(id), quoted(&item.title));
    match &item.weight {
        Weight::Issue(severity) => {
            let _ = writeln!(text, "severity = \"{}\"", severity.name());
        }
        Weight::Risk(risk) => {
            let (impact, probability) = (risk.impact.name(), risk.probability.name());
            let _ = writeln!(
                text,
                "kind = \"risk\"\nimpact = \"{impact}\"\nprobability = \"{probability}\""
            );
            let _ = writeln!(text, "mitigation = {}", quoted(&risk.mitigation));
            if let Some(fallback) = &risk.fallback {
                let _ = writeln!(text, "fallback = {}", quoted(fallback));
            }
            let _ = writeln!(text, "review = {}", risk.review);
        }
    }
    let _ = writeln!(text, "status = \"open\"");
    if let Some(owner) = &item.owner {
        let _ = writeln!(text, "owner = {}", quoted(owner));
    }
    let _ = writeln!(text, "opened = {}", item.opened);
    if let Some(tracker) = &item.tracked_by {
        let _ = writeln!(text, "tracked-by = {}", quoted(tracker));
    }
    if !item.acceptance.is_empty() {
        let list: Vec<String> = item.acceptance.iter().map(|text| quoted(text)).collect();
        let _ = writeln!(text, "acceptance = [{}]", list.join(", "));
    }
    text
}

/// Appends an item to the register at `path`, which is created where it is not there yet. Returns the id of the item.
///
/// # Errors
/// Usage errors: the register has errors of its own, or the item would be one. Tool errors: it cannot be written.
pub fn append_item(path: &Path, shown: &str, item: &NewItem) -> Result<String> {
    let before = read(path, shown)?;
    let items = before
        .as_deref()
        .map(|text| parse(shown, text))
        .transpose()?
        .unwrap_or_default();
    let id = item.id.clone().unwrap_or_else(|| next_id(&items));
    let text = before.unwrap_or_else(|| "version = 1\n".to_owned());
    let after = edit::with_table(&text, &item_toml(&id, item));
    parse(shown, &after)?;
    write_atomically(path, &after, Existing::Replace)?;
    Ok(id)
}

/// Marks an item as deferred.
///
/// # Errors
/// Usage errors: there is no such item, it is closed, or the register has errors. Tool errors: it cannot be written.
pub fn defer_item(path: &Path, shown: &str, id: &str, deferral: &Deferral) -> Result<()> {
    let mut pairs = vec![
        ("status", quoted("deferred")),
        ("until", deferral.until.to_string()),
        ("reason", quoted(&deferral.reason)),
        ("closure", quoted(&deferral.closure)),
    ];
    if let Some(owner) = &deferral.owner {
        pairs.push(("owner", quoted(owner)));
    }
    change(path, shown, id, &pairs)
}

/// Marks an item as closed. What it says otherwise stays, the deferral included.
///
/// # Errors
/// Usage errors: there is no such item, it is closed already, or the register has errors. Tool errors: it cannot be
/// written.
pub fn close_item(path: &Path, shown: &str, id: &str, closing: &Closing) -> Result<()> {
    let mut pairs = vec![("status", quoted("closed")), ("closed", closing.on.to_string())];
    if let Some(commit) = &closing.commit {
        pairs.push(("commit", quoted(commit)));
    }
    if let Some(resolution) = &closing.resolution {
        pairs.push(("resolution", quoted(resolution)));
    }
    change(path, shown, id, &pairs)
}

fn change(path: &Path, shown: &str, id: &str, pairs: &[(&str, String)]) -> Result<()> {
    let Some(before) = read(path, shown)? else {
        return Err(Error::usage(format!("register `{shown}` does not exist"))
            .with_help("create it with `cargo gate govern register add`"));
    };
    let items = parse(shown, &before)?;
    let Some(item) = items.iter().find(|item| item.id == id) else {
        let error = Error::usage(format!("the register has no item `{id}`"));
        return Err(match similar(id, items.iter().map(|item| item.id.as_str())) {
            Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
            None => error.with_help("`cargo gate govern register list` lists the items"),
        });
    };
    if item.status == ItemStatus::Closed {
        let when = item.closed.map(|day| format!(" on {day}")).unwrap_or_default();
        return Err(Error::usage(format!("item `{id}` was already closed{when}"))
            .with_help("open a new one with `cargo gate govern register add`"));
    }
    let (mark, body) = match before.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", before.as_str()),
    };
    let by_hand = || {
        Error::usage(format!("item `{id}` is not written as a separate `[[item]]` table"))
            .with_help(format!("edit `{shown}` by hand"))
    };
    let file = DeTable::parse(body).map_err(|_| by_hand())?;
    let after = elements(file.get_ref(), &["item"])
        .into_iter()
        .find(|item| item.get("id").and_then(|value| value.get_ref().as_str()) == Some(id))
        .and_then(|item| edit::with_keys(body, item, "status", pairs))
        .map(|after| format!("{mark}{after}"))
        .ok_or_else(by_hand)?;
    match parse(shown, &after) {
        Ok(changed) if changed.len() == items.len() => {}
        // Days that cannot be, and the like: what is wrong with the arguments.
        Err(errors) if DeTable::parse(after.trim_start_matches('\u{feff}')).is_ok() => return Err(errors.into()),
        _ => return Err(by_hand()),
    }
    write_atomically(path, &after, Existing::Replace)
}

/// The next number behind the prefix of the last numbered item; `ITEM-1` where there is none.
fn next_id(items: &[RegisterItem]) -> String {
    let numbered = |id: &str| {
        let digits = id.len() - id.trim_end_matches(|char: char| char.is_ascii_digit()).len();
        let (prefix, number) = id.split_at(id.len() - digits);
        Some((prefix.to_owned(), number.parse::<u32>().ok()?))
    };
    let prefix = items
        .iter()
        .rev()
        .find_map(|item| numbered(&item.id))
        .map_or_else(|| "ITEM-".to_owned(), |(prefix, _)| prefix);
    let last = items
        .iter()
        .filter_map(|item| numbered(&item.id))
        .filter(|(other, _)| *other == prefix)
        .map(|(_, number)| number)
        .max();
    format!("{prefix}{}", last.unwrap_or(0).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = "# ours\nversion = 1\n\n[[item]] # first\nid = \"BUG-7\"\ntitle = \"loses writes\"\n\
                            severity = \"critical\"\nstatus = \"open\" # for now\nopened = 2026-01-02\n";

    fn issue() -> NewItem {
        NewItem {
            id: None,
            title: "a \"quoted\" title".into(),
            weight: Weight::Issue(Severity::High),
            owner: Some("storage".into()),
            opened: jiff::civil::date(2026, 6, 15),
            tracked_by: Some("BUG-7".into()),
            acceptance: vec!["the soak test passes".into()],
        }
    }

    #[test]
    fn items_are_added_deferred_and_closed_and_all_else_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("register.toml");
        std::fs::write(&path, REGISTER).unwrap();
        assert_eq!(append_item(&path, "register.toml", &issue()).unwrap(), "BUG-8");
        let deferral = Deferral {
            until: jiff::civil::date(2026, 9, 1),
            reason: "needs the new storage".into(),
            closure: "move to it".into(),
            owner: Some("storage".into()),
        };
        defer_item(&path, "register.toml", "BUG-7", &deferral).unwrap();
        let closing = Closing {
            on: jiff::civil::date(2026, 6, 20),
            commit: Some("0123456789abcdef".into()),
            resolution: Some("fixed in 1.2".into()),
        };
        close_item(&path, "register.toml", "BUG-7", &closing).unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap());
        let error = close_item(&path, "register.toml", "BUG-7", &closing).unwrap_err();
        assert_eq!(error.message, "item `BUG-7` was already closed on 2026-06-20");
        let error = close_item(&path, "register.toml", "BUG-9", &closing).unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean `BUG-7`?"));
    }

    #[test]
    fn the_first_item_starts_the_register() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("register.toml");
        let first = NewItem {
            tracked_by: None,
            ..issue()
        };
        assert_eq!(append_item(&path, "register.toml", &first).unwrap(), "ITEM-1");
        assert!(
            append_item(&path, "register.toml", &issue()).is_err(),
            "BUG-7 is not there"
        );
        assert_eq!(parse("r", &std::fs::read_to_string(&path).unwrap()).unwrap().len(), 1);
    }

    #[test]
    fn what_cannot_be_edited_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("register.toml");
        let inline = "version = 1\nitem = [{ id = \"a\", title = \"t\", severity = \"low\", status = \"open\", opened = \
                      2026-01-02 }]\n";
        std::fs::write(&path, inline).unwrap();
        let closing = Closing {
            on: jiff::civil::date(2026, 6, 20),
            commit: None,
            resolution: None,
        };
        let error = close_item(&path, "register.toml", "a", &closing).unwrap_err();
        assert_eq!(error.help.as_deref(), Some("edit `register.toml` by hand"));
        std::fs::write(&path, REGISTER).unwrap();
        let before = Closing {
            on: jiff::civil::date(2025, 6, 20),
            commit: None,
            resolution: None,
        };
        let error = close_item(&path, "register.toml", "BUG-7", &before).unwrap_err();
        assert!(error.rendered.unwrap().contains("before the item was opened"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), REGISTER);
    }
}
