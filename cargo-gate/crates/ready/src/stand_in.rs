//! The documents of a directory of any layout: its own, and those that other files stand for.

use crate::card;
use crate::directory::Directory;
use crate::documents::Documents;
use crate::layout::Layout;
use crate::mlflow;

/// The documents of a directory. Files of MLflow and cards stand for those that the checks know.
pub(crate) fn documents(directory: &Directory) -> Documents {
    let own = Documents::of(directory);
    match Layout::of(directory) {
        Layout::Mlflow => own.with(mlflow::stand_in(directory)),
        Layout::ModelCard => own.with(card::stand_in(directory)),
        Layout::Decided | Layout::Hashed | Layout::Croissant | Layout::DatasetCard => own,
    }
}
