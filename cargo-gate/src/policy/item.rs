//! Items of the register, and where it is kept.

use jiff::civil::Date;
use serde::Serialize;

use super::section::section;
use crate::report::Location;

pub use super::raw::{ItemKind, ItemStatus, Level, Severity};

/// The declared register with its items.
#[derive(Debug, Clone, Serialize)]
pub struct Register {
    /// Path relative to the workspace root.
    pub path: String,
    /// Items in the order of the file.
    pub items: Vec<RegisterItem>,
    /// Whether issues that are not closed need criteria of acceptance.
    pub require_acceptance: bool,
    /// Where `gate.toml` names it.
    pub location: Location,
}

/// One item of the register.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RegisterItem {
    /// Unique name.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Whether something is wrong, or may go wrong.
    pub kind: ItemKind,
    /// How bad an issue is; for a risk, how bad it would be.
    pub severity: Severity,
    /// Whether it is open.
    pub status: ItemStatus,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Day on which it was found.
    pub opened: Date,
    /// Id of the item that deals with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracked_by: Option<String>,
    /// What must be true for it to be closed.
    pub acceptance: Vec<String>,
    /// Last day of a deferral.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Why it is deferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How a deferred item will be closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closure: Option<String>,
    /// Day on which it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<Date>,
    /// The commit that closed it, by its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What closed it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// What is done to keep a risk from coming true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mitigation: Option<String>,
    /// What is done when a risk comes true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// How likely a risk is to come true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<Level>,
    /// Day by which a risk is looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Date>,
    /// Where it stands.
    pub location: Location,
}

section!(Register, "register", register: Option<Register>);
