//! One run of a suite: its sides, its cells, and smaller cells of those that fail.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use gate_base::error::{Error, Result};
use gate_base::process::ProcessEnd;
use gate_equivalence::rule::Rules;
use gate_equivalence::scope::{AxisValue, Cell, Scope, cover};
use gate_policy::{EquivalencePolicy, SuitePolicy};
use gate_report::{CellStanding, Equivalence, EquivalenceReference, Reason, SuiteResult};

use super::super::log::SuiteLog;
use super::super::{SuiteContext, suite_result};
use super::judge::{Judged, Outputs, judge};
use super::report::Shown;
use super::shrink::{save, shrink};
use super::side::{Given, Side};

/// Failing cells that are made smaller and kept.
const KEPT: usize = 3;

/// What was asked for, or why the suite cannot run.
type OrReason<T> = Result<std::result::Result<T, Reason>>;

/// Outputs with the names of the files that keep them.
type Kept = Vec<(String, Vec<u8>)>;

/// What a run left.
pub(super) struct Ran {
    pub(super) result: SuiteResult,
    pub(super) equivalence: Equivalence,
    /// How failing cells are repeated, by their names.
    pub(super) cases: Vec<(String, String)>,
}

/// One run of a suite.
pub(super) struct Session<'a> {
    suite: &'a SuitePolicy,
    policy: &'a EquivalencePolicy,
    cx: &'a SuiteContext<'a>,
    log: SuiteLog,
    scope: Scope,
    scratch: PathBuf,
    began: std::time::Instant,
}

impl<'a> Session<'a> {
    pub(super) fn new(suite: &'a SuitePolicy, policy: &'a EquivalencePolicy, cx: &'a SuiteContext<'a>) -> Result<Self> {
        let scratch = cx.log.with_extension("equivalence");
        std::fs::create_dir_all(&scratch).map_err(|error| Error::io("create", &scratch, &error))?;
        Ok(Self {
            suite,
            policy,
            cx,
            log: SuiteLog::create(&cx.log, cx.workspace)?,
            scope: policy.scope(),
            scratch,
            began: std::time::Instant::now(),
        })
    }

    /// Runs every cell. The inner reason says why none could.
    pub(super) fn run(mut self) -> Result<std::result::Result<Ran, Reason>> {
        let cover = match cover(&self.scope) {
            Ok(cover) => cover,
            Err(large) => {
                let message = format!("the scope has {} combinations", large.combinations);
                return Ok(Err(Reason::new("scope_too_large", message)));
            }
        };
        let (sides, references) = match self.sides()? {
            Ok(sides) => sides,
            Err(reason) => return self.stopped(reason),
        };
        if let Some(reason) = self.build(&sides)? {
            return self.stopped(reason);
        }
        let mut cells: Vec<(Cell, Judged)> = Vec::new();
        for cell in &cover.cells {
            let judged = match self.cell(&sides, cell, true)? {
                Ok((judged, _)) => self.known(cell, judged),
                Err(reason) => return self.stopped(reason),
            };
            let word = judged.why.as_deref().unwrap_or("the same");
            self.write(&format!("== {}: {word}\n", self.scope.name(cell)))?;
            cells.push((cell.clone(), judged));
        }
        let cases = self.cases(&sides, &cells)?;
        let shown = Shown {
            policy: self.policy,
            scope: &self.scope,
            cover: &cover,
            sides: sides.iter().map(|side| side.name.clone()).collect(),
            inputs: sides.iter().map(|side| side.inputs.clone()).collect(),
            references,
            cells: &cells,
        };
        let equivalence = shown.equivalence();
        let end = ProcessEnd {
            exit_code: Some(0),
            signal: None,
            timed_out: false,
            cancelled: false,
            duration: self.began.elapsed(),
        };
        let result = suite_result(&self.suite.command, &end);
        self.finish()?;
        Ok(Ok(Ran {
            result,
            equivalence,
            cases,
        }))
    }

    fn stopped(self, reason: Reason) -> Result<std::result::Result<Ran, Reason>> {
        self.finish()?;
        Ok(Err(reason))
    }

    /// The implementation and its references. A reference that may be absent is left out with its reason.
    fn sides(&self) -> OrReason<(Vec<Side>, Vec<EquivalenceReference>)> {
        let candidate = match Side::candidate(self.suite, self.policy, self.cx)? {
            Ok(side) => side,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut sides = vec![candidate];
        let mut references = Vec::new();
        let mut missing = None;
        for reference in &self.policy.references {
            let oracle = self.policy.oracle().is_some_and(|oracle| oracle.name == reference.name);
            let not_run = match Side::reference(self.suite, self.policy, reference, self.cx)? {
                Ok(side) => {
                    sides.push(side);
                    None
                }
                Err(reason) => match reference.absent.as_ref().filter(|_| reason.code == "requires_unmet") {
                    Some(why) => {
                        let message = format!("{}: {why}", reason.message);
                        missing = Some(reason);
                        Some(message)
                    }
                    None => return Ok(Err(reason)),
                },
            };
            references.push(EquivalenceReference {
                name: reference.name.clone(),
                oracle,
                not_run,
            });
        }
        match missing.filter(|_| sides.len() == 1) {
            Some(reason) => Ok(Err(reason)),
            None => Ok(Ok((sides, references))),
        }
    }

    /// Builds the workspace and each other tree.
    fn build(&mut self, sides: &[Side]) -> Result<Option<Reason>> {
        let Some(command) = &self.policy.build else {
            return Ok(None);
        };
        for (at, side) in sides.iter().enumerate() {
            if at > 0 && !side.is_elsewhere() {
                continue;
            }
            match side.build(self.suite, command, self.cx, &mut self.log)? {
                None | Some(Given::Bytes(_)) => {}
                Some(Given::NotStarted(reason)) => return Ok(Some(reason)),
                Some(Given::Nothing(why)) => {
                    return Ok(Some(Reason::new("not_built", format!("`{}` {why}", side.name))));
                }
            }
        }
        Ok(None)
    }

    /// Runs one cell on all sides, twice where it is to be shown that they give the same each time.
    fn cell(&mut self, sides: &[Side], cell: &Cell, twice: bool) -> OrReason<(Judged, Kept)> {
        let mut outputs = Vec::new();
        let mut kept = Vec::new();
        for (at, side) in sides.iter().enumerate() {
            let mut given = Vec::new();
            let mut failed = None;
            for time in 0..if twice && side.runs() { 2 } else { 1 } {
                let path = self.scratch.join(format!("{at}-{time}.out"));
                match side.give(self.suite, &self.scope, cell, &path, self.cx, &mut self.log)? {
                    Given::Bytes(bytes) => given.push(bytes),
                    Given::Nothing(why) => {
                        failed = Some(why);
                        break;
                    }
                    Given::NotStarted(reason) => return Ok(Err(reason)),
                }
            }
            kept.extend(given.first().map(|bytes| (format!("{}.out", side.name), bytes.clone())));
            let mut given = given.into_iter();
            outputs.push(Outputs {
                name: side.name.clone(),
                is_oracle: side.is_oracle,
                given: match (failed, given.next()) {
                    (None, Some(first)) => Ok((first, given.next())),
                    (why, _) => Err(why.unwrap_or_default()),
                },
            });
        }
        let judged = match self.rules(cell) {
            Ok(rules) => judge(&rules, &outputs),
            Err(axis) => Judged {
                standing: Some(CellStanding::Undecided),
                why: Some(format!("`{axis}` is no number of terms")),
                ..Judged::default()
            },
        };
        Ok(Ok((judged, kept)))
    }

    /// The rules with the terms that this cell has.
    fn rules(&self, cell: &Cell) -> std::result::Result<Rules, String> {
        let value = |name: &str| {
            let mut values = self.scope.values(cell);
            let (_, value) = values.find(|(axis, _)| *axis == name)?;
            match value {
                AxisValue::Number(number) => u32::try_from(*number).ok(),
                AxisValue::Word(_) => None,
            }
        };
        self.policy.rules.with_terms(value)
    }

    /// What a declared divergence makes of a cell: it must differ.
    fn known(&self, cell: &Cell, mut judged: Judged) -> Judged {
        let mut known = self.policy.divergences.iter();
        let Some(known) = known.find(|known| self.scope.matches(&known.cells, cell)) else {
            return judged;
        };
        match judged.standing {
            Some(CellStanding::Different) => judged.standing = Some(CellStanding::Known),
            Some(CellStanding::Same) => {
                judged.standing = Some(CellStanding::Different);
                judged.why = Some(format!(
                    "does not differ, although `{}` says so: remove the divergence",
                    known.id
                ));
            }
            _ => {}
        }
        judged
    }

    /// Makes failing cells smaller, keeps their outputs, and says how each is repeated.
    fn cases(&mut self, sides: &[Side], cells: &[(Cell, Judged)]) -> Result<Vec<(String, String)>> {
        let home = self.cx.workspace.gate_dir().join("equivalence").join(&self.suite.name);
        let mut cases = Vec::new();
        let failing = cells
            .iter()
            .filter(|(cell, judged)| judged.standing == Some(CellStanding::Different) && !self.is_known(cell));
        let failing: Vec<Cell> = failing.map(|(cell, _)| cell.clone()).take(KEPT).collect();
        for (at, cell) in failing.into_iter().enumerate() {
            let scope = self.scope.clone();
            let smallest = shrink(&scope, &cell, &mut |tried| {
                if self.is_known(tried) {
                    return Ok(false);
                }
                let ran = self.cell(sides, tried, false)?;
                Ok(ran.is_ok_and(|(judged, _)| judged.standing == Some(CellStanding::Different)))
            })?;
            let Ok((judged, kept)) = self.cell(sides, &smallest, false)? else {
                continue;
            };
            let name = scope.name(&smallest);
            let directory = home.join(format!("case-{}", at + 1));
            let (command, variables) = sides[0].command(&scope, &smallest, &directory.join("again.out"));
            let case = serde_json::json!({
                "suite": self.suite.name,
                "cell": name,
                "found_in": scope.name(&cell),
                "command": command,
                "environment": variables,
                "why": judged.why,
                "references": sides[1..].iter().map(|side| side.inputs.as_str()).collect::<Vec<_>>(),
            });
            save(&directory, &kept, &case)?;
            let smaller = match &judged.why {
                Some(why) if smallest != cell => format!(" the smallest cell that fails is {name}: {why};"),
                _ => String::new(),
            };
            let shown = format!("target/gate/equivalence/{}/case-{}", self.suite.name, at + 1);
            cases.push((
                scope.name(&cell),
                format!(
                    "`{}`;{smaller} its outputs are in `{shown}`",
                    repeated(&command, &variables)
                ),
            ));
        }
        Ok(cases)
    }

    fn is_known(&self, cell: &Cell) -> bool {
        let mut known = self.policy.divergences.iter();
        known.any(|known| self.scope.matches(&known.cells, cell))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        let written = self.log.write_all(text.as_bytes());
        written.map_err(|error| Error::io("write", &self.cx.log, &error))
    }

    fn finish(self) -> Result<()> {
        let taken = self.log.finish();
        let taken = taken.map_err(|error| Error::io("write", &self.cx.log, &error))?;
        self.cx.shared.took(&self.cx.log, taken);
        std::fs::remove_dir_all(&self.scratch).map_err(|error| Error::io("remove", &self.scratch, &error))
    }
}

/// A command line with the variables of its cell.
fn repeated(command: &[String], variables: &BTreeMap<String, String>) -> String {
    let quoted = |word: &String| {
        if word.is_empty() || word.contains([' ', '"', '\'', '$', '*']) {
            format!("'{word}'")
        } else {
            word.clone()
        }
    };
    let variables = variables
        .iter()
        .map(|(name, value)| format!("{name}={}", quoted(value)));
    variables
        .chain(command.iter().map(quoted))
        .collect::<Vec<_>>()
        .join(" ")
}
