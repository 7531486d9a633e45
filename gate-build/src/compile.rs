//! Compiles what a build script has asked for.

use std::io::{self, Write as _};

use crate::built::Built;
use crate::error::Error;
use crate::kernels::Kernels;
use crate::pipeline::{self, Context};

impl Kernels {
    /// Compiles what changed, in a build script: writes PTX and a report to `OUT_DIR` and tells cargo on standard
    /// output when to run the script again.
    ///
    /// # Errors
    /// What the compilers say, or what the builder or the environment asks for that cannot be.
    pub fn compile(self) -> Result<Built, Error> {
        let context = Context::of_build_script()?;
        #[cfg(feature = "companion")]
        let companions = crate::companion::plan(&self, &context)?;
        #[cfg_attr(not(feature = "companion"), expect(unused_mut, reason = "companions add lines"))]
        let (built, mut directives) = self.compile_in(&context)?;
        #[cfg(feature = "companion")]
        directives.extend(companions.compile()?);
        let mut text = directives.join("\n");
        text.push('\n');
        // The protocol between a build script and cargo.
        io::stdout()
            .write_all(text.as_bytes())
            .map_err(Error::io("cannot write", "standard output"))?;
        Ok(built)
    }

    /// What [`Self::compile`] does, for a crate, a folder and an environment of the caller's choice. Returns the lines
    /// for cargo instead of printing them.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_in(self, context: &Context) -> Result<(Built, Vec<String>), Error> {
        let mut kernels = self;
        if let Some(error) = kernels.wrong.take() {
            return Err(error);
        }
        let outcome = pipeline::run(&kernels, context)?;
        Ok((outcome.built, outcome.directives))
    }
}
