//! On Windows, a job object around this process, which ends what it started if it is killed.

use win32job::{ExtendedLimitInfo, Job, JobError};

/// Everything that this process starts while this exists ends with it, however it ends.
#[derive(Debug)]
pub struct BoundChildren(Job);

impl BoundChildren {
    /// Puts this process, and with it what it will start, into a job of its own.
    ///
    /// # Errors
    ///
    /// If Windows allows no job here, as inside a job that admits none. Children then outlive this process when it is killed.
    pub fn begin() -> Result<Self, JobError> {
        let mut limits = ExtendedLimitInfo::new();
        limits.limit_kill_on_job_close();
        let job = Job::create_with_limit_info(&limits)?;
        job.assign_current_process()?;
        Ok(Self(job))
    }

    /// Lets what still runs outlive this process, which ends as it should: a compiler's cache server that cargo started, for one.
    pub fn release(&self) {
        // Where the limit stays, what is left ends with this process.
        let _ = self.0.set_extended_limit_info(&ExtendedLimitInfo::new());
    }
}
