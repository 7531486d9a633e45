//! Cargo's jobserver by the crate for it.
#![expect(unsafe_code, reason = "the jobserver's descriptors come from the environment")]

use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};

use jobserver::{Acquired, Client, HelperThread};

/// Tokens as they arrive.
pub(super) struct Tokens {
    arrived: Mutex<Receiver<Acquired>>,
    helper: Mutex<Option<HelperThread>>,
}

/// One, which goes back when this does.
pub(super) type Token = Acquired;

impl Tokens {
    /// Those of the jobserver that the environment of this process names.
    pub(super) fn of_process(_: &str) -> Option<Self> {
        // SAFETY: the descriptors named are those that cargo handed to this process for this purpose, and open as long as
        // it runs; nothing else in it closes or reuses them.
        let client = unsafe { Client::from_env() }?;
        let (sender, arrived) = mpsc::channel();
        let send = move |token| {
            if let Ok(token) = token {
                // Nobody waits any more at the end; the token then goes back at once.
                let _ = sender.send(token);
            }
        };
        Some(Self {
            arrived: Mutex::new(arrived),
            helper: Mutex::new(Some(client.into_helper_thread(send).ok()?)),
        })
    }

    /// Asks for one more.
    pub(super) fn request(&self) {
        if let Some(helper) = &*self.helper.lock().unwrap_or_else(PoisonError::into_inner) {
            helper.request_token();
        }
    }

    /// Waits for the next; `None` after the end.
    pub(super) fn next(&self) -> Option<Token> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    /// No more are wanted.
    pub(super) fn end(&self) {
        let helper = self.helper.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(helper);
    }
}
