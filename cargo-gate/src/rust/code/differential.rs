//! The places that panic against syn, over the sources of every crate this workspace is built from: outside of macros
//! the same places of the same kind.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::scan::scan_file;
use crate::rust::facts::PanicKind;

/// Files read at most, spread evenly over all of them: bounds the time where the tree is large.
const SAMPLE: usize = 3000;

type Seen = (u32, u32, PanicKind);

#[test]
fn agrees_with_syn_on_every_dependency() {
    let mut files: Vec<PathBuf> = Vec::new();
    for package in crate::built_from::packages() {
        let directory = package.manifest_path.as_std_path().parent();
        if let (Some(directory), true) = (directory, package.source.is_some()) {
            crate::built_from::collect(directory, &mut files);
        }
    }
    files.sort();
    let step = files.len().div_ceil(SAMPLE).max(1);
    let files: Vec<&PathBuf> = files.iter().step_by(step).collect();
    let results = crate::base::parallel::map(&files, &|file| compare(file));
    let compared = results.iter().flatten().count();
    let places: usize = results.iter().flatten().map(|(places, _)| places).sum();
    let differences: Vec<String> = results.into_iter().flatten().flat_map(|(_, found)| found).collect();
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences[..differences.len().min(60)].join("\n")
    );
    assert!(
        compared > 500 && places > 3000,
        "too little was compared: {places} places in {compared} files"
    );
}

/// Number of places and the differences; `None` for a file that syn does not read.
fn compare(path: &Path) -> Option<(usize, Vec<String>)> {
    let text = std::fs::read_to_string(path).ok()?;
    let file = syn::parse_file(&text).ok()?;
    let mut visitor = Visitor::default();
    if !file.attrs.iter().any(is_test) {
        visitor.visit_file(&file);
    }
    if visitor.verbatim {
        return None;
    }
    let found: BTreeSet<Seen> = scan_file(text.as_bytes())
        .panics
        .into_iter()
        .filter(|site| !site.in_macro)
        .map(|site| (site.line, site.column, site.kind))
        .collect();
    let differences = found.symmetric_difference(&visitor.seen).map(|seen| {
        let side = if visitor.seen.contains(seen) {
            "only syn"
        } else {
            "only we"
        };
        format!("{}:{}:{}: {side}: {}", path.display(), seen.0, seen.1, seen.2)
    });
    Some((visitor.seen.len(), differences.collect()))
}

#[derive(Default)]
struct Visitor {
    seen: BTreeSet<Seen>,
    /// How many values that the compiler evaluates are around.
    constants: u32,
    verbatim: bool,
}

impl Visitor {
    fn see(&mut self, kind: PanicKind, span: proc_macro2::Span) {
        if self.constants == 0 {
            let start = span.start();
            self.seen.insert((start.line as u32, start.column as u32 + 1, kind));
        }
    }

    fn constant(&mut self, expression: &syn::Expr) {
        self.constants += 1;
        self.visit_expr(expression);
        self.constants -= 1;
    }

    fn at_run_time(&mut self, then: impl FnOnce(&mut Self)) {
        let constants = std::mem::take(&mut self.constants);
        then(self);
        self.constants = constants;
    }
}

fn is_test(attribute: &syn::Attribute) -> bool {
    let tokens = quote_free(attribute);
    crate::rust::boundary::attributes::read(&tokens, 0, tokens.len()).test
}

/// The attribute's own tokens, read by our lexer: which attributes mean tests is compared elsewhere.
fn quote_free(attribute: &syn::Attribute) -> crate::rust::boundary::tokens::Tokens<'static> {
    let text = attribute.meta.span().source_text().unwrap_or_default();
    crate::rust::boundary::tokens::Tokens::new(text.leak())
}

macro_rules! skip_tests {
    ($($visit:ident $type:ident: $($variant:ident)*;)*) => {
        $(
            fn $visit(&mut self, node: &'ast syn::$type) {
                self.verbatim |= matches!(node, syn::$type::Verbatim(_));
                let attributes: &[syn::Attribute] = match node {
                    $(syn::$type::$variant(inner) => &inner.attrs,)*
                    _ => &[],
                };
                if !attributes.iter().any(is_test) {
                    visit::$visit(self, node);
                }
            }
        )*
    };
}

impl<'ast> Visit<'ast> for Visitor {
    skip_tests! {
        visit_item Item: Const Enum ExternCrate Fn ForeignMod Impl Macro Mod Static Struct Trait TraitAlias Type Union Use;
        visit_impl_item ImplItem: Const Fn Type Macro;
        visit_trait_item TraitItem: Const Fn Type Macro;
    }

    fn visit_local(&mut self, node: &'ast syn::Local) {
        if !node.attrs.iter().any(is_test) {
            visit::visit_local(self, node);
        }
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        if !node.attrs.iter().any(is_test) {
            visit::visit_arm(self, node);
        }
    }

    fn visit_variant(&mut self, node: &'ast syn::Variant) {
        if !node.attrs.iter().any(is_test) {
            visit::visit_variant(self, node);
        }
    }

    fn visit_field_value(&mut self, node: &'ast syn::FieldValue) {
        if !node.attrs.iter().any(is_test) {
            visit::visit_field_value(self, node);
        }
    }

    fn visit_item_const(&mut self, node: &'ast syn::ItemConst) {
        self.constant(&node.expr);
    }

    fn visit_item_static(&mut self, node: &'ast syn::ItemStatic) {
        self.constant(&node.expr);
    }

    fn visit_impl_item_const(&mut self, node: &'ast syn::ImplItemConst) {
        self.constant(&node.expr);
    }

    fn visit_trait_item_const(&mut self, node: &'ast syn::TraitItemConst) {
        if let Some((_, value)) = &node.default {
            self.constant(value);
        }
    }

    fn visit_expr_const(&mut self, node: &'ast syn::ExprConst) {
        self.constants += 1;
        visit::visit_expr_const(self, node);
        self.constants -= 1;
    }

    fn visit_expr_closure(&mut self, node: &'ast syn::ExprClosure) {
        self.at_run_time(|this| visit::visit_expr_closure(this, node));
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.at_run_time(|this| visit::visit_item_fn(this, node));
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.at_run_time(|this| visit::visit_impl_item_fn(this, node));
    }

    fn visit_expr(&mut self, node: &'ast syn::Expr) {
        self.verbatim |= matches!(node, syn::Expr::Verbatim(_));
        let tested = matches!(node, syn::Expr::Block(block) if block.attrs.iter().any(is_test))
            || matches!(node, syn::Expr::If(inner) if inner.attrs.iter().any(is_test))
            || matches!(node, syn::Expr::MethodCall(inner) if inner.attrs.iter().any(is_test))
            || matches!(node, syn::Expr::Call(inner) if inner.attrs.iter().any(is_test));
        if !tested {
            visit::visit_expr(self, node);
        }
    }

    fn visit_expr_index(&mut self, node: &'ast syn::ExprIndex) {
        let whole = matches!(&*node.index, syn::Expr::Range(range) if range.start.is_none() && range.end.is_none());
        if !whole {
            self.see(PanicKind::Indexing, node.bracket_token.span.open());
        }
        visit::visit_expr_index(self, node);
    }

    fn visit_expr_method_call(&mut self, node: &'ast syn::ExprMethodCall) {
        let kind = match node.method.to_string().as_str() {
            "unwrap" | "unwrap_err" if node.args.is_empty() => Some(PanicKind::Unwrap),
            "expect" | "expect_err" if !node.args.is_empty() => Some(PanicKind::Expect),
            _ => None,
        };
        if let Some(kind) = kind.filter(|_| node.turbofish.is_none()) {
            self.see(kind, node.method.span());
        }
        visit::visit_expr_method_call(self, node);
    }

    fn visit_expr_path(&mut self, node: &'ast syn::ExprPath) {
        let mut segments = node.path.segments.iter().rev();
        if let (Some(last), Some(of)) = (segments.next(), segments.next())
            && (of.ident == "Option" || of.ident == "Result")
        {
            let kind = match last.ident.to_string().as_str() {
                "unwrap" | "unwrap_err" => Some(PanicKind::Unwrap),
                "expect" | "expect_err" => Some(PanicKind::Expect),
                _ => None,
            };
            if let Some(kind) = kind {
                self.see(kind, last.ident.span());
            }
        }
        visit::visit_expr_path(self, node);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        let Some(last) = node.path.segments.last() else { return };
        let kind = PanicKind::ALL[2..6].iter().find(|kind| last.ident == kind.name());
        if let Some(kind) = kind {
            self.see(*kind, last.ident.span());
        }
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
