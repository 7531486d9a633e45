//! Checks of the area `release`.

pub mod manifest;
pub mod migrations;
pub mod version_file;

use gate_world::cargo::{CargoModel, Member};

/// The members that a release publishes; all of them where nothing is published, as in the workspace of a service.
pub(crate) fn members(model: &CargoModel) -> Vec<&Member> {
    let publishable: Vec<&Member> = model.members.iter().filter(|member| member.publish).collect();
    if publishable.is_empty() {
        model.members.iter().collect()
    } else {
        publishable
    }
}
