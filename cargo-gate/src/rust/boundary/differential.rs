//! The item parser against syn, over the sources of every crate this workspace is built from: the same sites outside
//! macros at the same places, in the same functions, with the same judgement about test code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::items;
use super::scan::Place;
use super::site::Kind;
use super::tokens::Tokens;

/// Files read at most, spread evenly over all of them: bounds the time where the tree is large.
const SAMPLE: usize = 6000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    line: u32,
    column: u32,
    kind: Kind,
    test: bool,
    functions: Vec<String>,
}

#[test]
fn agrees_with_syn_on_every_dependency() {
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in source_directories() {
        crate::built_from::collect(&directory, &mut files);
    }
    files.sort();
    let step = files.len().div_ceil(SAMPLE).max(1);
    let files: Vec<&PathBuf> = files.iter().step_by(step).collect();

    let halves = std::thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<(usize, usize, Vec<String>)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..halves)
            .map(|part| {
                let files = &files;
                scope.spawn(move || compare_all(files.iter().copied().skip(part).step_by(halves)))
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("a comparison panicked"))
            .collect()
    });
    let compared: usize = results.iter().map(|result| result.0).sum();
    let sites: usize = results.iter().map(|result| result.1).sum();
    let mut differences: Vec<String> = results.into_iter().flat_map(|result| result.2).collect();
    differences.sort();
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences[..differences.len().min(40)].join("\n")
    );
    assert!(
        compared > 500 && sites > 1000,
        "too little was compared: {sites} sites in {compared} files"
    );
}

fn compare_all<'p>(files: impl Iterator<Item = &'p PathBuf>) -> (usize, usize, Vec<String>) {
    let mut compared = 0;
    let mut sites = 0;
    let mut differences = Vec::new();
    for path in files {
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let Some(expected) = with_syn(&text) else { continue };
        compared += 1;
        sites += expected.len();
        let found = with_items(&text);
        for seen in found.symmetric_difference(&expected) {
            let side = if expected.contains(seen) { "only syn" } else { "only we" };
            differences.push(format!("{}: {side}: {seen:?}", path.display()));
        }
    }
    (compared, sites, differences)
}

fn with_items(text: &str) -> BTreeSet<Seen> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokens = Tokens::new(text);
    let mut sites = items::parse(&tokens).sites;
    sites.sort_by_key(|site| site.token);
    let mut place = Place::new(text);
    sites
        .into_iter()
        .filter_map(|site| {
            let (line, column) = place.of(tokens.all[site.token].start as usize);
            (!site.in_macro && is_syntax(site.kind)).then_some(Seen {
                line,
                column,
                kind: site.kind,
                test: site.test,
                functions: site.functions,
            })
        })
        .collect()
}

/// Kinds that a syntax tree knows.
fn is_syntax(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::UnsafeBlock | Kind::UnsafeFn | Kind::UnsafeImpl | Kind::UnsafeTrait | Kind::ExternBlock
    )
}

/// What syn says; `None` for files that it cannot read or holds unread tokens of.
fn with_syn(text: &str) -> Option<BTreeSet<Seen>> {
    let file = syn::parse_file(text).ok()?;
    let mut visitor = Visitor::default();
    visitor.under(&file.attrs, |this| visit::visit_file(this, &file));
    (!visitor.verbatim).then_some(visitor.seen)
}

#[derive(Default)]
struct Visitor {
    seen: BTreeSet<Seen>,
    functions: Vec<String>,
    tests: u32,
    verbatim: bool,
}

impl Visitor {
    fn site(&mut self, kind: Kind, span: proc_macro2::Span) {
        let start = span.start();
        self.seen.insert(Seen {
            line: start.line as u32,
            column: start.column as u32 + 1,
            kind,
            test: self.tests > 0,
            functions: self.functions.clone(),
        });
    }

    fn under(&mut self, attributes: &[syn::Attribute], then: impl FnOnce(&mut Self)) {
        let test = attributes.iter().any(is_test);
        self.tests += u32::from(test);
        then(self);
        self.tests -= u32::from(test);
    }

    fn function(&mut self, signature: &syn::Signature, then: impl FnOnce(&mut Self)) {
        if let Some(token) = signature_unsafe(signature) {
            self.site(Kind::UnsafeFn, token);
        }
        let name = signature.ident.to_string();
        self.functions.push(name.trim_start_matches("r#").to_owned());
        then(self);
        self.functions.pop();
    }
}

fn signature_unsafe(signature: &syn::Signature) -> Option<proc_macro2::Span> {
    match &signature.safety {
        syn::Safety::Unsafe(token) => Some(token.span),
        _ => None,
    }
}

fn is_test(attribute: &syn::Attribute) -> bool {
    let path = attribute.path();
    if path.is_ident("cfg") {
        return attribute
            .parse_args::<syn::Meta>()
            .is_ok_and(|meta| implies_test(&meta));
    }
    path.segments.last().is_some_and(|segment| {
        super::attributes::TEST_ATTRIBUTES
            .iter()
            .any(|name| segment.ident == name)
    })
}

fn implies_test(meta: &syn::Meta) -> bool {
    match meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            let Ok(parts) =
                list.parse_args_with(syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated)
            else {
                return false;
            };
            if list.path.is_ident("all") {
                parts.iter().any(implies_test)
            } else {
                list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(implies_test)
            }
        }
        _ => false,
    }
}

macro_rules! attributes_of {
    ($node:expr, $enumeration:ident: $($variant:ident)*) => {
        match $node {
            $(syn::$enumeration::$variant(inner) => inner.attrs.as_slice(),)*
            _ => &[],
        }
    };
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, node: &'ast syn::Item) {
        self.verbatim |= matches!(node, syn::Item::Verbatim(_));
        let attributes = attributes_of!(node, Item: Const Enum ExternCrate Fn ForeignMod Impl Macro Mod Static Struct Trait TraitAlias Type Union Use);
        self.under(attributes, |this| match node {
            syn::Item::Fn(item) => this.function(&item.sig, |this| visit::visit_item(this, node)),
            _ => visit::visit_item(this, node),
        });
    }

    fn visit_impl_item(&mut self, node: &'ast syn::ImplItem) {
        self.verbatim |= matches!(node, syn::ImplItem::Verbatim(_));
        let attributes = attributes_of!(node, ImplItem: Const Fn Type Macro);
        self.under(attributes, |this| match node {
            syn::ImplItem::Fn(item) => this.function(&item.sig, |this| visit::visit_impl_item(this, node)),
            _ => visit::visit_impl_item(this, node),
        });
    }

    fn visit_trait_item(&mut self, node: &'ast syn::TraitItem) {
        self.verbatim |= matches!(node, syn::TraitItem::Verbatim(_));
        let attributes = attributes_of!(node, TraitItem: Const Fn Type Macro);
        self.under(attributes, |this| match node {
            syn::TraitItem::Fn(item) => this.function(&item.sig, |this| visit::visit_trait_item(this, node)),
            _ => visit::visit_trait_item(this, node),
        });
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        if let Some(token) = node.unsafety {
            self.site(Kind::UnsafeImpl, token.span);
        }
        visit::visit_item_impl(self, node);
    }

    fn visit_item_trait(&mut self, node: &'ast syn::ItemTrait) {
        if let Some(token) = node.unsafety {
            self.site(Kind::UnsafeTrait, token.span);
        }
        visit::visit_item_trait(self, node);
    }

    fn visit_item_foreign_mod(&mut self, node: &'ast syn::ItemForeignMod) {
        let span = node.unsafety.map_or_else(|| node.abi.span(), |token| token.span);
        self.site(Kind::ExternBlock, span);
        visit::visit_item_foreign_mod(self, node);
    }

    fn visit_expr_unsafe(&mut self, node: &'ast syn::ExprUnsafe) {
        self.site(Kind::UnsafeBlock, node.unsafe_token.span);
        visit::visit_expr_unsafe(self, node);
    }

    fn visit_expr(&mut self, node: &'ast syn::Expr) {
        self.verbatim |= matches!(node, syn::Expr::Verbatim(_));
        let attributes = attributes_of!(node, Expr: Array Assign Async Await Binary Block Break Call Cast Closure Const Continue Field ForLoop Group If Index Let Lit Loop Macro Match MethodCall Paren Path Range Reference Repeat Return Struct Try TryBlock Tuple Unary Unsafe While Yield);
        self.under(attributes, |this| visit::visit_expr(this, node));
    }

    fn visit_local(&mut self, node: &'ast syn::Local) {
        self.under(&node.attrs, |this| visit::visit_local(this, node));
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        self.under(&node.attrs, |this| visit::visit_arm(this, node));
    }

    fn visit_field_value(&mut self, node: &'ast syn::FieldValue) {
        self.under(&node.attrs, |this| visit::visit_field_value(this, node));
    }

    fn visit_variant(&mut self, node: &'ast syn::Variant) {
        self.under(&node.attrs, |this| visit::visit_variant(this, node));
    }

    fn visit_type(&mut self, node: &'ast syn::Type) {
        self.verbatim |= matches!(node, syn::Type::Verbatim(_));
        visit::visit_type(self, node);
    }

    fn visit_pat(&mut self, node: &'ast syn::Pat) {
        self.verbatim |= matches!(node, syn::Pat::Verbatim(_));
        visit::visit_pat(self, node);
    }
}

/// Directories of all packages outside of this workspace that it is built from on this platform.
fn source_directories() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = crate::built_from::packages()
        .iter()
        .filter(|package| package.source.is_some())
        .filter_map(|package| package.manifest_path.as_std_path().parent().map(Path::to_owned))
        .collect();
    directories.sort();
    directories
}
