//! The frozen outcomes.

use core::fmt;
use core::str::FromStr;

/// Outcome of compiling or running a kernel. Numbers and names are frozen: other programs store them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a kernel that did not end in `Status::Ok` has no usable output"]
#[repr(i32)]
pub enum Status {
    /// The work was done and its output is complete.
    Ok = 0,
    /// An argument was refused before anything ran; outputs are untouched.
    InvalidArgument = 1,
    /// What was to be compiled or run is not what it claims to be.
    VerifyFailed = 2,
    /// A kernel could not be compiled.
    CompileFailed = 3,
    /// The work was started and failed; outputs are not to be used.
    RuntimeFailed = 4,
}

/// How a number that is no [`Status`] is printed.
const UNKNOWN: &str = "UNKNOWN";

impl Status {
    /// Every status in ascending order of its number.
    pub const ALL: [Status; 5] = [
        Status::Ok,
        Status::InvalidArgument,
        Status::VerifyFailed,
        Status::CompileFailed,
        Status::RuntimeFailed,
    ];

    /// The frozen number.
    #[must_use]
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The frozen name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "OK",
            Status::InvalidArgument => "INVALID_ARGUMENT",
            Status::VerifyFailed => "VERIFY_FAILED",
            Status::CompileFailed => "COMPILE_FAILED",
            Status::RuntimeFailed => "RUNTIME_FAILED",
        }
    }

    /// The status with this number, if there is one.
    #[must_use]
    pub const fn from_code(code: i32) -> Option<Status> {
        match code {
            0 => Some(Status::Ok),
            1 => Some(Status::InvalidArgument),
            2 => Some(Status::VerifyFailed),
            3 => Some(Status::CompileFailed),
            4 => Some(Status::RuntimeFailed),
            _ => None,
        }
    }

    /// The name that belongs to a number of foreign origin; `UNKNOWN` for one that is no status.
    #[must_use]
    pub const fn name_of(code: i32) -> &'static str {
        match Status::from_code(code) {
            Some(status) => status.name(),
            None => UNKNOWN,
        }
    }

    /// Whether the work was done.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        matches!(self, Status::Ok)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Status> for i32 {
    fn from(status: Status) -> Self {
        status.code()
    }
}

impl TryFrom<i32> for Status {
    type Error = UnknownStatus;

    fn try_from(code: i32) -> Result<Self, UnknownStatus> {
        Status::from_code(code).ok_or(UnknownStatus(code))
    }
}

impl FromStr for Status {
    type Err = ParseStatusError;

    fn from_str(name: &str) -> Result<Self, ParseStatusError> {
        Status::ALL
            .into_iter()
            .find(|status| status.name() == name)
            .ok_or(ParseStatusError)
    }
}

/// A number that is no [`Status`]; prints `UNKNOWN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnknownStatus(i32);

impl UnknownStatus {
    /// The number as it was received.
    #[must_use]
    pub const fn code(self) -> i32 {
        self.0
    }
}

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(UNKNOWN)
    }
}

impl core::error::Error for UnknownStatus {}

/// A text that is not the name of a [`Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParseStatusError;

impl fmt::Display for ParseStatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a status")
    }
}

impl core::error::Error for ParseStatusError {}
