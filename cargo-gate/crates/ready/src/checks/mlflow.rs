//! What the checks ask only of a run of MLflow: that it came to its end, that its models are whole and its own, and what MLflow does not record.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{pointers, seeds};
use crate::directory::{Directory, refused};
use crate::documents::{Document, METRICS, yaml};
use crate::locked::{self, Lock};
use crate::mlflow::{META, Model, Version};
use crate::report::Status;
use crate::run::Run;
use crate::verdict::{Problem, Verdict, fail};

/// A model as it can be loaded: a directory with `MLmodel`.
struct Loadable<'r> {
    /// What it is called in reports.
    name: String,
    files: &'r Directory,
    /// Its path in `files`, empty or with `/` at the end.
    at: String,
    document: Document,
}

/// Every model of the run: those that MLflow 3 keeps next to it, and those among its artifacts.
fn loadable<'r>(run: &'r Run<'_>) -> Vec<Loadable<'r>> {
    let outside = run
        .models()
        .iter()
        .filter_map(|model| Some((format!("models/{}/", model.id), model.directory.as_ref()?)));
    outside
        .chain([(String::new(), &run.directory)])
        .flat_map(|(prefix, files)| {
            let documents = files.entries.iter().filter_map(|entry| {
                let at = entry.path.strip_suffix("MLmodel")?;
                (at.is_empty() || at.ends_with('/')).then_some(at)
            });
            documents
                .map(|at| Loadable {
                    name: format!("{prefix}{at}MLmodel"),
                    files,
                    at: at.to_owned(),
                    document: yaml(files, &format!("{at}MLmodel")),
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// `contract_integrity`.
pub(super) fn contract(run: &Run<'_>) -> Verdict {
    let outside = run.models().iter().filter_map(|model| model.directory.as_ref());
    let mut problems: Vec<Problem> = outside.chain([&run.directory]).flat_map(pointers::problems).collect();
    match run.documents.get(META) {
        Document::Missing => problems.push(fail(match &run.recorded.database {
            Some(database) => format!(
                "`{}` does not have this run",
                database.file_name().unwrap_or_default().display()
            ),
            None => "Missing required files: meta.yaml".to_owned(),
        })),
        Document::Broken(why) => problems.push(fail(match &run.recorded.database {
            Some(_) => format!("Cannot read the record of the run: {why}"),
            None => format!("Cannot read meta.yaml: {why}"),
        })),
        Document::Read(meta) => problems.extend(state(meta)),
    }
    if let Document::Broken(why) = run.documents.get("config.yaml") {
        problems.push(fail(format!("Cannot read the parameters: {why}")));
    }
    if let Document::Broken(why) = run.documents.get(METRICS) {
        problems.push(fail(format!("Cannot read the metrics: {why}")));
    }
    let id = run.documents.value(META).and_then(|meta| text(meta, "run_id"));
    for model in run.models() {
        problems.extend(kept(model, id));
    }
    let models = loadable(run);
    for model in &models {
        problems.extend(whole(model, id));
    }
    problems.extend(run.recorded.contradictions.iter().map(fail));
    problems.extend(
        run.recorded
            .versions
            .iter()
            .filter_map(|version| registered(version, run, id)),
    );
    if models.is_empty() && run.models().is_empty() {
        problems.push((Status::Warn, "the run recorded no model".into()));
    }
    let names: Vec<Value> = models.into_iter().map(|model| model.name.into()).collect();
    let mut verdict = Verdict::of(&problems, "", "All required files present and valid").with("models", names);
    if !run.recorded.versions.is_empty() {
        let called = run
            .recorded
            .versions
            .iter()
            .map(|version| match version.aliases.as_slice() {
                [] => Value::from(version.name.as_str()),
                aliases => format!("{} ({})", version.name, aliases.join(", ")).into(),
            });
        verdict = verdict.with("registered", called.collect::<Vec<_>>());
    }
    verdict
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// A run that came to its end, and that was not deleted. The numbers are those of `RunStatus` in MLflow's `service.proto`.
fn state(meta: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    if text(meta, "run_id").is_none() {
        problems.push(fail("Invalid record of the run: missing run_id"));
    }
    let word = match meta.get("status") {
        None | Some(Value::Null) => return vec![fail("Invalid record of the run: missing status")],
        Some(Value::Number(number)) => match number.as_u64() {
            Some(1) => "RUNNING".to_owned(),
            Some(2) => "SCHEDULED".to_owned(),
            Some(3) => "FINISHED".to_owned(),
            Some(4) => "FAILED".to_owned(),
            Some(5) => "KILLED".to_owned(),
            _ => format!("of the unknown status {number}"),
        },
        Some(other) => other.as_str().map_or_else(|| other.to_string(), str::to_owned),
    };
    if word != "FINISHED" {
        problems.push(fail(format!("The run is {word}")));
    }
    let stage = text(meta, "lifecycle_stage").unwrap_or("of no lifecycle_stage");
    if stage != "active" {
        problems.push(fail(format!("The run is {stage}")));
    }
    let time = |key: &str| meta.get(key).and_then(Value::as_i64);
    match (time("start_time"), time("end_time")) {
        (Some(start), Some(end)) if start <= end => {}
        (Some(_), Some(_)) => problems.push(fail("Invalid record of the run: end_time is before start_time")),
        _ => problems.push(fail("Invalid record of the run: start_time or end_time is missing")),
    }
    problems
}

/// What the store says of a model that it keeps. 2 is `READY` of `LoggedModelStatus` in MLflow's `service.proto`.
fn kept(model: &Model, run: Option<&str>) -> Vec<Problem> {
    let id = &model.id;
    let Some(files) = &model.directory else {
        let place = if model.place.is_empty() {
            ""
        } else {
            ": it is recorded at "
        };
        return vec![fail(format!(
            "the model `{id}`, which the run made, is missing{place}{}",
            model.place
        ))];
    };
    let mut problems = Vec::new();
    match &model.meta {
        Document::Missing => problems.push(fail(format!("the store has no record of the model `{id}`"))),
        Document::Broken(why) => problems.push(fail(format!("Cannot read the record of the model `{id}`: {why}"))),
        Document::Read(meta) => {
            let ready = meta.get("status").is_some_and(|status| {
                status.as_u64() == Some(2) || matches!(status.as_str(), Some("READY" | "LoggedModelStatus.READY"))
            });
            if !ready {
                problems.push(fail(format!("the model `{id}` is not READY")));
            }
            if text(meta, "lifecycle_stage") == Some("deleted") {
                problems.push(fail(format!("the model `{id}` is deleted")));
            }
            if text(meta, "source_run_id") != run {
                problems.push(fail(format!("the model `{id}` is of another run")));
            }
        }
    }
    if files.entries.iter().all(|entry| !entry.path.ends_with("MLmodel")) {
        problems.push(fail(format!("the model `{id}` has no MLmodel")));
    }
    problems
}

/// A version that is registered and is not what it says.
fn registered(version: &Version, run: &Run<'_>, id: Option<&str>) -> Option<Problem> {
    let name = &version.name;
    let is_ours = |model: &String| run.models().iter().any(|ours| ours.id == *model);
    if version.status != "READY" {
        Some(fail(format!("{name} is {}", version.status)))
    } else if Some(version.run.as_str()) != id {
        Some(fail(format!(
            "{name} is a model of this run, and registered as one of the run `{}`",
            version.run
        )))
    } else {
        let other = version.model.as_ref().filter(|model| !is_ours(model))?;
        Some(fail(format!(
            "{name} is registered as of this run, which did not make its model `{other}`"
        )))
    }
}

/// A model that can be loaded: `MLmodel` names its run, a flavor, and files that exist.
fn whole(model: &Loadable<'_>, run: Option<&str>) -> Vec<Problem> {
    /// Keys under which a flavor names a file or directory of the model.
    const FILES: &[&str] = &[
        "pickled_model",
        "model_path",
        "data",
        "model_data",
        "model_binary",
        "code",
    ];
    let name = &model.name;
    let value = match &model.document {
        Document::Read(value) => value,
        Document::Broken(why) => return vec![fail(format!("Cannot read {name}: {why}"))],
        Document::Missing => return vec![fail(format!("`{name}` is missing"))],
    };
    let mut problems = Vec::new();
    if text(value, "run_id") != run {
        problems.push(fail(format!("`{name}` is of another run")));
    }
    let flavors = value.get("flavors").and_then(Value::as_object);
    if flavors.is_none_or(Map::is_empty) {
        problems.push(fail(format!("`{name}` has no flavor")));
    }
    let mut paths = BTreeSet::new();
    for flavor in flavors.into_iter().flat_map(Map::values) {
        paths.extend(FILES.iter().filter_map(|key| text(flavor, key)));
    }
    for path in paths {
        if let Some(why) = refused(path) {
            problems.push(fail(format!("`{path}` in `{name}` is refused: {why}")));
            continue;
        }
        let file = format!("{}{path}", model.at);
        let below = format!("{file}/");
        let exists = |entry: &crate::directory::Entry| entry.path == file || entry.path.starts_with(&below);
        if !model.files.entries.iter().any(exists) {
            problems.push(fail(format!("`{path}`, which `{name}` names, is missing")));
        }
    }
    if value.get("signature").is_none_or(Value::is_null) {
        problems.push((Status::Warn, format!("`{name}` has no signature of inputs and outputs")));
    }
    problems
}

/// `hash_chain`: MLflow records no hash of a file, and what it keeps outside the run is not part of a record of the run.
pub(super) fn without_hashes(run: &Run<'_>, none: bool) -> Vec<Problem> {
    let message = if none {
        "Hash chain status: INCOMPLETE: MLflow records no hash of any file, so that an edit would not be seen; add `hashes.json`".to_owned()
    } else if let Some(model) = run.models().first() {
        format!(
            "no hash of the files of the model `{}` is recorded: MLflow keeps it outside the run",
            model.id
        )
    } else {
        return Vec::new();
    };
    vec![(Status::Warn, message)]
}

/// Links among the files of the models that are kept outside the run.
pub(super) fn links(run: &Run<'_>) -> Vec<Problem> {
    let models = run
        .models()
        .iter()
        .filter_map(|model| Some((model, model.directory.as_ref()?)));
    models
        .flat_map(|(model, files)| {
            let others = files.entries.iter().filter(|entry| !entry.is_file());
            others.map(|entry| fail(format!("`models/{}/{}` is not a file", model.id, entry.path)))
        })
        .collect()
}

/// `config_sanity`: one data set, told by its digest, is not both learned from and evaluated.
pub(super) fn same_data(run: &Run<'_>) -> Option<Problem> {
    if run.layout != crate::layout::Layout::Mlflow {
        return None;
    }
    let of = |wanted: &'static [&str]| {
        run.recorded
            .datasets
            .iter()
            .filter(move |set| wanted.contains(&set.context.as_str()))
    };
    let both = of(&["train", "training"]).find(|train| {
        !train.digest.is_empty()
            && of(&["eval", "evaluation", "test", "validation"]).any(|eval| eval.digest == train.digest)
    })?;
    Some(fail(format!(
        "the data set `{}` with the digest {} is both training and evaluation data",
        both.name, both.digest
    )))
}

/// `reproducibility`: a seed, a commit, and the packages that each model was made with.
pub(super) fn reproducibility(run: &Run<'_>) -> Verdict {
    let mut problems = Vec::new();
    let missing = seeds::missing(run);
    if !missing.is_empty() {
        problems.push((Status::Warn, format!("no seed is recorded for {}", missing.join(", "))));
    }
    if !run.recorded.has_commit {
        problems.push((Status::Warn, "the commit of the source is not recorded".into()));
    }
    let models = loadable(run);
    if models.is_empty() {
        problems.push((
            Status::Warn,
            "no versions of packages are recorded: the run has no model".into(),
        ));
    }
    for model in &models {
        let path = format!("{}requirements.txt", model.at);
        let listed = match model.files.document(&path) {
            Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()),
            Ok(None) => {
                problems.push((Status::Warn, format!("`{}` has no requirements.txt", model.name)));
                continue;
            }
            Err(why) => Err(why),
        };
        match listed {
            Ok(listed) => {
                let lock = locked::requirements(&listed);
                problems.extend(others(model, &lock));
                let open = lock.open.as_ref();
                problems.extend(open.map(|open| {
                    (
                        Status::Warn,
                        format!("requirements.txt of `{}` is no lock: {open}", model.name),
                    )
                }));
            }
            Err(why) => problems.push(fail(format!("Cannot read requirements.txt of `{}`: {why}", model.name))),
        }
    }
    Verdict::of(&problems, "", "Reproducibility artifacts present")
        .with("has_seed", missing.len() < seeds::KINDS.len())
        .with("seeds_missing", missing)
        .with("has_versions", !models.is_empty())
}

/// Versions with which a flavor says that it was made, and that the requirements do not install.
fn others(model: &Loadable<'_>, lock: &Lock) -> Vec<Problem> {
    /// Keys of flavors, and the package that each is the version of.
    const VERSIONS: &[(&str, &str)] = &[
        ("sklearn_version", "scikit-learn"),
        ("pytorch_version", "torch"),
        ("xgb_version", "xgboost"),
        ("lgb_version", "lightgbm"),
        ("transformers_version", "transformers"),
        ("keras_version", "keras"),
    ];
    let value = model.document.value();
    let flavors = value.and_then(|value| value.get("flavors")?.as_object());
    let mut problems = Vec::new();
    for flavor in flavors.into_iter().flat_map(Map::values) {
        for (key, package) in VERSIONS {
            let (Some(made), Some(wanted)) = (text(flavor, key), lock.versions.get(*package)) else {
                continue;
            };
            if !wanted.iter().any(|wanted| locked::is_same(made, wanted)) {
                let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
                problems.push(fail(format!(
                    "`{}` was made with {package} {made}, its requirements.txt installs {}",
                    model.name,
                    wanted.join(" or ")
                )));
            }
        }
    }
    problems
}
