//! Raw boundaries: where typed code meets raw authority, found by lexing, without compiling anything.
