//! Pages of sites: what a generator of sites reads has links by the rules of that generator, not by those of files.

use std::collections::BTreeSet;

use gate_base::paths::parent;
use gate_surveys::document::Document;
use gate_world::files::{FileKind, FileList};

/// Configurations by which a directory is known as a site, by the beginning of their names. mdBook and MkDocs are not among them:
/// their pages link to each other as files do.
const CONFIGURATIONS: &[&str] = &[
    "_config.yml",
    "_config.yaml",
    "antora.yml",
    "astro.config.",
    "docusaurus.config.",
    ".eleventy.",
    "eleventy.config.",
    "gatsby-config.",
    "hugo.toml",
    "hugo.yaml",
    "hugo.yml",
    "hugo.json",
    "next.config.",
    "nuxt.config.",
    "svelte.config.",
];

/// Directories that generators keep beside the pages of a site.
const BESIDE: &[&str] = &[".vitepress", ".vuepress"];

/// Names of directories that hold a site, as pages with front matter show.
const NAMES: &[&str] = &["site", "website", "www"];

/// The directories of sites in a workspace.
pub(super) struct Sites(BTreeSet<String>);

impl Sites {
    /// Sites, as far as file names tell. Zola, and older versions of Hugo, have a `config.toml` beside `content`.
    pub(super) fn of(files: &FileList) -> Self {
        let mut sites = BTreeSet::new();
        for file in files.iter().filter(|file| file.kind != FileKind::Missing) {
            let (directory, name) = (parent(&file.path), file.path.rsplit('/').next().unwrap_or_default());
            let content = || {
                let content = if directory.is_empty() {
                    "content/".to_owned()
                } else {
                    format!("{directory}/content/")
                };
                files.starting_with(&content).next().is_some()
            };
            if CONFIGURATIONS.iter().any(|known| name.starts_with(known))
                || matches!(name, "config.toml" | "config.yaml" | "config.yml") && content()
            {
                sites.insert(directory.to_owned());
            }
            let above = BESIDE.iter().find_map(|beside| {
                let at = format!("/{directory}/").find(&format!("/{beside}/"))?;
                Some(directory.get(..at.saturating_sub(1)).unwrap_or_default())
            });
            sites.extend(above.map(str::to_owned));
        }
        Self(sites)
    }

    /// Whether a document is a page of a site. Of a site that is the whole workspace only what has front matter, or stands in a
    /// directory of the generator, is one.
    pub(super) fn has(&self, document: &Document) -> bool {
        let of = |site: &String| {
            document
                .path
                .strip_prefix(site.as_str())
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let has_front_matter = || {
            let first = document.text.lines().next().map(str::trim_end);
            matches!(first, Some("---" | "+++"))
        };
        let marked = || has_front_matter() || parent(&document.path).split('/').any(|part| part.starts_with('_'));
        // The configuration may be elsewhere, or in a repository of its own.
        let is_below_a_site = || parent(&document.path).split('/').any(|part| NAMES.contains(&part));
        self.0
            .iter()
            .any(|site| if site.is_empty() { marked() } else { of(site) })
            || is_below_a_site() && has_front_matter()
    }
}

#[cfg(test)]
mod tests {
    use gate_contract::testing::World;

    use super::super::links::CHECK;

    fn said(documents: &[(&str, &str)], others: &[&str]) -> String {
        let mut world = World::new();
        world.documents(documents, others);
        world.text(&CHECK)
    }

    #[test]
    fn links_of_a_site_are_those_of_its_generator() {
        for configuration in [
            "site/hugo.toml",
            "site/config.toml",
            "site/docusaurus.config.ts",
            "site/.vitepress/config.mts",
            "site/_config.yml",
        ] {
            let page = ("site/content/guide.md", "[x](../reference/#options)");
            assert_eq!(said(&[page], &[configuration]), "", "{configuration}");
        }
        assert_ne!(
            said(&[("docs/guide.md", "[x](../reference/)")], &["docs/book.toml"]),
            ""
        );
    }

    #[test]
    fn pages_with_front_matter_below_a_site_need_no_configuration() {
        let broken = "[x](../reference/#options)";
        let page = format!("---\ntitle: x\n---\n{broken}");
        for directory in ["site", "website/docs", "www"] {
            let path = format!("{directory}/guide.md");
            assert_eq!(said(&[(&path, &page)], &[]), "", "{path}");
            assert_ne!(said(&[(&path, broken)], &[]), "", "{path}");
        }
        assert_ne!(said(&[("docs/guide.md", &page)], &[]), "");
    }

    #[test]
    fn a_site_that_is_the_whole_workspace_leaves_documents_without_front_matter() {
        let broken = "[x](x.md)";
        let front = format!("---\ntitle: x\n---\n{broken}");
        assert_eq!(
            said(
                &[("posts/a.md", &front), ("_includes/nav.md", broken)],
                &["_config.yml"]
            ),
            ""
        );
        assert_ne!(said(&[("README.md", broken)], &["_config.yml"]), "");
    }

    #[test]
    fn the_index_of_a_directory_of_a_book_is_its_readme() {
        let pages = [
            ("book/src/SUMMARY.md", "[a](a.md)"),
            ("book/src/a.md", "[b](b/index.md) [c](c/index.md)"),
            ("book/src/b/README.md", ""),
        ];
        let said = said(&pages, &[]);
        assert!(said.contains("`c/index.md`") && !said.contains("b/index.md"), "{said}");
    }
}
