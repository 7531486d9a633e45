//! No text makes the readers of PTX panic; normalising twice changes nothing more, and what is lowered is the same module, and
//! every line of a source map that has a place is found from that place.
#![no_main]

use gate_build::ptx::access::accesses;
use gate_build::ptx::floor::with_version;
use gate_build::ptx::mix::Mix;
use gate_build::ptx::source_map::SourceMap;
use gate_build::ptx::{Isa, Module, Roots, normalise};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let roots = Roots::new(["/home/dev/crate", "C:\\src"]);
    let normal = normalise(text, &roots);
    assert_eq!(normalise(&normal, &roots), normal);
    let Ok(module) = Module::parse(text) else { return };
    for entry in &module.entries {
        let _ = Mix::of(text, entry);
        assert_eq!(accesses(text, entry).len(), entry.params.len());
        let types = entry.params.iter().map(|param| param.ty.to_string());
        assert!(types.clone().all(|ty| ty.parse().is_ok_and(|read: gate_build::ptx::ParamType| read.to_string() == ty)));
    }
    if let Ok(map) = SourceMap::parse(text, &roots) {
        for (index, position) in map.iter().enumerate() {
            let Ok(position) = position else { continue };
            let lines = map.lines(&position.file, position.line);
            assert!(lines.is_ok_and(|lines| lines.iter().any(|range| range.contains(&(index + 1)))));
        }
    }
    let isa = Isa { major: 1, minor: 0 };
    if let Some(Ok(lowered)) = with_version(text, isa).map(|text| Module::parse(&text)) {
        assert_eq!(lowered.entries.len(), module.entries.len());
    }
});
