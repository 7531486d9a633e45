//! Reading `kernels.lock`.

use toml_span::Value;

use super::error::LockError;
use super::fields::{Fields, Source, number, text};
use super::{KernelLock, LockedCompiler, LockedEntry, LockedImage, VERSION, source_fingerprint};
use crate::arch::Arch;
use crate::digest::Digest;
use crate::ptx::{ParamType, Performance};
use crate::resources::{Budget, Limit, Usage};
use crate::sorted::Map;
use crate::unit::UnitName;

impl KernelLock {
    /// Reads the text of a `kernels.lock`.
    ///
    /// # Errors
    /// The text is no TOML, has another version, lacks a field or has one too many, or contradicts itself. The message has a line.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let source = Source(text);
        let root =
            toml_span::parse(text).map_err(|error| source.error(error.span.start, format!("invalid TOML: {error}")))?;
        let mut fields = Fields::of(source, &root, "the lock")?;
        let version = fields.required("version")?;
        let found = number(source, version, "version")?;
        if found != VERSION {
            return Err(source.error(
                version.span.start,
                format!("unsupported lock version {found}: this gate-build reads version {VERSION}"),
            ));
        }
        let mut lock = Self::default();
        let patterns = fields.list("cuda", |value| read_pattern(source, value))?;
        lock.cuda.extend(patterns);
        let headers = fields.list("headers", |value| read_headers(source, value))?;
        lock.headers.extend(headers);
        for (kernel, budget, line) in fields.list("budget", |value| read_budget(source, value))? {
            if lock.budgets.insert(kernel.clone(), budget).is_some() {
                return Err(LockError {
                    line,
                    message: format!("duplicate budget for `{kernel}`"),
                });
            }
        }
        for (unit, arch, image, line) in fields.list("image", |value| read_image(source, value))? {
            let images = &mut lock.units.or_default(unit.clone()).images;
            if images.insert(arch, image).is_some() {
                return Err(LockError {
                    line,
                    message: format!("duplicate image of `{unit}` for {arch}"),
                });
            }
        }
        fields.finish()?;
        Ok(lock)
    }
}

/// A library of headers.
fn read_headers(source: Source<'_>, value: &Value<'_>) -> Result<String, LockError> {
    text(source, value, "headers").map(str::to_string)
}

/// A pattern of sources.
fn read_pattern(source: Source<'_>, value: &Value<'_>) -> Result<String, LockError> {
    text(source, value, "cuda").map(str::to_string)
}

fn read_budget(source: Source<'_>, value: &Value<'_>) -> Result<(String, Budget, usize), LockError> {
    let mut fields = Fields::of(source, value, "a budget")?;
    let line = fields.error("").line;
    let kernel = fields.string("kernel")?.to_string();
    let mut limits = Fields::of(source, fields.required("limits")?, "the limits of a budget")?;
    let mut budget = Budget::new();
    for limit in Limit::ALL {
        if let Some(most) = limits.optional_number(limit.name())? {
            budget = budget.at_most(limit, most);
        }
    }
    limits.finish()?;
    fields.finish()?;
    Ok((kernel, budget, line))
}

fn read_image(source: Source<'_>, value: &Value<'_>) -> Result<(UnitName, Arch, LockedImage, usize), LockError> {
    let mut fields = Fields::of(source, value, "an image")?;
    let line = fields.error("").line;
    let unit = UnitName::from(fields.string("unit")?);
    let arch = fields.required("arch")?;
    let arch: Arch = text(source, arch, "arch")?.parse().map_err(|_| {
        // What `.arch(…)` of a build script says about it has a remedy of its own.
        source.error(
            arch.span.start,
            "`arch` must be a GPU architecture, such as `sm_80` or `sm_90a`",
        )
    })?;
    let compiler = fields.required("compiler")?;
    let compiler = text(source, compiler, "compiler")?
        .split_once(' ')
        .map(|(kind, version)| LockedCompiler {
            kind: kind.to_string(),
            version: version.to_string(),
        })
        .ok_or_else(|| {
            source.error(
                compiler.span.start,
                "`compiler` must be a name and a version, such as `nvcc 13.0.88`",
            )
        })?;
    let flags = fields.list("flags", |value| text(source, value, "flags").map(str::to_string))?;
    let sources = read_sources(source, fields.required("sources")?)?;
    let source_fingerprint_value = fields.required("source-fingerprint")?;
    let facts_fingerprint = fields.optional("facts-fingerprint");
    let image = LockedImage {
        source_fingerprint: fields.parsed("source-fingerprint")?,
        compiler,
        flags,
        ptx: fields.string("ptx")?.to_string(),
        ptx_digest: fields.parsed("ptx-digest")?,
        normalised_digest: fields.parsed("normalised-digest")?,
        isa: fields.parsed("isa")?,
        ptxas: fields
            .optional("ptxas")
            .map(|value| text(source, value, "ptxas").map(str::to_string))
            .transpose()?,
        entries: read_entries(source, &mut fields)?,
        sources,
    };
    if source_fingerprint(&image.sources) != image.source_fingerprint {
        return Err(source.error(
            source_fingerprint_value.span.start,
            "the fingerprint does not match the listed sources: the lock was edited",
        ));
    }
    fields.finish()?;
    match facts_fingerprint {
        Some(value) if text(source, value, "facts-fingerprint")? != image.facts_fingerprint().to_string() => {
            return Err(source.error(
                value.span.start,
                "the fingerprint does not match the compiler, flags, PTX digest and ptxas report: the lock was \
                 edited",
            ));
        }
        None if image.ptxas.is_some() || image.entries.values().any(|entry| entry.usage.is_some()) => {
            return Err(LockError {
                line,
                message: "an image with a ptxas report has no `facts-fingerprint`: the lock was edited, or written \
                     by an older release"
                    .to_string(),
            });
        }
        _ => {}
    }
    Ok((unit, arch, image, line))
}

fn read_sources(source: Source<'_>, value: &Value<'_>) -> Result<Map<String, Digest>, LockError> {
    let table = value
        .as_table()
        .ok_or_else(|| source.error(value.span.start, "`sources` must be a table"))?;
    let mut sources = Map::new();
    for (path, value) in table {
        let digest = text(source, value, "sources")?
            .parse()
            .map_err(|error| source.error(value.span.start, format!("source `{}`: {error}", path.name)))?;
        sources.insert(path.name.to_string(), digest);
    }
    Ok(sources)
}

fn read_entries(source: Source<'_>, fields: &mut Fields<'_, '_>) -> Result<Map<String, LockedEntry>, LockError> {
    let mut entries = Map::new();
    for (name, entry, line) in fields.list("entry", |value| read_entry(source, value))? {
        if entries.insert(name.clone(), entry).is_some() {
            return Err(LockError {
                line,
                message: format!("duplicate entry `{name}`"),
            });
        }
    }
    Ok(entries)
}

fn read_entry(source: Source<'_>, value: &Value<'_>) -> Result<(String, LockedEntry, usize), LockError> {
    let mut fields = Fields::of(source, value, "an entry")?;
    let line = fields.error("").line;
    let name = fields.string("name")?.to_string();
    fields.required("params")?;
    let params = fields.list("params", |value| {
        text(source, value, "params")?
            .parse::<ParamType>()
            .map_err(|error| source.error(value.span.start, error.to_string()))
    })?;
    let performance = Performance {
        max_ntid: fields.optional_extent("max-ntid")?,
        req_ntid: fields.optional_extent("req-ntid")?,
        req_cluster: fields.optional_extent("req-cluster")?,
        min_blocks: fields.optional_number("min-blocks")?,
        max_blocks: fields.optional_number("max-blocks")?,
        max_registers: fields.optional_number("max-registers")?,
        max_cluster: fields.optional_number("max-cluster")?,
    };
    let usage = fields
        .optional("usage")
        .map(|value| read_usage(source, value))
        .transpose()?;
    fields.finish()?;
    Ok((
        name,
        LockedEntry {
            params,
            performance,
            usage,
        },
        line,
    ))
}

fn read_usage(source: Source<'_>, value: &Value<'_>) -> Result<Usage, LockError> {
    let mut fields = Fields::of(source, value, "a usage")?;
    let mut get = |key| -> Result<u32, LockError> {
        let value = fields.required(key)?;
        number(source, value, key)
    };
    let usage = Usage {
        registers: get("registers")?,
        spill_stores: get("spill-stores")?,
        spill_loads: get("spill-loads")?,
        stack: get("stack")?,
        shared: get("shared")?,
        constant: get("constant")?,
        local: get("local")?,
        barriers: get("barriers")?,
    };
    fields.finish()?;
    Ok(usage)
}
