//! Judges recorded windows again and prints the trace.
//!
//! ```console
//! cargo run --example replay_rails --package cargo-gate-runtime -- windows.jsonl dwell=2 strict=true
//! ```

use std::error::Error;
use std::io;

use gate_runtime::rails::{Controller, Rails, Settings, replay};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args
        .next()
        .ok_or("usage: replay_rails WINDOWS.jsonl [FIELD=VALUE]...")?;
    let mut settings = Settings::default();
    for arg in args {
        let (name, value) = arg
            .split_once('=')
            .ok_or_else(|| format!("`{arg}` is not FIELD=VALUE"))?;
        settings.set(name, value)?;
    }
    let recorded = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let mut controller = Controller::new(Rails::new(settings)?);
    replay(&mut controller, &recorded, &mut io::stdout().lock()).map_err(|error| format!("{path}: {error}"))?;
    Ok(())
}
