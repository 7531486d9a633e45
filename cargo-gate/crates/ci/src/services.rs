//! Files of CI services that nothing here reads: what they run is not judged, and that is said.

use gate_world::files::FileList;

/// A file that a service reads, and its name.
const FILES: &[(&str, &str)] = &[
    (".appveyor.yml", "AppVeyor"),
    (".build.yml", "SourceHut"),
    (".circleci/config.yml", "CircleCI"),
    (".cirrus.yml", "Cirrus CI"),
    (".drone.yml", "Drone"),
    (".travis.yml", "Travis CI"),
    (".woodpecker.yml", "Woodpecker"),
    ("Jenkinsfile", "Jenkins"),
    ("appveyor.yml", "AppVeyor"),
    ("azure-pipelines.yml", "Azure Pipelines"),
    ("bitbucket-pipelines.yml", "Bitbucket"),
];

/// A directory whose YAML files a service reads, and its name.
const DIRECTORIES: &[(&str, &str)] = &[
    (".azure-pipelines/", "Azure Pipelines"),
    (".buildkite/", "Buildkite"),
    (".builds/", "SourceHut"),
    (".forgejo/workflows/", "Forgejo"),
    (".gitea/workflows/", "Gitea"),
    (".woodpecker/", "Woodpecker"),
];

/// Files of the workspace that other services read, with the names of these.
pub fn of_other_services(files: &FileList) -> Vec<(&str, &'static str)> {
    let service = |path: &str| {
        let named = FILES.iter().find(|(file, _)| *file == path);
        let below = DIRECTORIES.iter().find(|(directory, _)| {
            let rest = path.strip_prefix(directory).unwrap_or_default();
            let yaml = rest.ends_with(".yml") || rest.ends_with(".yaml");
            yaml && !rest.contains('/')
        });
        named.or(below).map(|(_, service)| *service)
    };
    let found = files.iter().filter(|file| file.tracked);
    found
        .filter_map(|file| Some((file.path.as_str(), service(&file.path)?)))
        .collect()
}
