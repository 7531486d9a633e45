//! Redaction of what changes from run to run and machine to machine.
