//! Checks of the area `secrets`.

pub mod tracked;

mod unread;
