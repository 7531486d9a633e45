//! Equivalence as a map: every cell of a scope, how it ended, and how many faults the comparison found in it.

use std::fmt::Write as _;

use super::super::measured::{equivalences, percent};
use super::markup::{Tone, code, folded, mark, plain, prose, table};
use super::verdict::link;
use crate::{CellStanding, Equivalence, EquivalenceCell, Report};

/// Rows of a map that are shown without opening it.
const OPEN: usize = 24;
/// Cells in a map; a larger scope is listed where something is wrong.
const MOST: usize = 2_000;
/// Claims that are listed.
const CLAIMS: usize = 50;

/// The map of each suite of equivalence.
pub(super) fn equivalence(report: &Report) -> String {
    let mut out = String::new();
    for (check, equivalence) in equivalences(report) {
        let _ = writeln!(out, "<h3 class=\"part\">{}</h3>", link(report, check));
        out.push_str(&of_suite(equivalence));
    }
    out
}

fn of_suite(equivalence: &Equivalence) -> String {
    let tone = match equivalence.overall.as_str() {
        "pass" => Tone::Good,
        "fail" => Tone::Bad,
        _ => Tone::Warn,
    };
    let mut out = format!(
        "<dl>\n<dt>Overall</dt><dd>{}</dd>\n",
        mark(tone, &plain(&equivalence.overall))
    );
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{value}</dd>");
    };
    row("Implementation", code(&equivalence.implementation));
    let references: Vec<String> = equivalence
        .references
        .iter()
        .map(|reference| {
            let oracle = if reference.oracle { " (oracle)" } else { "" };
            let not_run = reference
                .not_run
                .as_deref()
                .map(|why| format!(", not run: {}", prose(why)));
            format!("{}{oracle}{}", code(&reference.name), not_run.unwrap_or_default())
        })
        .collect();
    row("Compared with", references.join("; "));
    row("Cells that are the same", percent(equivalence.pass_rate.0));
    let score = match equivalence.mutants {
        0 => "no fault was put in".to_owned(),
        all => format!(
            "{} of {all} faults found ({})",
            equivalence.mutants_found,
            percent(equivalence.mutants_found as f64 / all as f64)
        ),
    };
    row("Mutation score", score);
    if let Some(ulp) = equivalence.max_ulp {
        row("Largest distance", format!("{ulp} ULP"));
    }
    out.push_str("</dl>\n");
    out.push_str(&map(&equivalence.cells));
    if !equivalence.exclusions.is_empty() {
        let rows: Vec<String> = equivalence
            .exclusions
            .iter()
            .map(|exclusion| {
                format!(
                    "<th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"keep\">{}</td><td class=\"wide\">{}</td>",
                    plain(&exclusion.scope),
                    plain(&exclusion.surface),
                    plain(&exclusion.risk),
                    plain(&exclusion.until),
                    prose(&exclusion.note)
                )
            })
            .collect();
        out.push_str(&table(
            "Cells left out",
            &["Left out", "Of", "Risk", "Last day", "Why"],
            &rows,
        ));
    }
    if !equivalence.claims.is_empty() {
        let mut body = "<ul class=\"plain\">\n".to_owned();
        for claim in equivalence.claims.iter().take(CLAIMS) {
            let _ = writeln!(body, "<li>{}</li>", prose(claim));
        }
        if equivalence.claims.len() > CLAIMS {
            let _ = writeln!(body, "<li>… and {} more</li>", equivalence.claims.len() - CLAIMS);
        }
        body.push_str("</ul>\n");
        out.push_str(&folded("What these cells show", &body));
    }
    out
}

fn look(standing: CellStanding) -> (Tone, &'static str) {
    match standing {
        CellStanding::Same => (Tone::Good, "same"),
        CellStanding::Different => (Tone::Bad, "different"),
        CellStanding::Known => (Tone::Calm, "known to differ"),
        CellStanding::Vacuous => (Tone::Warn, "vacuous"),
        CellStanding::Undecided => (Tone::Idle, "undecided"),
    }
}

/// The values of a cell by axis; `None` where its name has another form.
fn values(name: &str) -> Option<Vec<(&str, &str)>> {
    name.split(',').map(|pair| pair.split_once('=')).collect()
}

/// Cells with the values of the last axis as columns, and those of the others as rows.
fn map(cells: &[EquivalenceCell]) -> String {
    let mut out = "<ul class=\"legend\">".to_owned();
    for standing in [
        CellStanding::Same,
        CellStanding::Different,
        CellStanding::Known,
        CellStanding::Vacuous,
        CellStanding::Undecided,
    ] {
        let number = cells.iter().filter(|cell| cell.standing == standing).count();
        if number > 0 {
            let (tone, words) = look(standing);
            let _ = write!(out, "<li>{} {number}</li>", mark(tone, words));
        }
    }
    out.push_str("</ul>\n");
    let named: Option<Vec<Vec<(&str, &str)>>> = cells.iter().take(MOST).map(|cell| values(&cell.name)).collect();
    let same_axes = |named: &Vec<Vec<(&str, &str)>>| {
        let axes = |values: &[(&str, &str)]| values.iter().map(|(axis, _)| (*axis).to_owned()).collect::<Vec<_>>();
        named
            .first()
            .is_some_and(|first| first.len() > 1 && named.iter().all(|cell| axes(cell) == axes(first)))
    };
    let grid = match &named {
        Some(named) if cells.len() <= MOST && same_axes(named) => grid(cells, named),
        _ => list(cells),
    };
    out.push_str(&grid);
    let wrong: Vec<String> = cells
        .iter()
        .filter(|cell| cell.standing != CellStanding::Same)
        .take(MOST)
        .map(|cell| {
            let (tone, words) = look(cell.standing);
            format!(
                "<th scope=\"row\">{}</th><td class=\"keep\">{}</td><td class=\"num\">{}</td><td class=\"wide\">{}</td>",
                plain(&cell.name),
                mark(tone, words),
                cell.differences,
                cell.why.as_deref().map(prose).unwrap_or_default()
            )
        })
        .collect();
    if !wrong.is_empty() {
        out.push_str(&table(
            "Cells that are not the same",
            &["Cell", "Standing", "Differences<#>", "Why"],
            &wrong,
        ));
    }
    out
}

fn grid(cells: &[EquivalenceCell], named: &[Vec<(&str, &str)>]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: Vec<(String, Vec<Option<&EquivalenceCell>>)> = Vec::new();
    let mut axis = "";
    for (cell, values) in cells.iter().zip(named) {
        let Some(((name, value), others)) = values.split_last() else {
            continue;
        };
        axis = name;
        let column = columns.iter().position(|known| known == value).unwrap_or_else(|| {
            columns.push(value);
            columns.len() - 1
        });
        let others: Vec<String> = others.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        let others = others.join(", ");
        let row = rows.iter().position(|(known, _)| *known == others).unwrap_or_else(|| {
            rows.push((others, Vec::new()));
            rows.len() - 1
        });
        let row = &mut rows[row].1;
        if row.len() <= column {
            row.resize(column + 1, None);
        }
        row[column] = Some(cell);
    }
    let mut head = vec![format!("by {}", plain(axis))];
    head.extend(columns.iter().map(|column| plain(column)));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let body: Vec<String> = rows
        .iter()
        .map(|(name, cells)| {
            let mut out = format!("<th scope=\"row\">{}</th>", plain(name));
            for column in 0..columns.len() {
                match cells.get(column).copied().flatten() {
                    None => out.push_str("<td class=\"cell\"><span class=\"none\">–</span></td>"),
                    Some(cell) => out.push_str(&format!("<td class=\"cell\">{}</td>", tile(cell))),
                }
            }
            out
        })
        .collect();
    let map = format!(
        "<div class=\"matrix\">\n{}</div>\n",
        table("Cells of the scope", &head, &body)
    );
    if body.len() > OPEN {
        folded(&format!("{} rows", body.len()), &map)
    } else {
        map
    }
}

/// A cell: its sign, and the faults found of those put in.
fn tile(cell: &EquivalenceCell) -> String {
    let (tone, words) = look(cell.standing);
    let score = match cell.mutants {
        0 => String::new(),
        all => format!(" {}/{all}", cell.mutants_found),
    };
    format!(
        "<span class=\"mark {}\" title=\"{words}\"><span aria-hidden=\"true\">{}</span>{score}</span>",
        tone.class(),
        tone.sign()
    )
}

fn list(cells: &[EquivalenceCell]) -> String {
    let rows: Vec<String> = cells
        .iter()
        .take(MOST)
        .map(|cell| {
            let (tone, words) = look(cell.standing);
            format!(
                "<th scope=\"row\">{}</th><td class=\"keep\">{}</td><td class=\"num\">{} of {}</td>",
                plain(&cell.name),
                mark(tone, words),
                cell.mutants_found,
                cell.mutants
            )
        })
        .collect();
    let mut body = table("Cells of the scope", &["Cell", "Standing", "Faults found<#>"], &rows);
    if cells.len() > MOST {
        let _ = writeln!(body, "<p>… and {} more cells</p>", cells.len() - MOST);
    }
    folded(&format!("{} cells", cells.len()), &body)
}
