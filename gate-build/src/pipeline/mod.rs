//! From a plan to PTX: look what changed, compile that, keep it, say what was done.

mod budgets;
mod build;
mod choice;
mod codes;
mod constants;
mod context;
mod directives;
mod embed;
mod execute;
mod fallback;
mod file_clock;
mod jobs;
mod library;
mod linked;
mod listing;
mod locked;
mod native;
mod pin;
mod plan;
mod progress;
mod report;
mod reuse;
mod state;
mod subject;
mod task;
mod times;
mod watch;

use std::sync::Arc;

use self::choice::Choice;
pub use self::context::Context;
use self::context::Mode;
use self::listing::Listings;
use self::locked::Lock;
use self::plan::Plan;
use self::report::Report;
use self::subject::Build;
use crate::built::Built;
use crate::compiler::{self, CompilerKind, Given, Preambles, Setting};
use crate::digest::{Digest, Fields};
use crate::error::Error;
use crate::headers::Headers;
use crate::index::{Index, Signature};
use crate::kernels::Kernels;
use crate::lock::LOCK_FILE;
use crate::sorted::{Append as _, List as _};
use crate::store::{self, Local};
use crate::toolkit::Toolkit;
use crate::unit::Language;

/// What a build gives, and what to tell cargo.
pub(crate) struct Outcome {
    pub built: Built,
    pub directives: Vec<String>,
}

/// Runs a build. Where it fails before there is anything to report, the report says that: the one of an earlier build is about something
/// else.
pub(crate) fn run(kernels: &Kernels, context: &Context) -> Result<Outcome, Error> {
    // Two builds of one build script are in each other's way otherwise.
    let below = (!kernels.product.is_ptx()).then(|| context.below(kernels.product.name()));
    let context = below.as_ref().unwrap_or(context);
    let file = Report::file(&context.out_dir);
    let before = Signature::of(&file);
    build(kernels, context).inspect_err(|error| {
        if Signature::of(&file) == before {
            let mode = Mode::of(&context.env, kernels.prefers_lock).map_or("unknown", Mode::as_str);
            // What fails is worth more to be told than that its report could not be written.
            let _ = Report::of_failure(mode, error).write(&context.out_dir);
        }
    })
}

fn build(kernels: &Kernels, context: &Context) -> Result<Outcome, Error> {
    let mode = Mode::of(&context.env, kernels.prefers_lock)?;
    let timeout = context::timeout(&context.env)?;
    let store = Local::of(&context.env)?;
    let plan = Plan::of(kernels, context)?;
    let toolkit = Toolkit::discover(&context.env);
    let wanted = mode != Mode::Off && mode != Mode::Locked;
    let mut choice = Choice {
        files: Vec::new(),
        because: None,
        passed_over: None,
    };
    let mut other = None;
    product_of(kernels)?;
    if wanted && plan.has(Language::Cuda) {
        let locked = choice::locked_kinds(context.crate_root());
        if kernels.product.is_ptx() {
            choice = Choice::of(&toolkit, &context.env)?;
            other = choice.other_than(&locked);
            if mode == Mode::Auto {
                choice = choice.keeping_to(&locked, &toolkit);
            }
        } else {
            choice
                .files
                .append_all(toolkit.nvcc.clone().map(|nvcc| (CompilerKind::Nvcc, nvcc)));
        }
    }
    let mut toolkit = toolkit;
    if wanted && plan.has(Language::Rust) {
        let (compiler, searched) = choice::of_rust(kernels, context);
        toolkit.searched.append_all(searched);
        choice.files.append_all(compiler);
    }

    // What does not depend on files, and so is said again by a build in which nothing changed.
    let notices: Vec<_> = plan.warnings.iter().cloned().chain(other).list();
    let listings = Listings::default();
    let own = context.own();
    let state_file = context.state_file();
    let configuration = configuration(kernels, context, mode, &plan, &choice);
    let lock = Lock::of(&context.env)?;
    // The lock is of PTX.
    let lock = if kernels.product.is_ptx() { lock } else { Lock::Leave };
    let known = match lock {
        Lock::Leave => state::load(&state_file, &configuration, &listings, &context.env),
        // There is something to do even where nothing changed.
        Lock::Write | Lock::Check => None,
    };
    if let Some(state) = known {
        if state.touched {
            // By its times alone the next build sees the same.
            state::save(
                &state_file,
                &configuration,
                &state,
                (&listings, &Index::new(own.join("index"))),
                &context.env,
                None,
            );
        }
        let report = Report {
            mode: mode.as_str(),
            entries: state.entries,
            unavailable: state.built.unavailable.clone(),
            ..Report::default()
        };
        let mut built = state.built;
        built.report = report.write(&context.out_dir)?;
        let mut directives = state.directives;
        directives.append_all(directives::warnings(&notices));
        return Ok(Outcome { built, directives });
    }

    // Before anything is read that decides about the result. Where the folder cannot be made, the clock gives an early date.
    let _ = std::fs::create_dir_all(&own);
    // Nothing that was saved up to now shares this date.
    let began = file_clock::after(file_clock::now(&own), &own);
    let build = Build {
        began,
        kernels,
        context,
        mode,
        plan: &plan,
        toolkit: &toolkit,
        choice: &choice,
        listings: &listings,
    };
    let remote = store::Setting::of(&context.env, &context.out_dir, &context.crate_root)?.map(store::Remote::new);
    let index = Index::new(store.as_ref().map_or_else(|| own.join("index"), Local::index_file));
    let given = Given::of(&plan.all_flags(), &context.env, context.crate_root());
    let host_compiler = compiler::host_compiler(&context.env, &given, context.crate_root(), &index);
    let shims = compiler::write_shims(&own.join("shims")).map_err(Error::io("cannot write", own.join("shims")))?;
    let setting = Setting {
        crate_root: context.crate_root.clone(),
        env: context.env.clone(),
        timeout,
        shims,
        host_compiler,
        given,
        toolkit: compiler::toolkit_of(toolkit.nvcc.iter().chain(&toolkit.nvrtc)),
        permits: Arc::default(),
        preambles: Preambles::default(),
        product: kernels.product.clone(),
        locks: lock != Lock::Leave,
    };
    let result = build.run(&setting, store.as_ref(), remote.as_ref(), &index, lock);
    index.save();
    if let Some(store) = &store {
        store.sweep();
    }
    let mut state = result?;
    state::save(
        &state_file,
        &configuration,
        &state,
        (&listings, &index),
        &context.env,
        Some(began),
    );
    // About this build, not about the state that it leaves.
    state.directives.append_all(directives::warnings(&notices));
    let warning = remote.and_then(|remote| remote.warning());
    let refused = store.as_ref().and_then(Local::warning);
    let warnings: Vec<_> = warning.into_iter().chain(refused).list();
    state.directives.append_all(directives::warnings(&warnings));
    Ok(Outcome {
        built: state.built,
        directives: state.directives,
    })
}

/// Refuses what is about PTX alone where something else is made.
fn product_of(kernels: &Kernels) -> Result<(), Error> {
    let wrong = if kernels.product.is_ptx() {
        None
    } else if !kernels.rust.is_empty() {
        Some("rust")
    } else if !kernels.budgets.is_empty() {
        Some("budget")
    } else if !kernels.declared.is_empty() {
        Some("signature")
    } else if kernels.compress {
        Some("compress")
    } else {
        kernels.prefers_lock.then_some("prefer_lock")
    };
    wrong.map_or(Ok(()), |call| {
        Err(Error::configuration(
            format!("`.{call}(…)` is about PTX, and `{}` is not PTX", kernels.product.name()),
            "use it with another `Kernels::new()` in the same build script",
        ))
    })
}

/// Everything but the contents of files that decides about a build.
fn configuration(kernels: &Kernels, context: &Context, mode: Mode, plan: &Plan, choice: &Choice) -> Digest {
    let mut fields = Fields::new("gate-build configuration 1");
    fields.add("version", env!("CARGO_PKG_VERSION"));
    fields.add("mode", mode.as_str());
    fields.add("builder", format!("{kernels:?}"));
    // A lock that appears is a file that no state knows of.
    let locked = context.crate_root.join(LOCK_FILE).is_file();
    fields.add("lock", if locked { "there" } else { "none" });
    fields.add("root", context.crate_root.as_os_str().as_encoded_bytes());
    for unit in &plan.units {
        fields.add("unit", unit.name.as_str());
    }
    // Rules of build.rs are a part of the builder; what `native` stands for is not.
    fields.add("targets", format!("{:?}", plan.all_targets().list()));
    for name in kernels.headers.iter().flat_map(Headers::variables) {
        if let Some(value) = context.env.variable(&name) {
            fields.add("variable", &name);
            fields.add("value", value.as_encoded_bytes());
        }
    }
    for (kind, file) in &choice.files {
        fields.add("compiler", kind.as_str());
        fields.add("file", file.as_os_str().as_encoded_bytes());
    }
    for name in context::variables() {
        if let Some(value) = context.env.variable(name) {
            fields.add("variable", name);
            fields.add("value", value.as_encoded_bytes());
        }
    }
    fields.finish()
}
