//! Cargo's jobserver.
#![expect(unsafe_code, reason = "the jobserver's descriptors come from the environment")]

use std::sync::mpsc;

use jobserver::Client;

use super::Tokens;
use crate::env::Env;

/// Asks cargo's jobserver for this many tokens. `None` when this process was not started under one.
pub(super) fn request(env: &Env, count: usize) -> Option<Tokens> {
    // Only the environment of this process names descriptors that this process has.
    let named = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"]
        .iter()
        .find(|name| env.variable(name).is_some())?;
    if env.variable(named) != std::env::var_os(named).as_deref() {
        return None;
    }
    // SAFETY: called once at the start of the work, and the descriptors named are those that cargo handed to this
    // process for this purpose; nothing else in it uses them.
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
    for _ in 0..count {
        helper.request_token();
    }
    Some((tokens, helper))
}
