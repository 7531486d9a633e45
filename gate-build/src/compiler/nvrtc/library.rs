//! The functions of the NVRTC library, loaded at run time.
#![expect(unsafe_code, reason = "a C library is loaded and called")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use libloading::Library;

use crate::schedule::{Begin, Team};
use crate::sorted::List as _;

type Program = *mut c_void;
type Callback = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;

/// `NVRTC_SUCCESS`, the same in every version of `nvrtc.h`.
const SUCCESS: c_int = 0;
/// `NVRTC_ERROR_INVALID_OPTION`.
const INVALID_OPTION: c_int = 5;

/// What a compilation has to keep to.
pub(super) struct Watch<'a> {
    /// When to give up.
    pub deadline: Instant,
    /// Who may compute.
    pub team: Arc<Team>,
    /// Told when the front end is done, of which only one runs at a time.
    pub front_end_is_free: Option<Begin<'a>>,
}

impl Watch<'_> {
    fn tell(&self) {
        if let Some(tell) = self.front_end_is_free {
            tell();
        }
    }
}

/// What a compilation gave: PTX, empty when only the preprocessor ran, or why there is none.
pub(super) struct Answer {
    pub ptx: Vec<u8>,
    /// What the compiler printed.
    pub log: String,
    pub outcome: Outcome,
}

#[derive(PartialEq, Eq)]
pub(super) enum Outcome {
    Compiled,
    /// An option is unknown to this version.
    InvalidOption,
    /// The time was over.
    Stopped,
    /// Anything else, as the library names it by number.
    Failed(c_int),
}

/// The loaded library. It stays loaded until the process ends: unloading while its threads run is not safe.
pub(super) struct Nvrtc {
    create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int,
    destroy: unsafe extern "C" fn(*mut Program) -> c_int,
    compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int,
    ptx_size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
    ptx: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    log_size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
    log: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    flow: Option<unsafe extern "C" fn(Program, Callback, *mut c_void) -> c_int>,
    /// Major and minor version.
    pub version: (u32, u32),
    /// Numbers of the architectures it compiles for; empty when the library does not say.
    pub archs: Vec<u32>,
}

impl Nvrtc {
    /// Whether its threads ask before they go on: only then may it have several.
    pub(super) fn asks(&self) -> bool {
        self.flow.is_some()
    }

    /// Loads the library, and before it the one with its device functions: it asks for that by name alone, and some are installed where the system
    /// does not look. `open` loads one: [`open`].
    ///
    /// # Errors
    /// It is no NVRTC, or one for another machine.
    pub(super) fn load(
        file: &Path,
        builtins: Option<&Path>,
        open: &mut dyn FnMut(&Path) -> Result<Library, String>,
    ) -> Result<Self, String> {
        if let Some(Ok(builtins)) = builtins.map(&mut *open) {
            Box::leak(Box::new(builtins));
        }
        let library = open(file)?;
        // Kept for the life of the process, so that the functions taken from it are valid as long as they are used.
        let library: &'static Library = Box::leak(Box::new(library));
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the type of each field above is that of `nvrtc.h`, unchanged since CUDA 7.
                unsafe { library.get($name.as_bytes()) }
                    .map(|symbol| *symbol)
                    .map_err(|_| format!("`{}` has no function `{}`", file.display(), $name))
            };
        }
        let version: unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int = function!("nvrtcVersion")?;
        let (mut major, mut minor) = (0, 0);
        // SAFETY: both pointers are valid for writing.
        if unsafe { version(&raw mut major, &raw mut minor) } != SUCCESS {
            return Err(format!("`{}` does not report its version", file.display()));
        }
        let nvrtc = Self {
            create: function!("nvrtcCreateProgram")?,
            destroy: function!("nvrtcDestroyProgram")?,
            compile: function!("nvrtcCompileProgram")?,
            ptx_size: function!("nvrtcGetPTXSize")?,
            ptx: function!("nvrtcGetPTX")?,
            log_size: function!("nvrtcGetProgramLogSize")?,
            log: function!("nvrtcGetProgramLog")?,
            // Since 12.8; before, a compilation cannot be stopped.
            flow: function!("nvrtcSetFlowCallback").ok(),
            version: (major.try_into().unwrap_or(0), minor.try_into().unwrap_or(0)),
            archs: {
                let count = function!("nvrtcGetNumSupportedArchs").ok();
                let list = function!("nvrtcGetSupportedArchs").ok();
                count
                    .zip(list)
                    .map_or_else(Vec::new, |(count, list)| archs(count, list))
            },
        };
        Ok(nvrtc)
    }

    /// Compiles `source`. `name` is what `__FILE__` and messages say; `watch` is asked now and then.
    ///
    /// # Errors
    /// A text holds a zero byte, or the library has no memory.
    pub(super) fn compile(
        &self,
        source: &[u8],
        name: &str,
        options: &[String],
        watch: &Watch<'_>,
    ) -> Result<Answer, String> {
        let zero = |what: &str| format!("{what} contains a NUL byte");
        let source = CString::new(source).map_err(|_| zero("the source"))?;
        let name = CString::new(name).map_err(|_| zero("the name"))?;
        let options: Vec<CString> = options
            .iter()
            .map(|option| CString::new(option.as_str()))
            .list_ok()
            .map_err(|_| zero("a flag"))?;
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).list();
        let count = c_int::try_from(pointers.len()).map_err(|_| "too many flags".to_owned())?;

        let mut program: Program = ptr::null_mut();
        // SAFETY: `program` can be written, both texts end with zero and outlive the call, and no headers are handed
        // over.
        let created = unsafe {
            (self.create)(
                &raw mut program,
                source.as_ptr(),
                name.as_ptr(),
                0,
                ptr::null(),
                ptr::null(),
            )
        };
        if created != SUCCESS {
            return Err(format!("nvrtcCreateProgram returned {created}"));
        }
        if let Some(flow) = self.flow {
            // SAFETY: `watch` outlives the compilation, the last that calls back.
            unsafe { flow(program, goes_on, (&raw const *watch).cast_mut().cast()) };
        } else {
            watch.tell();
        }
        // SAFETY: `program` was created above, and `pointers` holds `count` texts that end with zero.
        let result = unsafe { (self.compile)(program, count, pointers.as_ptr()) };
        watch.team.end();
        let log = self.text(program, self.log_size, self.log);
        let ptx = if result == SUCCESS {
            self.text(program, self.ptx_size, self.ptx)
        } else {
            Vec::new()
        };
        // SAFETY: `program` was created above and is not used after this.
        unsafe { (self.destroy)(&raw mut program) };
        let outcome = match result {
            SUCCESS => Outcome::Compiled,
            INVALID_OPTION => Outcome::InvalidOption,
            _ if self.flow.is_some() && Instant::now() >= watch.deadline => Outcome::Stopped,
            other => Outcome::Failed(other),
        };
        Ok(Answer {
            ptx,
            log: String::from_utf8_lossy(&log).into_owned(),
            outcome,
        })
    }

    #[expect(
        clippy::unused_self,
        reason = "the functions belong to the library that `self` stands for"
    )]
    fn text(
        &self,
        program: Program,
        size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
        get: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    ) -> Vec<u8> {
        let mut length = 0;
        // SAFETY: `program` is alive and `length` can be written.
        if unsafe { size(program, &raw mut length) } != SUCCESS || length == 0 {
            return Vec::new();
        }
        let mut bytes = vec![0_u8; length];
        // SAFETY: `bytes` has the length that the library asked for.
        if unsafe { get(program, bytes.as_mut_ptr().cast()) } != SUCCESS {
            return Vec::new();
        }
        // The length counts the zero at the end.
        match CStr::from_bytes_until_nul(&bytes) {
            Ok(text) => text.to_bytes().to_vec(),
            Err(_) => bytes,
        }
    }
}

/// Loads a library into this process.
///
/// # Errors
/// What the system says.
#[cfg(not(windows))]
pub(super) fn open(file: &Path) -> Result<Library, String> {
    // SAFETY: the initialisers of NVRTC ask nothing of the process that loads it.
    unsafe { Library::new(file) }.map_err(|error| error.to_string())
}

/// Loads a library into this process.
///
/// # Errors
/// What the system says.
#[cfg(windows)]
pub(super) fn open(file: &Path) -> Result<Library, String> {
    use libloading::os::windows::{LOAD_WITH_ALTERED_SEARCH_PATH, Library as Windows};
    // SAFETY: as above. NVRTC finds its builtins beside itself only with this flag.
    let loaded = unsafe { Windows::load_with_flags(file, LOAD_WITH_ALTERED_SEARCH_PATH) };
    loaded.map(Library::from).map_err(|error| error.to_string())
}

fn archs(
    count: unsafe extern "C" fn(*mut c_int) -> c_int,
    list: unsafe extern "C" fn(*mut c_int) -> c_int,
) -> Vec<u32> {
    let mut number: c_int = 0;
    // SAFETY: `number` can be written.
    if unsafe { count(&raw mut number) } != SUCCESS {
        return Vec::new();
    }
    let mut archs: Vec<c_int> = vec![0; usize::try_from(number).unwrap_or(0)];
    // SAFETY: `archs` has as many elements as the library said; it writes no more.
    if archs.is_empty() || unsafe { list(archs.as_mut_ptr()) } != SUCCESS {
        return Vec::new();
    }
    archs.into_iter().filter_map(|arch| arch.try_into().ok()).list()
}

/// Called by each thread of the library now and then while it compiles; 1 makes it stop.
unsafe extern "C" fn goes_on(watch: *mut c_void, _reserved: *mut c_void) -> c_int {
    // SAFETY: the pointer is the one handed over with this function, to a `Watch` that outlives the compilation and that
    // nobody changes.
    let watch = unsafe { &*watch.cast::<Watch<'_>>() };
    // The optimiser asks, the front end does not.
    watch.tell();
    watch.team.pass();
    c_int::from(Instant::now() >= watch.deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtins_are_loaded_before_the_library_that_asks_for_them() {
        let (file, builtins) = (Path::new("libnvrtc.so.13"), Path::new("libnvrtc-builtins.so.13.0"));
        for (builtins, expected) in [(Some(builtins), vec![builtins, file]), (None, vec![file])] {
            let mut loaded = Vec::new();
            let mut open = |file: &Path| {
                loaded.push(file.to_path_buf());
                Err(format!("no `{}` here", file.display()))
            };
            // Builtins that cannot be loaded are for the library to miss.
            let error = Nvrtc::load(file, builtins, &mut open).err();
            assert_eq!(error.as_deref(), Some("no `libnvrtc.so.13` here"));
            assert_eq!(loaded, expected);
        }
    }
}
