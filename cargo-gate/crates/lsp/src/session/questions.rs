//! What the client asks about a place in a document. What is not known is `null`, which is no error.

use std::path::{Path, PathBuf};

use lsp_server::{ErrorCode, Notification, Request};
use lsp_types::{
    CodeActionParams, CompletionParams, DefinitionParams, ExecuteCommandParams, Hover, HoverParams, InlayHint,
    InlayHintKind, InlayHintParams, Location, MarkupContent, MarkupKind, Position, Range, TextDocumentPositionParams,
    Uri,
};
use serde_json::Value;

use super::{Answer, Document, Effect, Session, answer, read};
use crate::kernel::jump::{self, Line};
use crate::kernel::signature::{self, Signature};
use crate::text::Text;
use crate::{actions, gate_toml, kernel, paths};
use gate_gpu::kernels::check::crate_of;

impl Session {
    fn document(&self, uri: &Uri) -> Option<(PathBuf, &Document)> {
        let path = paths::to_path(uri)?;
        let document = self.documents.get(&path)?;
        Some((path, document))
    }

    fn place(&self, params: &TextDocumentPositionParams) -> Option<(PathBuf, &Document, usize)> {
        let (path, document) = self.document(&params.text_document.uri)?;
        let offset = document.text.offset(params.position);
        Some((path, document, offset))
    }

    fn is_policy(&self, path: &Path) -> bool {
        gate_toml::is_policy(path, self.policy.as_deref())
    }

    pub(super) fn hover(&self, params: &HoverParams) -> Answer {
        let Some((path, document, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        let text = &document.text;
        let found = if self.is_policy(&path) {
            gate_toml::hover::at(text.as_str(), offset)
        } else {
            self.signature_at(&path, text, offset)
        };
        let Some((markdown, bytes)) = found else {
            return Ok(Value::Null);
        };
        let contents = MarkupContent {
            kind: MarkupKind::Markdown,
            value: markdown,
        };
        answer(Hover {
            contents: contents.into(),
            range: Some(text.range(&bytes)),
        })
    }

    /// The signature of the entry whose name stands at a place.
    fn signature_at(&self, path: &Path, text: &Text, offset: usize) -> Option<(String, std::ops::Range<usize>)> {
        let name = signature::name_at(text.as_str(), offset);
        let word = text.part(name.clone());
        let found = self.signatures(path, text);
        let found = found.iter().find(|signature| signature.is_called(word))?;
        Some((found.markdown(), name))
    }

    /// The entries of a kernel source or of a PTX text: from the PTX that was compiled last, with what ptxas said for the lock.
    fn signatures(&self, path: &Path, text: &Text) -> Vec<Signature> {
        if kernel::is_ptx(path) {
            let entries = signature::of_ptx(text.as_str()).into_iter();
            return entries.map(|(_, signature)| signature).collect();
        }
        if !kernel::is_source(path) {
            return Vec::new();
        }
        let locked = crate_of(path)
            .map(|directory| signature::of_lock(directory, path))
            .unwrap_or_default();
        let image = self.compiled.get(path).and_then(|checked| checked.images.first());
        let Some(ptx) = image.and_then(|image| read(&image.ptx)) else {
            return locked;
        };
        let mut entries: Vec<Signature> = signature::of_ptx(&ptx).into_iter().map(|(_, entry)| entry).collect();
        for entry in &mut entries {
            let same = locked.iter().find(|locked| locked.symbol == entry.symbol);
            entry.usage = same.and_then(|locked| locked.usage);
        }
        entries
    }

    pub(super) fn completion(&self, params: &CompletionParams) -> Answer {
        let Some((path, document, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        if !self.is_policy(&path) {
            return Ok(Value::Null);
        }
        answer(gate_toml::complete::at(
            &document.text,
            offset,
            &path,
            &mut self.reader(),
        ))
    }

    pub(super) fn code_action(&self, params: &CodeActionParams) -> Answer {
        let Some((path, document)) = self.document(&params.text_document.uri) else {
            return Ok(Value::Null);
        };
        let bytes = document.text.bytes(&params.range);
        let mut offered = if self.is_policy(&path) {
            gate_toml::problems::fixes(&document.text, &document.uri, &bytes, &path, &mut self.reader())
        } else {
            Vec::new()
        };
        if let (Some(root), Some(report)) = (&self.root, &self.report) {
            let find = |path: &Path| {
                Some(match self.documents.get(path) {
                    Some(open) => (open.uri.clone(), open.text.clone()),
                    None => (paths::to_uri(path)?, Text::new(read(path)?)),
                })
            };
            offered.extend(actions::at(root, report, (&path, &document.text), &bytes, &find));
        }
        answer(offered)
    }

    /// Shows the page of a check: as a document where the client can do that, and as a message elsewhere.
    pub(super) fn execute(&self, params: &ExecuteCommandParams, effects: &mut Vec<Effect>) -> Answer {
        let check = params.arguments.iter().flatten().next().and_then(Value::as_str);
        let page = check
            .filter(|_| params.command == actions::EXPLAIN)
            .and_then(|check| Some((check, actions::page(check)?)));
        let Some((check, page)) = page else {
            return Err((
                ErrorCode::InvalidParams,
                format!("unknown command `{}`", params.command),
            ));
        };
        let shown = self.shows.then(|| self.kept(check, &page)).flatten();
        effects.push(Effect::Send(match shown.and_then(|path| paths::to_uri(&path)) {
            Some(uri) => {
                let params = serde_json::json!({ "uri": uri, "takeFocus": true });
                Request::new("page".to_owned().into(), "window/showDocument".to_owned(), params).into()
            }
            None => {
                let params = serde_json::json!({ "type": 3, "message": page });
                Notification::new("window/showMessage".to_owned(), params).into()
            }
        }));
        Ok(Value::Null)
    }

    /// The page of a check as a file of the gate directory.
    fn kept(&self, check: &str, page: &str) -> Option<PathBuf> {
        let directory = self.gate_dir.as_ref()?.join("lsp").join("checks");
        std::fs::create_dir_all(&directory).ok()?;
        let path = directory.join(format!("{check}.md"));
        gate_base::atomic::write(&path, page.as_bytes()).ok()?;
        Some(path)
    }

    pub(super) fn inlay_hint(&self, params: &InlayHintParams) -> Answer {
        let Some((path, document)) = self.document(&params.text_document.uri) else {
            return Ok(Value::Null);
        };
        if !kernel::is_source(&path) {
            return Ok(Value::Null);
        }
        let text = &document.text;
        let wanted = text.bytes(&params.range);
        let signatures = self.signatures(&path, text);
        let mut hints = Vec::new();
        for name in signature::definitions(text.as_str()) {
            if name.start < wanted.start || name.end > wanted.end {
                continue;
            }
            let word = text.part(name.clone());
            // A template has as many entries as it was instantiated with; none of them is the one.
            let mut entries = signatures.iter().filter(|signature| signature.is_called(word));
            let (Some(entry), None) = (entries.next(), entries.next()) else {
                continue;
            };
            hints.push(InlayHint {
                position: text.position(name.end),
                label: entry.types().into(),
                kind: Some(InlayHintKind::Type),
                text_edits: None,
                tooltip: Some(
                    MarkupContent {
                        kind: MarkupKind::Markdown,
                        value: entry.markdown(),
                    }
                    .into(),
                ),
                padding_left: Some(false),
                padding_right: Some(true),
                data: None,
            });
        }
        answer(hints)
    }

    pub(super) fn definition(&self, params: &DefinitionParams) -> Answer {
        let Some((path, document, offset)) = self.place(&params.text_document_position_params) else {
            return Ok(Value::Null);
        };
        if self.is_policy(&path) {
            let found = gate_toml::bases::declared(document.text.as_str(), offset, &path, &mut self.reader());
            let place = found.and_then(|(path, text, bytes)| {
                let uri = self.documents.get(&path).map(|open| open.uri.clone());
                Some(Location {
                    uri: uri.or_else(|| paths::to_uri(&path))?,
                    range: Text::new(text).range(&bytes),
                })
            });
            return answer(place);
        }
        let line = params.text_document_position_params.position.line.saturating_add(1);
        let lines = if kernel::is_source(&path) {
            self.compiled
                .get(&path)
                .into_iter()
                .flat_map(|checked| checked.images.iter().map(move |image| (checked, image)))
                .flat_map(|(checked, image)| {
                    let ptx = read(&image.ptx).unwrap_or_default();
                    jump::to_ptx(&checked.directory, &path, line, &image.ptx, &ptx)
                })
                .collect()
        } else if kernel::is_ptx(&path) {
            self.sources_of(&path, document.text.as_str(), line)
        } else {
            Vec::new()
        };
        let places: Vec<Location> = lines.iter().filter_map(|line| self.location(line)).collect();
        if places.is_empty() {
            return Ok(Value::Null);
        }
        answer(places)
    }

    /// The places that a line of PTX was made from: its paths are relative to the crate that it was compiled for, or whose lock lies beside it.
    fn sources_of(&self, path: &Path, text: &str, line: u32) -> Vec<Line> {
        let compiled = self.compiled.values().find(|checked| {
            let images = checked.images.iter();
            images
                .map(|image| image.ptx.components().collect::<PathBuf>())
                .any(|ptx| ptx == path)
        });
        let directories = [
            compiled.map(|checked| checked.directory.as_path()),
            crate_of(path),
            self.root.as_deref(),
        ];
        directories
            .into_iter()
            .flatten()
            .map(|directory| jump::to_source(directory, text, line))
            .find(|lines| lines.iter().any(|line| line.path.is_file()))
            .unwrap_or_default()
    }

    fn location(&self, line: &Line) -> Option<Location> {
        let document = self.documents.get(&line.path);
        let uri = match document {
            Some(open) => open.uri.clone(),
            None => paths::to_uri(&line.path)?,
        };
        let on_disk;
        let text = match document {
            Some(open) => &open.text,
            None => {
                on_disk = Text::new(read(&line.path)?);
                &on_disk
            }
        };
        let start = match line.column {
            Some(column) => text.span(line.first, column, 0).start,
            None => Position {
                line: line.first.saturating_sub(1),
                character: 0,
            },
        };
        let end = text.whole_line(line.last).end.max(start);
        Some(Location {
            uri,
            range: Range { start, end },
        })
    }
}
