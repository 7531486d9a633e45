//! What a program says about its own dependencies: the section of cargo-auditable, compressed JSON
//! (<https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>).

use std::io::Read as _;

use object::{Object as _, ObjectSection as _};
use serde::Deserialize;

/// The names of the section: ELF and COFF, and Mach-O.
const SECTIONS: [&str; 2] = [".dep-v0", "rust-deps-v0"];
/// No list of dependencies is longer.
const MOST: u64 = 16 << 20;

#[derive(Deserialize)]
struct List {
    packages: Vec<Listed>,
}

/// A package that a program holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// The packages in a program, if it was built by cargo-auditable.
///
/// # Errors
/// There is a list that cannot be read.
pub(crate) fn packages(program: &[u8]) -> Result<Option<Vec<Listed>>, String> {
    let Ok(file) = object::File::parse(program) else {
        return Ok(None);
    };
    let Some(section) = SECTIONS.iter().find_map(|name| file.section_by_name(name)) else {
        return Ok(None);
    };
    let data = section.data().map_err(|error| error.to_string())?;
    read(data).map(Some)
}

fn read(data: &[u8]) -> Result<Vec<Listed>, String> {
    let mut text = Vec::new();
    flate2::read::ZlibDecoder::new(data)
        .take(MOST)
        .read_to_end(&mut text)
        .map_err(|error| error.to_string())?;
    let list: List = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    Ok(list.packages)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_list_is_compressed_json() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        let text = r#"{"packages":[{"name":"adler","version":"1.0.2","source":"registry"},{"name":"app","version":"0.1.0","source":"local","dependencies":[0],"root":true}]}"#;
        zlib.write_all(text.as_bytes()).expect("written");
        let names: Vec<String> = read(&zlib.finish().expect("compressed"))
            .expect("a list")
            .into_iter()
            .map(|listed| format!("{} {}", listed.name, listed.version))
            .collect();
        assert_eq!(names, ["adler 1.0.2", "app 0.1.0"]);
        assert!(read(b"nothing").is_err());
        // No object file, and one without the section.
        assert_eq!(packages(b"text"), Ok(None));
        let own = std::fs::read(std::env::current_exe().expect("this program")).expect("its bytes");
        assert_eq!(packages(&own), Ok(None));
    }
}
