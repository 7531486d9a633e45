//! Pipelines of GitLab CI.

use std::collections::BTreeSet;

use globset::Glob;

use super::expand::{Scope, Variables};
use super::matrix::{self, Row};
use super::model::{CiFile, Image, Include, Job, Kind, Origin, Trigger, Use};
use super::path::TOP;
use super::rows;
use super::shell::Word;
use super::step::Text;
use super::tree::Reader;
use super::yaml::{Node, YamlError};

/// The file that GitLab starts from.
pub(super) const ROOT: &str = ".gitlab-ci.yml";

/// Most files of a pipeline; GitLab allows no more.
const MAX_FILES: usize = 150;
/// How deep `extends` and `!reference` are followed.
const MAX_DEPTH: u32 = 11;

/// Most templates of a job, each as often as it is named.
const MAX_LAYERS: usize = 1_000;
/// Most nodes of a script, those that `!reference` names included.
const MAX_SCRIPT: u32 = 20_000;

/// Keys at the top that are no jobs.
const NO_JOBS: &str = "\
    after_script before_script cache default image include pages:deploy services spec stages types variables workflow";

/// A pipeline: entries of all its files, later ones over earlier ones.
struct Pipeline {
    entries: Vec<(Node, Node)>,
}

impl Pipeline {
    fn get(&self, key: &str) -> Option<&Node> {
        let mut found = self.entries.iter().rev().filter(|(name, _)| name.text() == Some(key));
        found.next().map(|(_, value)| value)
    }
}

/// Reads the pipeline with everything that it includes from the repository. The jobs belong to the first file.
pub(super) fn pipeline(reader: &Reader<'_>) -> Vec<CiFile> {
    let mut files = Vec::new();
    let mut pipeline = Pipeline { entries: Vec::new() };
    let mut seen = BTreeSet::new();
    read(ROOT, reader, &mut files, &mut pipeline, &mut seen);
    let Some(root) = files
        .iter_mut()
        .find(|file: &&mut CiFile| file.path == reader.shown(ROOT))
    else {
        return files;
    };
    let mut names = BTreeSet::new();
    for (name, _) in &pipeline.entries {
        let Some(name) = name.text() else { continue };
        if name.starts_with('.') || NO_JOBS.split_whitespace().any(|key| key == name) || !names.insert(name) {
            continue;
        }
        if let Some(node) = pipeline.get(name).filter(|node| node.is_mapping()) {
            root.jobs.push(job(name, node, &pipeline, reader));
        }
    }
    root.jobs.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn read(
    path: &str,
    reader: &Reader<'_>,
    files: &mut Vec<CiFile>,
    pipeline: &mut Pipeline,
    seen: &mut BTreeSet<String>,
) {
    if seen.len() >= MAX_FILES || !seen.insert(path.to_owned()) {
        return;
    }
    let mut file = CiFile::new(reader.shown(path), Kind::Pipeline);
    let Some(read_file) = reader.yaml(path) else {
        // No pipeline at all is no problem; one that includes what is not there is none that GitLab would run.
        if path != ROOT {
            file.problem = Some(YamlError {
                line: 1,
                message: "is included by the pipeline, but there is no such file".into(),
            });
            files.push(file);
        }
        return;
    };
    let documents = match read_file {
        Ok(documents) => documents,
        Err(problem) => {
            file.problem = Some(problem);
            files.push(file);
            return;
        }
    };
    // A first document may declare inputs (`spec`); the pipeline is the last.
    let Some(root) = documents.last().cloned() else {
        files.push(file);
        return;
    };
    file.start = Trigger::Automatic;
    let at = files.len();
    files.push(file);
    for include in root.get("include").map(includes).unwrap_or_default() {
        match include {
            Found::Local(pattern) => {
                for path in matching(&pattern, reader) {
                    read(&path, reader, files, pipeline, seen);
                }
            }
            Found::Elsewhere(name, include) => {
                files[at].external.push(name);
                files[at].includes.extend(include);
            }
        }
    }
    let mut variables = Variables::new();
    add_variables(&mut variables, root.get("variables"));
    let jobs = root.entries().iter().filter(|(name, _)| {
        let name = name.text().unwrap_or_default();
        name == "default" || !NO_JOBS.split_whitespace().any(|key| key == name)
    });
    for node in std::iter::once(&root).chain(jobs.map(|(_, node)| node)) {
        let mut own = variables.clone();
        add_variables(&mut own, node.get("variables"));
        files[at].images.extend(images(node, &own));
    }
    let images = &mut files[at].images;
    images.sort_by_key(|image| image.line);
    images.dedup();
    pipeline.entries.extend(root.entries().iter().cloned());
}

enum Found {
    Local(String),
    Elsewhere(Use, Option<Include>),
}

/// What `include` names: texts, mappings, or a list of them.
fn includes(node: &Node) -> Vec<Found> {
    if node.is_sequence() {
        return node.items().iter().flat_map(includes).collect();
    }
    if node.text().is_some() {
        return named(node).into_iter().collect();
    }
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let mut found: Vec<Found> = node
        .get("local")
        .map(Node::scalars)
        .unwrap_or_default()
        .into_iter()
        .filter_map(named)
        .collect();
    if let Some(remote) = node.get("remote") {
        found.extend(elsewhere(remote, Some((Origin::Remote, text("integrity")))));
    }
    if let Some(project) = node.get("project") {
        found.extend(elsewhere(project, Some((Origin::Project, text("ref")))));
    }
    // A template comes with the server.
    found.extend(node.get("template").and_then(|node| elsewhere(node, None)));
    if let Some(component) = node.get("component") {
        let version = component
            .text()
            .and_then(|name| Some(name.rsplit_once('@')?.1.to_owned()));
        found.extend(elsewhere(component, Some((Origin::Component, version))));
    }
    found
}

/// A file of the repository, or an address.
fn named(node: &Node) -> Option<Found> {
    let name = node.text()?;
    if name.starts_with("http://") || name.starts_with("https://") {
        return elsewhere(node, Some((Origin::Remote, None)));
    }
    // Only the run knows a name with a variable in it.
    if name.contains('$') {
        elsewhere(node, None)
    } else {
        Some(Found::Local(name.to_owned()))
    }
}

/// Something that is not in the repository, and what holds it to one content.
fn elsewhere(node: &Node, pinned: Option<(Origin, Option<String>)>) -> Option<Found> {
    let (name, line) = (node.text()?.to_owned(), node.line());
    let include = pinned.map(|(origin, pin)| Include {
        origin,
        name: match &pin {
            Some(version) if origin == Origin::Component => {
                name.trim_end_matches(version).trim_end_matches('@').to_owned()
            }
            _ => name.clone(),
        },
        pin,
        line,
    });
    let used = Use {
        name,
        line,
        comment: None,
    };
    Some(Found::Elsewhere(used, include))
}

/// Images of a job, of `default` or of the top of a file, and of the services beside them.
fn images(node: &Node, variables: &Variables) -> Vec<Image> {
    let named = |node: &Node| {
        let named = node.get("name").unwrap_or(node);
        let written = named.text()?;
        let row = Row::default();
        let scope = Scope {
            row: &row,
            complete: true,
            variables,
        };
        Some(Image {
            name: written.to_owned(),
            line: named.line(),
            names: vec![scope.text(written, 0)],
        })
    };
    let services = node.get("services").map(Node::items).unwrap_or_default();
    node.get("image")
        .into_iter()
        .chain(services)
        .filter_map(named)
        .collect()
}

fn add_variables(variables: &mut Variables, node: Option<&Node>) {
    for (name, value) in node.map(Node::entries).unwrap_or_default() {
        let value = value.get("value").unwrap_or(value);
        if let (Some(name), Some(value)) = (name.text(), value.scalar()) {
            variables.insert(name.to_owned(), Some(Word::bare(value.text.clone())));
        }
    }
}

fn matching(pattern: &str, reader: &Reader<'_>) -> Vec<String> {
    let pattern = pattern.trim_start_matches('/');
    if !pattern.contains('*') {
        return vec![pattern.to_owned()];
    }
    let Ok(glob) = Glob::new(pattern) else {
        return Vec::new();
    };
    let matcher = glob.compile_matcher();
    reader
        .paths()
        .into_iter()
        .filter(|path| matcher.is_match(path))
        .collect()
}

/// A job with what it extends: from the most distant template to the job itself.
fn layers<'a>(node: &'a Node, pipeline: &'a Pipeline, depth: u32, layers_of: &mut Vec<&'a Node>) {
    // Templates that extend each other double with every level.
    if layers_of.len() >= MAX_LAYERS {
        return;
    }
    if depth < MAX_DEPTH {
        for parent in node.get("extends").map(Node::scalars).unwrap_or_default() {
            if let Some(parent) = parent.text().and_then(|name| pipeline.get(name)) {
                layers(parent, pipeline, depth + 1, layers_of);
            }
        }
    }
    layers_of.push(node);
}

fn job(name: &str, node: &Node, pipeline: &Pipeline, reader: &Reader<'_>) -> Job {
    let mut all = Vec::new();
    layers(node, pipeline, 0, &mut all);
    let get = |key: &str| all.iter().rev().find_map(|layer| layer.get(key));
    let inherited = |key: &str| {
        get(key)
            .or_else(|| pipeline.get("default").and_then(|default| default.get(key)))
            .or_else(|| pipeline.get(key))
    };
    let rows = matrix::gitlab(get("parallel"));
    let mut variables = Variables::new();
    variables.insert("CI_PROJECT_DIR".into(), Some(Word::bare(TOP)));
    for name in ["CI", "GITLAB_CI"] {
        variables.insert(name.into(), Some(Word::bare("true")));
    }
    add_variables(&mut variables, pipeline.get("variables"));
    all.iter()
        .for_each(|layer| add_variables(&mut variables, layer.get("variables")));
    let machine = machine(inherited("tags"), inherited("image"));
    let windows = machine
        .as_ref()
        .is_some_and(|words| words.iter().any(|word| word.contains("windows")));
    let steps = rows::collect(reader, &rows, true, &|steps| {
        // One shell runs both parts, line by line.
        let (mut variables, mut directory) = (variables.clone(), Some(String::new()));
        for key in ["before_script", "script"] {
            let (mut lines, mut left) = (Vec::new(), MAX_SCRIPT);
            if let Some(script) = inherited(key) {
                script_lines(script, pipeline, 0, &mut left, &mut lines);
            }
            for line in lines {
                let Some(scalar) = line.scalar() else { continue };
                let text = Text {
                    path: &reader.origin(&line),
                    text: &scalar.text,
                    line_at: &|offset| scalar.line_at(offset),
                    is_posix: !windows,
                    directory,
                    stops: true,
                    pipefail: true,
                    ignored: None,
                    depth: 0,
                };
                (variables, directory) = steps.run(&text, &variables);
            }
        }
    });
    let is = |key: &str, value: &str| get(key).and_then(Node::text) == Some(value);
    Job {
        name: name.to_owned(),
        line: node.line(),
        machines: vec![machine; rows.len()],
        commands: steps.commands,
        not_followed: steps.not_followed,
        calls: Vec::new(),
        needs: get("needs")
            .map(Node::scalars)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|n| n.text().map(str::to_owned))
            .collect(),
        is_off: is("when", "never"),
        may_fail: is("allow_failure", "true"),
    }
}

/// The lines of a script: nested lists flattened, `!reference` followed.
fn script_lines(node: &Node, pipeline: &Pipeline, depth: u32, left: &mut u32, lines: &mut Vec<Node>) {
    if *left == 0 || depth > MAX_DEPTH {
        return;
    }
    *left -= 1;
    if node.tag() == Some("reference") {
        let mut keys = node.items().iter().filter_map(Node::text);
        let first = keys.next().and_then(|name| pipeline.get(name));
        let target = first.and_then(|node| keys.try_fold(node, |node, key| node.get(key)));
        if let Some(target) = target {
            script_lines(target, pipeline, depth + 1, left, lines);
        }
    } else if node.is_sequence() {
        for item in node.items() {
            script_lines(item, pipeline, depth + 1, left, lines);
        }
    } else if node.text().is_some() {
        lines.push(node.clone());
    }
}

/// Words that say on which machine a job runs: its tags, and `linux` where an image is named that is not a virtual
/// machine of the tags.
fn machine(tags: Option<&Node>, image: Option<&Node>) -> Option<Vec<String>> {
    let tags = tags.map(Node::scalars).unwrap_or_default();
    let mut words: Vec<String> = tags
        .into_iter()
        .filter_map(Node::text)
        .map(str::to_ascii_lowercase)
        .collect();
    if words.iter().any(|word| word.contains('$')) {
        return None;
    }
    let names_system = words
        .iter()
        .any(|word| ["linux", "macos", "windows"].iter().any(|name| word.contains(name)));
    if image.is_some() && !names_system {
        words.push("linux".into());
    }
    (!words.is_empty()).then_some(words)
}
