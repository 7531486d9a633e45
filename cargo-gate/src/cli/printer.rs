//! The printer: the one owner of stdout and stderr. stdout is data, stderr is conversation, and a reader that went
//! away is not an error.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;

use gate_base::error::{Error, Result};
use gate_report::redact::Redactor;
use gate_report::render::human::{Detail, Options};
use gate_report::render::text;
use gate_text::secrets::{self, Masked};
use gate_world::environment::Environment;

/// Headings.
pub(super) const STRONG: Style = Style::new().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const STATUS: Style = AnsiColor::Green.on_default().bold();

/// How every style begins.
const ESCAPE: u8 = 0x1b;

/// Columns when stdout is not a terminal.
const DEFAULT_WIDTH: usize = 120;
/// A terminal narrower than this is treated as this wide: nothing readable fits.
const NARROWEST: usize = 40;

/// Owner of stdout and stderr. Safe to use from several threads.
pub struct Printer {
    out: Mutex<Stream>,
    err: Mutex<Stream>,
    detail: Detail,
    redactor: OnceLock<Redactor>,
    /// What is redacted before a workspace is known.
    early: Redactor,
    /// Whether stderr is a terminal that a person watches.
    interactive: bool,
    width: usize,
}

struct Stream {
    writer: Box<dyn Write + Send>,
    styled: bool,
    /// The reader went away.
    closed: bool,
}

impl Printer {
    /// The printer of the process. `color` is `--color`; without it `CARGO_TERM_COLOR` decides, and then `NO_COLOR`,
    /// `CLICOLOR`, `CLICOLOR_FORCE` and whether the stream is a terminal.
    pub fn of_process(color: Option<ColorChoice>, detail: Detail, environment: &Environment) -> Self {
        let color = color.unwrap_or_else(|| match environment.text("CARGO_TERM_COLOR") {
            Some("always") => ColorChoice::Always,
            Some("never") => ColorChoice::Never,
            _ => ColorChoice::Auto,
        });
        let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
        let (out, err) = (
            anstream::AutoStream::new(io::stdout(), choice(color)),
            anstream::AutoStream::new(io::stderr(), choice(color)),
        );
        let (styled_out, styled_err) = (
            out.current_choice() != anstream::ColorChoice::Never,
            err.current_choice() != anstream::ColorChoice::Never,
        );
        // Styles are taken out here, so where there are none a second look at every byte is spared.
        let out: Box<dyn Write + Send> = if styled_out {
            Box::new(out)
        } else {
            Box::new(io::stdout())
        };
        let err: Box<dyn Write + Send> = if styled_err {
            Box::new(err)
        } else {
            Box::new(io::stderr())
        };
        let in_ci = environment.text("CI").is_some();
        Self {
            out: Mutex::new(Stream::new(styled_out, out)),
            err: Mutex::new(Stream::new(styled_err, err)),
            detail,
            redactor: OnceLock::new(),
            early: Redactor::from_environment(environment),
            interactive: io::stderr().is_terminal() && !in_ci && environment.text("TERM") != Some("dumb"),
            width: width.max(NARROWEST),
        }
    }

    /// A printer over any two writers, without styles and for nobody at a terminal.
    pub fn over(out: impl Write + Send + 'static, err: impl Write + Send + 'static, detail: Detail) -> Self {
        Self {
            out: Mutex::new(Stream::new(false, Box::new(out))),
            err: Mutex::new(Stream::new(false, Box::new(err))),
            detail,
            redactor: OnceLock::new(),
            early: Redactor::default(),
            interactive: false,
            width: DEFAULT_WIDTH,
        }
    }

    /// Makes the directories of the workspace known to the redactor, and returns whether it is the first one, which counts.
    pub fn know_workspace(&self, root: &Path, target: &Path) -> bool {
        self.redactor.set(self.early.clone().workspace(root, target)).is_ok()
    }

    /// The redactor of this printer.
    pub fn redactor(&self) -> &Redactor {
        self.redactor.get().unwrap_or(&self.early)
    }

    /// How much to show.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether stderr is a terminal that a person watches.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// How to lay out a report for stdout.
    pub fn options(&self) -> Options {
        Options {
            detail: self.detail,
            styled: lock(&self.out).styled,
            width: self.width,
        }
    }

    /// Writes data to stdout, masked (and redacted when redaction is on). What is masked already is not searched again.
    ///
    /// # Errors
    /// stdout cannot be written, other than because its reader went away.
    pub fn data<'t>(&self, text: impl Into<Masked<'t>>) -> Result<()> {
        let text = self.redacted(text.into());
        lock(&self.out).write("stdout", &text)
    }

    /// Writes text to stderr, masked. Failures are ignored: there is nobody left to tell.
    pub fn say(&self, text: &str) {
        let mut err = lock(&self.err);
        // A style in the middle of a secret would hide it.
        let text = err.without_styles(text);
        let _ = err.write("stderr", &self.redacted(Masked::from(&*text)));
    }

    /// Writes help, or what is wrong about the arguments, masked. Failures are ignored.
    pub fn usage(&self, text: &str, is_error: bool) {
        let (stream, name) = if is_error {
            (&self.err, "stderr")
        } else {
            (&self.out, "stdout")
        };
        let mut stream = lock(stream);
        let text = stream.without_styles(text);
        let _ = stream.write(name, &Masked::from(&*text));
    }

    /// The text as it is compared in tests, when redaction is on.
    pub fn redacted<'t>(&self, text: Masked<'t>) -> Masked<'t> {
        match self.redactor().text(text.as_str()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(redacted) => redacted.into(),
        }
    }

    /// A line in cargo's style, its verb right-aligned: `     Running suite.test.default`. Nothing when quiet.
    pub fn status(&self, verb: &str, message: &str) {
        if self.detail > Detail::Quiet {
            self.say(&format!("{STATUS}{verb:>12}{STATUS:#} {}\n", text::line(message)));
        }
    }

    /// A warning about the command itself. Nothing when quiet.
    pub fn warning(&self, message: &str, help: Option<&str>) {
        if self.detail > Detail::Quiet {
            self.say(&complaint(WARNING, "warning", message, help));
        }
    }

    /// The error that ends the command, with what to do about it.
    pub fn error(&self, error: &Error) {
        let text = match &error.rendered {
            Some(rendered) => {
                let end = if rendered.ends_with('\n') { "" } else { "\n" };
                format!("{rendered}{end}")
            }
            None => complaint(ERROR, "error", &error.message, error.help.as_deref()),
        };
        // An excerpt of a policy or a manifest may show a secret.
        self.say(&secrets::blank(&text));
    }
}

impl Stream {
    fn new(styled: bool, writer: Box<dyn Write + Send>) -> Self {
        Self {
            writer,
            styled,
            closed: false,
        }
    }

    /// The text without styles, unless the stream shows them.
    fn without_styles<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.styled || memchr::memchr(ESCAPE, text.as_bytes()).is_none() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(anstream::adapter::strip_str(text).to_string())
        }
    }

    fn write(&mut self, name: &str, text: &Masked<'_>) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        let plain;
        let text = match self.without_styles(text.as_str()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(without) => {
                plain = Masked::from(without);
                &plain
            }
        };
        match self
            .writer
            .write_all(text.as_bytes())
            .and_then(|()| self.writer.flush())
        {
            Ok(()) => Ok(()),
            Err(error) if reader_is_gone(&error) => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Error::tool(format!("cannot write to {name}: {error}"))),
        }
    }
}

/// Whether the reader of a pipe has gone. Windows says it of named pipes, which the shells that came from Unix use there, by a
/// number that the standard library gives no kind.
fn reader_is_gone(error: &io::Error) -> bool {
    const ERROR_PIPE_NOT_CONNECTED: i32 = 233;
    error.kind() == io::ErrorKind::BrokenPipe
        || (cfg!(windows) && error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED))
}

fn complaint(style: Style, word: &str, message: &str, help: Option<&str>) -> String {
    let mut out = format!("{style}{word}{style:#}: {}\n", text::lines(message));
    if let Some(help) = help {
        out.push_str(&format!("{HELP}help{HELP:#}: {}\n", text::lines(help)));
    }
    out
}

fn choice(color: ColorChoice) -> anstream::ColorChoice {
    match color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
}

fn lock(stream: &Mutex<Stream>) -> std::sync::MutexGuard<'_, Stream> {
    // A thread that panicked while it wrote leaves at most half a line behind.
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;

    /// A writer whose text can be read back.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no writer panicked").clone()).expect("output is UTF-8")
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn errors_are_words_with_a_remedy() {
        let err = Shared::default();
        let printer = Printer::over(io::sink(), err.clone(), Detail::Quiet);
        printer
            .error(&Error::usage("cannot find `Cargo.toml`\u{1b}[2J").with_help("cargo gate --manifest-path <PATH>"));
        let mut rendered = Error::usage("unused");
        rendered.rendered = Some("error: unknown key\n --> gate.toml:1:1".into());
        printer.error(&rendered);
        printer.status("Running", "nothing is said when quiet");
        printer.warning("nor this", None);
        insta::assert_snapshot!(err.text(), @r"
        error: cannot find `Cargo.toml`\u{1b}[2J
        help: cargo gate --manifest-path <PATH>
        error: unknown key
         --> gate.toml:1:1
        ");
    }

    #[test]
    fn data_and_conversation_stay_apart() {
        let (out, err) = (Shared::default(), Shared::default());
        let printer = Printer::over(out.clone(), err.clone(), Detail::Normal);
        printer.data("{}\n").expect("the writer takes everything");
        printer.status("Running", "suite.test.default");
        assert_eq!(out.text(), "{}\n");
        assert_eq!(err.text(), "     Running suite.test.default\n");
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        let gone = Printer::over(Failing(io::ErrorKind::BrokenPipe), io::sink(), Detail::Normal);
        assert!(gone.data("x").is_ok());
        assert!(gone.data("x").is_ok());
        let number = io::Error::from_raw_os_error(233);
        assert_eq!(reader_is_gone(&number), cfg!(windows));
        let full = Printer::over(Failing(io::ErrorKind::StorageFull), io::sink(), Detail::Normal);
        assert_eq!(
            full.data("x").map_err(|error| error.exit_code()),
            Err(gate_base::exit::TOOL_FAILED)
        );
    }
}
