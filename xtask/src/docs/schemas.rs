//! The published JSON Schemas.

use super::Pages;

pub(super) fn files() -> Pages {
    Pages::new()
}
