//! A release from its first step to its last.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gate_base::atomic;
use gate_base::error::{Error, ErrorKind};
use gate_base::process::cancel::Cancel;
use gate_policy::authority::{PrivateKey, fingerprint, named as key_named};
use gate_policy::{Policy, ReleasePolicy};
use gate_report::render::text;
use gate_world::Workspace;
use gate_world::cargo::lock::Lock;
use gate_world::git::Git;
use semver::Version;

use crate::archive::{Format, pack, unpack};
use crate::artifacts::Builder;
use crate::attached;
use crate::bill::{Bill, against_lock, against_program};
use crate::cargo::{Cargo, Metadata, Package};
use crate::checkout::{Checkout, FIRST, SECOND};
use crate::compare::compare;
use crate::decided::Decided;
use crate::dsse::{self, Envelope};
use crate::files::{Recorded, emptied, json, read, recorded};
use crate::journal::{Entry, Journal, Subject};
use crate::layout::{BILL, CHECKSUMS, DECISION, DIRECTORY, LOCKFILE, OUTPUT, is_added, is_statement, package_archive};
use crate::licences;
use crate::modules::Modules;
use crate::named::Named;
use crate::order::publishable;
use crate::preconditions as pre;
use crate::publish::Publisher;
use crate::published::{Ask, Standings};
use crate::receipt::{self, Receipt};
use crate::statement::Facts;
use crate::step::Step;
use crate::stop::{Reason, Result, Stop};

/// A release of a workspace.
pub struct Release<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// Its policy.
    pub policy: &'a Policy,
    /// The run that it rests on.
    pub decided: &'a Decided,
    /// The version that was asked for.
    pub version: Option<&'a Version>,
    /// Directory of files that were built elsewhere and are handed out too.
    pub attach: Option<&'a Path>,
    /// The key that signs.
    pub key: Option<&'a PrivateKey>,
    /// Whether nothing is published.
    pub dry_run: bool,
    /// Whether an interrupted release goes on.
    pub resume: bool,
    /// Ends the release early.
    pub cancel: &'a Cancel,
    /// Hears what is done: a verb, and what it is about.
    pub say: &'a dyn Fn(&str, &str),
}

/// A release that is complete.
#[derive(Debug)]
pub struct Done {
    /// Directory of what is handed out.
    pub directory: PathBuf,
    /// What it is.
    pub receipt: Receipt,
    /// Whether it is signed.
    pub signed: bool,
}

/// What all steps need to know.
struct Context<'a> {
    release: &'a Release<'a>,
    policy: ReleasePolicy,
    git: &'a Git,
    commit: String,
    named: Named,
    epoch: i64,
    attached: Vec<Recorded>,
    directory: PathBuf,
    output: PathBuf,
    first: Checkout,
    second: Checkout,
    standings: OnceCell<Standings>,
}

/// What does not permit a release of this workspace, whatever was decided: the tree, the version, the tag.
///
/// # Errors
/// Reasons, and names that are not declared (usage).
pub fn before_run(workspace: &Workspace, policy: &Policy, version: Option<&Version>, dry_run: bool) -> Result<()> {
    let release = policy.release.clone().unwrap_or_default();
    let named = Named::of(workspace.cargo(), &release)?;
    let mut reasons = pre::of_tree(workspace, None);
    reasons.extend(pre::of_version(&named, version));
    // What a dry run makes is not published under the tag.
    if !dry_run && let Some((git, commit)) = workspace.git().and_then(|git| Some((git, git.head.as_deref()?))) {
        reasons.extend(pre::of_tag(git, commit, &named, &release, false));
    }
    none_of(reasons)
}

fn none_of(reasons: Vec<Reason>) -> Result<()> {
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(Stop::Refused(reasons))
    }
}

impl Release<'_> {
    /// Takes every step that is not done.
    ///
    /// # Errors
    /// Why the release is refused, or what could not be carried out.
    pub fn run(&self) -> Result<Done> {
        let context = Context::of(self)?;
        context.decision()?;
        let subject = context.subject();
        let mut journal = if self.resume {
            Journal::resume(&context.directory, &subject)?
        } else {
            Journal::begin(&context.directory, subject)?
        };
        for step in Step::ALL {
            if self.cancel.requested() {
                return Err(Error::new(ErrorKind::Interrupted, "interrupted").into());
            }
            let rests_on = context.rests_on(step);
            // Before anything goes out, everything that must agree is asked again: a tag may have moved meanwhile.
            let again = matches!(step, Step::Decision | Step::Publication);
            if !again && journal.done(step, &rests_on).is_some() {
                (self.say)("Kept", step.name());
                continue;
            }
            let files = context.take(step, &mut journal)?;
            journal.record_if_new(step, Entry { rests_on, files })?;
        }
        let receipt = serde_json::from_slice(&read(&context.output.join(receipt::FILE))?)
            .map_err(|error| Error::tool(format!("cannot read the receipt: {error}")))?;
        Ok(Done {
            directory: context.output,
            receipt,
            signed: self.key.is_some(),
        })
    }
}

impl<'a> Context<'a> {
    fn of(release: &'a Release<'a>) -> Result<Self> {
        let policy = release.policy.release.clone().unwrap_or_default();
        let workspace = release.workspace;
        let named = Named::of(workspace.cargo(), &policy)?;
        let no_commit = || Stop::refused("the workspace has no commit to release", "commit first");
        let git = workspace.git().ok_or_else(no_commit)?;
        let commit = git.head.clone().ok_or_else(no_commit)?;
        release.check_key()?;
        let kind = if release.dry_run { "-dry-run" } else { "" };
        let name = format!("{}-{}{kind}", named.stem(), &commit[..12.min(commit.len())]);
        let directory = workspace.gate_dir().join(DIRECTORY).join(name);
        let epoch = git
            .committed_at(&commit)
            .map_err(|error| Error::tool(format!("cannot read the time of commit {commit}: {error}")))?;
        Ok(Self {
            release,
            git,
            named,
            epoch,
            attached: attached::files(release.attach)?,
            output: directory.join(OUTPUT),
            first: Checkout::at(&directory, FIRST, workspace),
            second: Checkout::at(&directory, SECOND, workspace),
            standings: OnceCell::new(),
            directory,
            commit,
            policy,
        })
    }

    fn subject(&self) -> Subject {
        Subject {
            name: self.named.name.clone(),
            version: self.named.version.to_string(),
            commit: self.commit.clone(),
            content: self.release.decided.entry.content.clone(),
            policy: self
                .release
                .decided
                .report
                .subject
                .policy_sha256
                .clone()
                .unwrap_or_default(),
            dry_run: self.release.dry_run,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// What a step rests on besides those before it: files are attached, statements name the run and are signed with a key.
    fn rests_on(&self, step: Step) -> String {
        if step == Step::Comparison {
            let files = self
                .attached
                .iter()
                .map(|file| format!("{} {}\n", file.sha256, file.path));
            return files.collect();
        }
        if step < Step::Materials {
            return String::new();
        }
        let key = self
            .release
            .key
            .map(|key| fingerprint(&key.public()))
            .unwrap_or_default();
        format!("{} {key}", self.release.decided.decision_sha256)
    }

    fn say(&self, verb: &str, what: &str) {
        (self.release.say)(verb, what);
    }

    /// Takes a step and returns the files it left.
    fn take(&self, step: Step, journal: &mut Journal) -> Result<Vec<Recorded>> {
        match step {
            // What it needs was asked before the journal began, so that a refusal leaves nothing behind.
            Step::Decision => Ok(Vec::new()),
            Step::FirstBuild => self.build(&self.first, "in one directory", true),
            Step::SecondBuild => self.build(&self.second, "again, in another directory", false),
            Step::Comparison => self.comparison(),
            Step::Materials => self.materials(),
            Step::Attestation => self.attestation(),
            Step::Receipt => self.receipt(),
            Step::Publication => self.publication(journal).map(|()| Vec::new()),
        }
    }

    fn decision(&self) -> Result<()> {
        let (release, decided) = (self.release, self.release.decided);
        self.say(
            "Checking",
            &format!("run {}, tree, version and tag", decided.entry.run_id),
        );
        let mut reasons = pre::of_decision(decided, self.policy.stage());
        reasons.extend(pre::of_tree(release.workspace, Some(decided)));
        reasons.extend(pre::of_version(&self.named, release.version));
        if release.dry_run {
            for note in self.tag() {
                self.say(
                    "Noting",
                    &format!("that {}: to publish this, {}", note.message, note.help),
                );
            }
        } else {
            reasons.extend(self.tag());
        }
        none_of(reasons)
    }

    fn tag(&self) -> Vec<Reason> {
        pre::of_tag(self.git, &self.commit, &self.named, &self.policy, self.release.dry_run)
    }

    fn cargo<'c>(&'c self, checkout: &'c Checkout) -> Cargo<'c> {
        // Another time zone and language in the second build: what depends on them shows.
        let variables: &[(&str, &str)] = if checkout.base == self.second.base {
            &[("TZ", "Pacific/Auckland"), ("LC_ALL", "C")]
        } else {
            &[("TZ", "UTC")]
        };
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).into(), Some(OsString::from(value))));
        Cargo {
            workspace: self.release.workspace,
            checkout,
            cancel: self.release.cancel,
            epoch: self.epoch,
            variables: variables.collect(),
        }
    }

    fn build(&self, checkout: &Checkout, how: &str, verify: bool) -> Result<Vec<Recorded>> {
        let standings = self.standings()?;
        self.say("Building", &format!("{} {how}", self.named.stem()));
        checkout.prepare(self.git, &self.commit)?;
        Builder {
            workspace: self.release.workspace,
            policy: &self.policy,
            named: &self.named,
            cargo: self.cargo(checkout),
            standings,
            dry_run: self.release.dry_run,
        }
        .build(verify)?;
        Ok(self.below(recorded(&checkout.out)?, &checkout.out))
    }

    /// The records with paths below the directory of the release.
    fn below(&self, files: Vec<Recorded>, directory: &Path) -> Vec<Recorded> {
        let below = directory.strip_prefix(&self.directory).unwrap_or(directory);
        let below = below.to_string_lossy().replace('\\', "/");
        let prefixed = |file: Recorded| Recorded {
            path: format!("{below}/{}", file.path),
            ..file
        };
        files.into_iter().map(prefixed).collect()
    }

    fn comparison(&self) -> Result<Vec<Recorded>> {
        let (first, second) = (&self.first.out, &self.second.out);
        self.say("Comparing", &text::count(recorded(first)?.len() as u64, "artifact"));
        if let Some(difference) = compare(first, second)? {
            let (_, help) = difference.cause.words();
            return Err(Stop::refused(
                format!("two builds of the same commit differ: {}", difference.words()),
                help,
            ));
        }
        emptied(&self.output)?;
        for file in recorded(first)? {
            atomic::write_unsynced(&self.output.join(&file.path), &read(&first.join(&file.path))?)?;
        }
        if let Some(from) = self.release.attach {
            attached::copy(&self.attached, from, &self.output)?;
        }
        Ok(self.below(recorded(&self.output)?, &self.output))
    }

    /// Time of the commit, as documents write it.
    fn time(&self) -> String {
        jiff::Timestamp::from_second(self.epoch).map_or_else(|_| String::new(), |time| time.to_string())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<Recorded> {
        atomic::write_unsynced(&self.output.join(name), bytes)?;
        Ok(Recorded::of(&self.output, name)?)
    }

    fn metadata(&self) -> Result<Metadata> {
        self.first.prepare(self.git, &self.commit)?;
        self.cargo(&self.first).metadata()
    }

    fn materials(&self) -> Result<Vec<Recorded>> {
        self.say("Listing", "dependencies, licences and checksums");
        self.keep_only(|name| !is_added(name))?;
        let metadata = self.metadata()?;
        let (lockfile, lock) = self.lock()?;
        let bill = Bill {
            named: &self.named,
            metadata: &metadata,
            lock: &lock,
            time: self.time(),
        };
        let document = bill.document();
        let mut differences = against_lock(&document, &lock);
        for artifact in recorded(&self.output)? {
            let bytes = read(&self.output.join(&artifact.path))?;
            for (path, bytes) in unpack(&artifact.path, &bytes).unwrap_or_default() {
                let found = against_program(&document, &bytes).map_err(|error| {
                    Error::tool(format!("cannot read what `{path}` says of its dependencies: {error}"))
                })?;
                differences.extend(found);
            }
        }
        none_of(
            differences
                .into_iter()
                .map(|difference| Reason::new(difference, "`cargo update --workspace`, commit, and judge again"))
                .collect(),
        )?;
        let help = "correct `files` under `[[release.archive]]`, or `cargo gate kernels lock`";
        let differences = Modules::of(&self.output)?.differences.into_iter();
        none_of(differences.map(|difference| Reason::new(difference, help)).collect())?;
        let stem = format!("{}-licences", self.named.stem());
        let (texts, unlicensed) = licences::texts(&metadata, &stem)?;
        none_of(
            unlicensed
                .iter()
                .map(|package| {
                    Reason::new(
                        format!("the dependency {package} has neither a licence text nor a licence expression"),
                        "replace it, or ask its authors for a licence",
                    )
                })
                .collect(),
        )?;
        let made = [
            (format!("{}{BILL}", self.named.stem()), json(&document)?),
            (format!("{stem}.tar.gz"), pack(Format::TarGz, &texts, self.epoch)?),
            (LOCKFILE.to_owned(), lockfile),
            (DECISION.to_owned(), self.release.decided.decision.clone()),
        ];
        for (name, bytes) in &made {
            self.write(name, bytes)?;
        }
        let mut sums = String::new();
        for file in recorded(&self.output)? {
            sums += &format!("{}  {}\n", file.sha256, file.path);
        }
        self.write(CHECKSUMS, sums.as_bytes())?;
        Ok(self.below(recorded(&self.output)?, &self.output))
    }

    /// Removes what an earlier attempt left in the output, half-written files too.
    fn keep_only(&self, keep: impl Fn(&str) -> bool) -> Result<()> {
        for file in recorded(&self.output)? {
            if file.path.starts_with(atomic::TEMPORARY_PREFIX) || !keep(&file.path) {
                let path = self.output.join(&file.path);
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
            }
        }
        Ok(())
    }

    fn attestation(&self) -> Result<Vec<Recorded>> {
        let key = self.release.key;
        self.say(
            "Attesting",
            if key.is_some() {
                "and signing"
            } else {
                "without a signature"
            },
        );
        self.keep_only(|name| !is_statement(name) && name != receipt::FILE)?;
        let subjects: Vec<Recorded> = recorded(&self.output)?
            .into_iter()
            .filter(|file| file.path != CHECKSUMS)
            .collect();
        let remote = self.policy.remote.as_deref().unwrap_or("origin");
        let toolchain = self.release.workspace.toolchain();
        let rustc = toolchain.rustc.as_ref();
        let facts = Facts {
            named: &self.named,
            commit: &self.commit,
            decided: self.release.decided,
            subjects: &subjects,
            repository: self
                .git
                .remote_address(remote)
                .filter(|address| address.contains("://") || address.contains('@')),
            targets: if self.policy.targets.is_empty() {
                rustc.map(|rustc| vec![rustc.host.clone()]).unwrap_or_default()
            } else {
                self.policy.targets.clone()
            },
            profile: self.policy.profile.as_deref().unwrap_or("release"),
            rustc: rustc.map(|rustc| rustc.release.to_string()).unwrap_or_default(),
            host: rustc.map(|rustc| rustc.host.clone()).unwrap_or_default(),
            modules: &Modules::of(&self.output)?,
            attached: &self.attached,
            cargo: toolchain.cargo.to_string(),
        };
        let mut made = Vec::new();
        for (name, statement) in facts.statements()? {
            made.push(match key {
                Some(key) => {
                    let envelope = json(&Envelope::sign(&statement, dsse::STATEMENT, key))?;
                    self.write(&format!("{name}.dsse.json"), &envelope)?
                }
                None => self.write(&format!("{name}.intoto.json"), &statement)?,
            });
        }
        Ok(self.below(made, &self.output))
    }

    fn receipt(&self) -> Result<Vec<Recorded>> {
        self.keep_only(|name| name != receipt::FILE && name != receipt::ENVELOPE)?;
        let decided = self.release.decided;
        let metadata = self.metadata()?;
        let packages = self.packages(&metadata)?;
        let receipt = Receipt {
            schema_version: receipt::SCHEMA_VERSION,
            name: self.named.name.clone(),
            version: self.named.version.to_string(),
            tag: self.named.tag.clone(),
            commit: self.commit.clone(),
            content: decided.entry.content.clone(),
            policy_sha256: decided.report.subject.policy_sha256.clone(),
            stage: decided.entry.stage,
            decision: decided.entry.decision,
            run_id: decided.entry.run_id.clone(),
            decision_sha256: decided.decision_sha256.clone(),
            packages: packages
                .iter()
                .map(|package| format!("{} {}", package.name, package.version))
                .collect(),
            attached: self.attached.iter().map(|file| file.path.clone()).collect(),
            files: recorded(&self.output)?,
        };
        self.say("Recording", &text::count(receipt.files.len() as u64, "file"));
        let bytes = json(&receipt)?;
        let mut made = Vec::new();
        if let Some(key) = self.release.key {
            let envelope = json(&Envelope::sign(&bytes, dsse::RECEIPT, key))?;
            made.push(self.write(receipt::ENVELOPE, &envelope)?);
        }
        made.push(self.write(receipt::FILE, &bytes)?);
        Ok(self.below(made, &self.output))
    }

    /// Packages that are published with the release, dependencies first: those that were packed.
    fn packages<'m>(&self, metadata: &'m Metadata) -> Result<Vec<&'m Package>> {
        let mut packages = publishable(metadata, self.release.workspace.cargo())?;
        packages.retain(|package| {
            let archive = package_archive(&package.name, &package.version);
            self.output.join(archive).is_file()
        });
        Ok(packages)
    }

    /// What the registry has of the packages, asked once. What it has with other files refuses what would be published.
    fn standings(&self) -> Result<&Standings> {
        if let Some(standings) = self.standings.get() {
            return Ok(standings);
        }
        self.say("Asking", "which packages are published already");
        let metadata = self.metadata()?;
        let packages = publishable(&metadata, self.release.workspace.cargo())?;
        let ask = Ask {
            cargo: &self.cargo(&self.first),
            registry: self.policy.registry.as_deref(),
            commit: &self.commit,
            lock: &self.lock()?.1,
            dry_run: self.release.dry_run,
            say: self.release.say,
        };
        let standings = ask.all(&packages)?;
        let reasons = standings.reasons(&packages, &self.named.name);
        if !self.release.dry_run {
            none_of(reasons)?;
        }
        Ok(self.standings.get_or_init(|| standings))
    }

    /// The lockfile of the commit: its bytes, and what they say.
    fn lock(&self) -> Result<(Vec<u8>, Lock)> {
        let bytes = read(&self.first.root.join(LOCKFILE))?;
        let lock = Lock::parse(&bytes).map_err(|error| Error::tool(format!("cannot parse Cargo.lock: {error}")))?;
        Ok((bytes, lock))
    }

    fn publication(&self, journal: &mut Journal) -> Result<()> {
        let metadata = self.metadata()?;
        let packages = self.packages(&metadata)?;
        if self.release.dry_run {
            for package in packages {
                self.say(
                    "Skipping",
                    &format!("the upload of {} {}", package.name, package.version),
                );
            }
            return Ok(());
        }
        none_of(self.tag())?;
        let archives = recorded(&self.output)?;
        Publisher {
            cargo: self.cargo(&self.first),
            packages,
            archives: &archives,
            registry: self.policy.registry.as_deref(),
            say: self.release.say,
        }
        .publish(journal)
    }
}

impl Release<'_> {
    /// What is published is signed, and by a declared authority.
    fn check_key(&self) -> Result<()> {
        let approvers = self.policy.approvers();
        match self.key {
            None if self.dry_run => Ok(()),
            None => Err(Error::usage("a release is signed, and no key is given")
                .with_help("pass `--key <file>` with the private half of a key under `[decisions] authorities`")
                .into()),
            Some(key) if key_named(&key.public(), approvers.keys()).is_none() => Err(Error::usage(format!(
                "the key {} is not listed in `[decisions] authorities`",
                fingerprint(&key.public())
            ))
            .with_help("add its public half to `authorities` under `[decisions]` in gate.toml")
            .into()),
            Some(_) => Ok(()),
        }
    }
}
