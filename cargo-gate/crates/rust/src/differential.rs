//! The item parser and the facts about panics against syn, over the sources of every crate this workspace is built from:
//! outside of macros the same sites at the same places, in the same functions, with the same judgement about test code, and
//! the same places that panic.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use crate::boundary::items;
use crate::boundary::scan::Place;
use crate::boundary::site::Kind;
use crate::boundary::tokens::Tokens;
use crate::code::scan::scan_file;
use crate::facts::PanicKind;

/// Files read at most, spread evenly over all of them: bounds the time where the tree is large.
const SAMPLE: usize = 6000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    line: u32,
    column: u32,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Site {
        kind: Kind,
        test: bool,
        functions: Vec<String>,
    },
    Panic(PanicKind),
}

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
    let results = gate_base::parallel::map(&files, &|file| compare(file));
    let results: Vec<_> = results.into_iter().flatten().collect();
    let differences: Vec<&str> = results
        .iter()
        .flat_map(|(_, found)| found)
        .map(String::as_str)
        .collect();
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences[..differences.len().min(60)].join("\n")
    );
    let (compared, places) = (results.len(), results.iter().map(|(places, _)| places).sum::<usize>());
    assert!(
        compared > 500 && places > 4000,
        "too little was compared: {places} places in {compared} files"
    );
}

/// Number of places and the differences; `None` for a file that syn does not read.
fn compare(path: &Path) -> Option<(usize, Vec<String>)> {
    let text = std::fs::read_to_string(path).ok()?;
    let expected = with_syn(&text)?;
    let found = with_tokens(&text);
    let differences = found.symmetric_difference(&expected).map(|seen| {
        let side = if expected.contains(seen) { "only syn" } else { "only we" };
        format!("{}: {side}: {seen:?}", path.display())
    });
    Some((expected.len(), differences.collect()))
}

fn with_tokens(text: &str) -> BTreeSet<Seen> {
    let panics = scan_file(text.as_bytes()).panics.into_iter();
    let panics = panics.filter(|site| !site.in_macro).map(|site| Seen {
        line: site.line,
        column: site.column,
        what: What::Panic(site.kind),
    });
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokens = Tokens::new(text);
    let mut sites = items::parse(&tokens).sites;
    sites.sort_by_key(|site| site.token);
    let mut place = Place::new(text);
    let sites = sites.into_iter().filter_map(|site| {
        let (line, column) = place.of(tokens.all[site.token].start as usize);
        let what = What::Site {
            kind: site.kind,
            test: site.test,
            functions: site.functions,
        };
        (!site.in_macro && is_syntax(site.kind)).then_some(Seen { line, column, what })
    });
    sites.chain(panics).collect()
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
    /// How many values that the compiler evaluates are around.
    constants: u32,
    verbatim: bool,
}

impl Visitor {
    fn see(&mut self, what: What, span: proc_macro2::Span) {
        let start = span.start();
        self.seen.insert(Seen {
            line: start.line as u32,
            column: start.column as u32 + 1,
            what,
        });
    }

    fn site(&mut self, kind: Kind, span: proc_macro2::Span) {
        let what = What::Site {
            kind,
            test: self.tests > 0,
            functions: self.functions.clone(),
        };
        self.see(what, span);
    }

    fn panic(&mut self, kind: PanicKind, span: proc_macro2::Span) {
        if self.constants == 0 && self.tests == 0 {
            self.see(What::Panic(kind), span);
        }
    }

    fn constant(&mut self, then: impl FnOnce(&mut Self)) {
        self.constants += 1;
        then(self);
        self.constants -= 1;
    }

    fn at_run_time(&mut self, then: impl FnOnce(&mut Self)) {
        let constants = std::mem::take(&mut self.constants);
        then(self);
        self.constants = constants;
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
        crate::boundary::attributes::TEST_ATTRIBUTES
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
        // An empty block declares nothing, and what `wasm_bindgen` reads is JavaScript.
        let path = |attribute: &syn::Attribute| {
            attribute
                .path()
                .segments
                .iter()
                .any(|part| part.ident == "wasm_bindgen")
        };
        if !node.items.is_empty() && !node.attrs.iter().any(path) {
            let span = node.unsafety.map_or_else(|| node.abi.span(), |token| token.span);
            self.site(Kind::ExternBlock, span);
        }
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

    fn visit_item_const(&mut self, node: &'ast syn::ItemConst) {
        self.constant(|this| visit::visit_item_const(this, node));
    }

    fn visit_item_static(&mut self, node: &'ast syn::ItemStatic) {
        self.constant(|this| visit::visit_item_static(this, node));
    }

    fn visit_impl_item_const(&mut self, node: &'ast syn::ImplItemConst) {
        self.constant(|this| visit::visit_impl_item_const(this, node));
    }

    fn visit_trait_item_const(&mut self, node: &'ast syn::TraitItemConst) {
        self.constant(|this| visit::visit_trait_item_const(this, node));
    }

    fn visit_expr_const(&mut self, node: &'ast syn::ExprConst) {
        self.constant(|this| visit::visit_expr_const(this, node));
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

    fn visit_expr_index(&mut self, node: &'ast syn::ExprIndex) {
        let whole = matches!(&*node.index, syn::Expr::Range(range) if range.start.is_none() && range.end.is_none());
        if !whole {
            self.panic(PanicKind::Indexing, node.bracket_token.span.open());
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
            self.panic(kind, node.method.span());
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
                self.panic(kind, last.ident.span());
            }
        }
        visit::visit_expr_path(self, node);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        let Some(last) = node.path.segments.last() else { return };
        let kind = PanicKind::ALL[2..6].iter().find(|kind| last.ident == kind.name());
        if let Some(kind) = kind {
            self.panic(*kind, last.ident.span());
        }
    }
}
