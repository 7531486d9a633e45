//! Circles and layers of a directed graph.

use std::collections::{BTreeMap, BTreeSet};

/// What each node leads to.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// Everything that can be reached from a node by at least one arrow.
fn reached<'a>(graph: &'a Graph, from: &str) -> BTreeSet<&'a str> {
    let next = |node: &str| graph.get(node).into_iter().flatten().map(String::as_str);
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = next(from).collect();
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            open.extend(next(node));
        }
    }
    seen
}

/// The groups of nodes that all lead to each other, each sorted.
pub fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reached: BTreeMap<&str, _> = graph.keys().map(|node| (node.as_str(), reached(graph, node))).collect();
    let mut circles = BTreeSet::new();
    for (node, nodes) in &reached {
        if nodes.contains(node) {
            let back = |other: &&&str| reached.get(**other).is_some_and(|nodes| nodes.contains(node));
            circles.insert(nodes.iter().filter(back).map(ToString::to_string).collect());
        }
    }
    circles.into_iter().collect()
}

/// The nodes from bottom to top: each layer imports from those below it only. Nodes of one circle share a layer.
pub fn layers(graph: &Graph) -> Vec<Vec<String>> {
    let mut depths: BTreeMap<&str, usize> = graph.keys().map(|node| (node.as_str(), 0)).collect();
    let reached: BTreeMap<&str, _> = graph.keys().map(|node| (node.as_str(), reached(graph, node))).collect();
    let in_circle = |a: &str, b: &str| reached.get(b).is_some_and(|nodes| nodes.contains(a));
    loop {
        let mut higher = Vec::new();
        for (node, imports) in graph {
            for import in imports.iter().filter(|import| graph.contains_key(*import)) {
                let least = depths[import.as_str()] + usize::from(!in_circle(node, import));
                if depths[node.as_str()] < least {
                    higher.push((node.as_str(), least));
                }
            }
        }
        if higher.is_empty() {
            break;
        }
        for (node, depth) in higher {
            let known = depths.entry(node).or_default();
            *known = depth.max(*known);
        }
    }
    let mut layers = Vec::new();
    for (node, depth) in depths {
        layers.resize(layers.len().max(depth + 1), Vec::new());
        layers[depth].push(node.to_owned());
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(arrows: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in arrows {
            graph.entry((*from).into()).or_default().insert((*to).into());
            graph.entry((*to).into()).or_default();
        }
        graph
    }

    #[test]
    fn circles_are_found_and_what_leads_to_them_is_not_in_them() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("e", "e")]);
        assert_eq!(circles(&graph), [vec!["b", "c"], vec!["e"]]);
    }

    #[test]
    fn layers_stand_on_what_they_import() {
        let graph = graph(&[
            ("top", "left"),
            ("top", "low"),
            ("left", "low"),
            ("right", "low"),
            ("x", "y"),
            ("y", "x"),
        ]);
        assert_eq!(
            layers(&graph),
            [vec!["low", "x", "y"], vec!["left", "right"], vec!["top"]]
        );
    }
}
