//! Events for `tracing`: one for each dispatch, at the level of how it ended.
#![cfg(feature = "tracing")]

use std::sync::{Arc, Mutex};

use gate_runtime::Faults;
use support::{call, device};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes events down.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "gate_runtime"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = event.metadata().level().to_string();
        event.record(&mut Fields(&mut text));
        self.0.lock().expect("no test panics here").push(text);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() != "latency_ns" {
            self.0.push_str(&format!(" {field}={value:?}"));
        }
    }
}

#[test]
fn each_dispatch_is_an_event_at_its_level() {
    let notes = Notes::default();
    tracing::subscriber::with_default(notes.clone(), || {
        let device = device().expect("the device opens");
        let _ = call(&device.axpy);
        let mut faults = Faults::NONE;
        faults.force_fallback = true;
        device.runtime.inject(&faults);
        let _ = call(&device.axpy);
        let _ = device.axpy.launch(&mut []);
    });
    assert_eq!(
        *notes.0.lock().expect("no test panics here"),
        [
            "DEBUG message=kernel ran kernel=\"axpy_f32\" backend=\"cuda\" mode=\"native\"",
            "INFO message=kernel fell back kernel=\"axpy_f32\" backend=\"cpu\" mode=\"native\" reason=forced_fallback",
            "ERROR message=kernel failed kernel=\"axpy_f32\" backend=\"cpu\" mode=\"native\" reason=input_count_mismatch",
        ]
    );
}
