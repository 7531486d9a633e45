//! Cargo's jobserver.
#![expect(unsafe_code, reason = "the jobserver's descriptors come from the environment")]

use std::sync::mpsc;

use jobserver::Client;

use crate::env::Env;

/// Tokens as they arrive, and what has to be dropped when no more are wanted.
type Tokens = (mpsc::Receiver<jobserver::Acquired>, jobserver::HelperThread);

/// Cargo's jobserver, of which no token has been asked for yet. `None` when this process was not started under one.
pub(super) fn jobserver(env: &Env) -> Option<Tokens> {
    // Only the environment of this process names descriptors that this process has.
    let named = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"]
        .iter()
        .find(|name| env.variable(name).is_some())?;
    if env.variable(named) != std::env::var_os(named).as_deref() {
        return None;
    }
    // SAFETY: the descriptors named are those that cargo handed to this process for this purpose, and open as long as
    // it runs; nothing else in it closes or reuses them.
    let client = unsafe { Client::from_env() }?;
    let (sender, tokens) = mpsc::channel();
    let helper = client
        .into_helper_thread(move |token| {
            if let Ok(token) = token {
                // Nobody waits any more at the end; the token then goes back at once.
                let _ = sender.send(token);
            }
        })
        .ok()?;
    Some((tokens, helper))
}
