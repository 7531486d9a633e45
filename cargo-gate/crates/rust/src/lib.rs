//! Rust source, read by lexing and without compiling: bytes in, facts out.
//!
//! [`boundary`] holds rustc's lexer with an item parser over it, and finds where typed code meets raw authority. [`facts`] are what one
//! place of the text says about panics, errors, deprecation and use of the system; [`code`] collects them all in one pass
//! over each file. [`library`] and [`uses`] sort what was found by the packages that it belongs to. Each reads only those before it.

pub mod boundary;
pub mod code;
pub mod facts;
pub mod inventory;
pub mod library;
pub mod test_code;
pub mod uses;

#[cfg(test)]
mod built_from;
#[cfg(test)]
mod differential;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
