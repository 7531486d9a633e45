//! The documents of a directory of any layout: its own, and those that other files stand for.

use gate_base::error::Result;

use crate::card;
use crate::directory::Directory;
use crate::documents::Documents;
use crate::layout::Layout;
use crate::mlflow;

/// The documents of a directory. Records of MLflow and cards stand for those that the checks know.
///
/// # Errors
/// The directory of a model cannot be listed.
pub(crate) fn documents(directory: &Directory) -> Result<Documents> {
    let own = Documents::of(directory);
    Ok(match Layout::of(directory) {
        Layout::Mlflow => mlflow::recorded(directory)?.map_or(own, |recorded| recorded.documents(directory)),
        Layout::ModelCard => own.with(card::stand_in(directory)),
        Layout::Decided | Layout::Hashed | Layout::Croissant | Layout::DatasetCard => own,
    })
}
