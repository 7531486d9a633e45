//! Flags of nvcc for compilers that are not nvcc.

use std::path::PathBuf;

use crate::sorted::List as _;

/// What flags ask for, apart from how a compiler spells it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `-D`, `-U` with their values, in order: `-DX=1`.
    pub macros: Vec<String>,
    /// Folders with headers, in order.
    pub includes: Vec<PathBuf>,
    /// Folders with headers that are searched after the others.
    pub system_includes: Vec<PathBuf>,
    /// Headers that go before the source.
    pub pre_includes: Vec<PathBuf>,
    /// `c++17`.
    pub standard: Option<String>,
    pub fast_math: bool,
    /// `--ftz=true` and its like: name and value.
    pub arithmetic: Vec<(String, String)>,
    pub line_info: bool,
    pub debug: bool,
    pub no_warnings: bool,
    pub restrict: bool,
    /// `--maxrregcount`.
    pub registers: Option<String>,
    /// `--split-compile`: threads for the optimiser; 1 is another text than any other number.
    pub split: Option<String>,
    /// How much the optimiser does; the usual where nobody chose.
    pub level: Level,
    /// Diagnostic options of NVIDIA's front end, as written.
    pub front_end: Vec<String>,
}

/// How much an optimiser does: what nvcc's `--Ofast-compile` says about device code, whose `-O` is about the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Level {
    Max,
    Mid,
    Min,
    #[default]
    Off,
}

impl Level {
    fn named(word: &str) -> Option<Self> {
        match word {
            "max" => Some(Self::Max),
            "mid" => Some(Self::Mid),
            "min" => Some(Self::Min),
            "0" => Some(Self::Off),
            _ => None,
        }
    }

    /// nvcc's and NVRTC's flag; none for what they do without.
    pub(crate) fn flag(self) -> Option<&'static str> {
        match self {
            Self::Max => Some("--Ofast-compile=max"),
            Self::Mid => Some("--Ofast-compile=mid"),
            Self::Min => Some("--Ofast-compile=min"),
            Self::Off => None,
        }
    }

    /// The level of clang and rustc: the faster the compilation, the lower.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Max => 0,
            Self::Mid => 1,
            Self::Min => 2,
            Self::Off => 3,
        }
    }

    /// The level of this number, 0 to 3.
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        [Self::Max, Self::Mid, Self::Min, Self::Off]
            .into_iter()
            .seek(|level| level.number() == number)
    }
}

/// Flags whose value does not decide about PTX: they are for the host compiler, for the linker, for ptxas.
const HOST_WITH_VALUE: &[&str] = &[
    "-ccbin",
    "--compiler-bindir",
    "-Xptxas",
    "--ptxas-options",
    "-Xlinker",
    "--linker-options",
    "-Xarchive",
    "-Xnvlink",
    "-t",
    "--threads",
    "-default-stream",
    "--default-stream",
    "-cudart",
    "--cudart",
];

/// Flags that do not decide about PTX.
const HOST: &[&str] = &[
    "--ptx",
    "-ptx",
    "-m64",
    "-w64",
    "-Wno-deprecated-gpu-targets",
    "--allow-unsupported-compiler",
    "-allow-unsupported-compiler",
    "-c",
    "-O",
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    // These compilers have it always on: every function is for the device here.
    "--expt-relaxed-constexpr",
    "-expt-relaxed-constexpr",
    "--expt-extended-lambda",
    "-expt-extended-lambda",
    "--extended-lambda",
    "-extended-lambda",
];

impl Asked {
    /// Reads nvcc's flags.
    ///
    /// # Errors
    /// The first flag whose meaning only nvcc knows.
    pub(crate) fn read(flags: &[String]) -> Result<Self, String> {
        let mut asked = Self::default();
        let mut rest = flags.iter().map(String::as_str);
        while let Some(flag) = rest.next() {
            asked.one(flag, &mut rest)?;
        }
        Ok(asked)
    }

    /// What flags say that is about Rust kernels too: the level and line information.
    pub(crate) fn of_rust(flags: &[String]) -> Self {
        let known = |flag: &&String| {
            flag.contains("Ofast-compile=") || flag.ends_with("lineinfo") || flag.ends_with("-line-info")
        };
        let flags: Vec<String> = flags.iter().filter(known).cloned().list();
        Self::read(&flags).unwrap_or_default()
    }

    fn one<'a>(&mut self, flag: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Result<(), String> {
        if HOST.contains(&flag) {
            return Ok(());
        }
        let (name, attached) = match flag.split_once('=') {
            Some((name, value)) if !name.starts_with("-D") => (name, Some(value)),
            _ => (flag, None),
        };
        let mut value = |attached: Option<&'a str>| -> Result<&'a str, String> {
            attached.or_else(|| rest.next()).ok_or_else(|| flag.to_owned())
        };
        if HOST_WITH_VALUE.contains(&name) {
            value(attached)?;
            return Ok(());
        }
        match name {
            "-Xcompiler" | "--compiler-options" => {
                let options = value(attached)?;
                // Macros and folders for the host compiler reach nvcc's preprocessor too.
                let plain = options.split([',', ' ']).all(|option| {
                    !["-D", "-U", "-I", "-i", "/D", "/U", "/I"]
                        .iter()
                        .any(|start| option.starts_with(start))
                });
                return if plain {
                    Ok(())
                } else {
                    Err(format!("{name} {options}"))
                };
            }
            "-std" | "--std" => self.standard = Some(value(attached)?.to_owned()),
            "-I" | "--include-path" => self.includes.push(value(attached)?.into()),
            "-isystem" | "--system-include" => self.system_includes.push(value(attached)?.into()),
            "-include" | "--pre-include" => self.pre_includes.push(value(attached)?.into()),
            "-D" | "--define-macro" => self.macros.push(format!("-D{}", value(attached)?)),
            "-U" | "--undefine-macro" => self.macros.push(format!("-U{}", value(attached)?)),
            "-split-compile" | "--split-compile" => self.split = Some(value(attached)?.to_owned()),
            "-maxrregcount" | "--maxrregcount" => self.registers = Some(value(attached)?.to_owned()),
            "-ftz" | "--ftz" | "-prec-div" | "--prec-div" | "-prec-sqrt" | "--prec-sqrt" | "-fmad" | "--fmad" => {
                let value = value(attached)?.to_owned();
                self.arithmetic.push((name.trim_start_matches('-').to_owned(), value));
            }
            "-Ofc" | "-Ofast-compile" | "--Ofast-compile" => {
                let word = value(attached)?;
                self.level = Level::named(word).ok_or_else(|| format!("{name}={word}"))?;
            }
            "-use_fast_math" | "--use_fast_math" => self.fast_math = true,
            "-lineinfo" | "--generate-line-info" => self.line_info = true,
            "-G" | "--device-debug" => self.debug = true,
            "-w" | "--disable-warnings" => self.no_warnings = true,
            "-restrict" | "--restrict" => self.restrict = true,
            "-diag-suppress" | "--diag-suppress" | "-diag-warn" | "--diag-warn" | "-diag-error" | "--diag-error" => {
                let value = value(attached)?;
                self.front_end
                    .push(format!("--{}={value}", name.trim_start_matches('-')));
            }
            _ => return self.attached(flag),
        }
        Ok(())
    }

    /// `-DX`, `-Ifolder`, `-O3`: one letter with its value behind it.
    fn attached(&mut self, flag: &str) -> Result<(), String> {
        let unknown = || Err(flag.to_owned());
        let Some((letter, value)) = flag.split_at_checked(2) else {
            return unknown();
        };
        if value.is_empty() {
            return unknown();
        }
        match letter {
            "-D" | "-U" => self.macros.push(flag.to_owned()),
            "-I" => self.includes.push(value.into()),
            _ => return unknown(),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &[&str]) -> Result<Asked, String> {
        Asked::read(&flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn values_are_taken_attached_or_apart() {
        let asked = read(&[
            "--expt-relaxed-constexpr",
            "-std=c++17",
            "-O3",
            "-DA=1=2",
            "-D",
            "B",
            "-UC",
            "-Iinc",
            "-I",
            "a b",
            "-Xcompiler",
            "-fPIC",
            "-ftz=true",
            "-include",
            "p.h",
            "--use_fast_math",
            "-t",
            "0",
        ])
        .unwrap();
        assert_eq!(asked.macros, ["-DA=1=2", "-DB", "-UC"]);
        assert_eq!(asked.includes, [PathBuf::from("inc"), PathBuf::from("a b")]);
        assert_eq!(asked.pre_includes, [PathBuf::from("p.h")]);
        assert_eq!(asked.standard.as_deref(), Some("c++17"));
        assert_eq!(asked.arithmetic, [("ftz".to_owned(), "true".to_owned())]);
        assert!(asked.fast_math);
    }

    #[test]
    fn levels_are_those_of_nvcc() {
        assert_eq!(read(&["-O0"]).unwrap().level, Level::Off);
        for number in 0..4 {
            let level = Level::of_number(number).unwrap();
            let flags: Vec<&str> = level.flag().into_iter().collect();
            assert_eq!((read(&flags).unwrap().level, level.number()), (level, number));
        }
        assert_eq!(read(&["-Ofc", "mid"]).unwrap().level, Level::Mid);
        assert_eq!(Level::of_number(4), None);
    }

    #[test]
    fn what_only_nvcc_knows_is_named() {
        for flags in [
            &["-rdc=true"][..],
            &["--unknown"],
            &["-Xcompiler", "-DX"],
            &["-std"],
            &["-Ofc=fast"],
            &["-x"],
            &["é"],
        ] {
            assert!(read(flags).is_err(), "{flags:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_flags_are_answered(flags in proptest::collection::vec("[-DIUOst=a-z é]{0,8}", 0..5)) {
            let _ = Asked::read(&flags);
        }
    }
}
