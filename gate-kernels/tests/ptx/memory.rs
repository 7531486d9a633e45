//! Memory that knows who used it.

use crate::value::from_bytes;

/// Addresses of shared memory begin here; those of global memory are far above.
pub(crate) const SHARED: u64 = 0x1000;

/// Where each thread has its own arrays.
pub(crate) const LOCAL: u64 = 1 << 32;
const GLOBAL: u64 = 1 << 40;
const APART: u64 = 1 << 32;

/// Who used a byte last. Times are counted in barriers.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    writer: Option<(u64, u32)>,
    reader: Option<(u64, u32)>,
    /// More than one thread has read it since the barrier.
    readers: bool,
    atomic: bool,
}

/// Bytes, and who used them.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    pub bytes: Vec<u8>,
    uses: Vec<Use>,
    writable: bool,
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    /// Number of the thread in the whole launch.
    pub thread: u32,
    /// Barriers passed in the whole launch.
    pub time: u64,
}

impl Tracked {
    pub(crate) fn new(bytes: Vec<u8>, writable: bool) -> Self {
        let uses = vec![Use::default(); bytes.len()];
        Self { bytes, uses, writable }
    }

    fn range(&self, offset: u64, width: u32) -> Result<std::ops::Range<usize>, String> {
        let size = u64::from(width / 8);
        if !offset.is_multiple_of(size) {
            return Err(format!("an access of {size} bytes at offset {offset} is not aligned"));
        }
        let end = offset.saturating_add(size);
        if end > self.bytes.len() as u64 {
            return Err(format!("bytes {offset}..{end} of an array of {}", self.bytes.len()));
        }
        Ok(offset as usize..end as usize)
    }

    /// # Errors
    /// Outside of the array, or another thread wrote it since the last barrier.
    pub(crate) fn load(&mut self, offset: u64, width: u32, who: Who) -> Result<u64, String> {
        let range = self.range(offset, width)?;
        for used in &mut self.uses[range.clone()] {
            if let Some((time, thread)) = used.writer
                && time == who.time
                && thread != who.thread
            {
                return Err(format!(
                    "thread {} reads what thread {thread} wrote, without a barrier",
                    who.thread
                ));
            }
            used.readers = matches!(used.reader, Some((time, thread)) if time == who.time && (used.readers || thread != who.thread));
            used.reader = Some((who.time, who.thread));
        }
        Ok(from_bytes(&self.bytes[range]))
    }

    /// # Errors
    /// Outside of the array, an input, or another thread used it since the last barrier.
    pub(crate) fn store(&mut self, offset: u64, width: u32, value: u64, who: Who, atomic: bool) -> Result<(), String> {
        let range = self.range(offset, width)?;
        if !self.writable {
            return Err("a write to an input".to_owned());
        }
        for used in &mut self.uses[range.clone()] {
            let other =
                |last: Option<(u64, u32)>| last.filter(|&(time, thread)| time == who.time && thread != who.thread);
            if let Some((_, thread)) = other(used.writer).filter(|_| !(atomic && used.atomic)) {
                return Err(format!("threads {} and {thread} write without a barrier", who.thread));
            }
            let read = matches!(used.reader, Some((time, _)) if time == who.time && used.readers);
            if !atomic && (read || other(used.reader).is_some()) {
                return Err(format!(
                    "thread {} writes what another has read, without a barrier",
                    who.thread
                ));
            }
            used.writer = Some((who.time, who.thread));
            used.atomic = atomic;
        }
        self.bytes[range].copy_from_slice(&value.to_le_bytes()[..width as usize / 8]);
        Ok(())
    }

    /// The value, without asking who.
    pub(crate) fn peek(&self, offset: u64, width: u32) -> Result<u64, String> {
        Ok(from_bytes(&self.bytes[self.range(offset, width)?]))
    }
}

/// The buffers of a launch. Between blocks there is no barrier, so what one wrote another may not use.
#[derive(Debug, Default)]
pub(crate) struct Global {
    buffers: Vec<Tracked>,
}

impl Global {
    /// Adds a buffer and gives its address.
    pub(crate) fn add(&mut self, bytes: &[u8], writable: bool) -> u64 {
        self.buffers.push(Tracked::new(bytes.to_vec(), writable));
        GLOBAL + (self.buffers.len() as u64 - 1) * APART
    }

    /// The buffer at an address, and the offset in it.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn at(&mut self, address: u64) -> Result<(&mut Tracked, u64), String> {
        let place = address
            .checked_sub(GLOBAL)
            .ok_or_else(|| format!("no memory at {address:#x}"))?;
        let buffer = self.buffers.get_mut((place / APART) as usize);
        let buffer = buffer.ok_or_else(|| format!("no buffer at {address:#x}"))?;
        Ok((buffer, place % APART))
    }

    pub(crate) fn into_bytes(self) -> Vec<Vec<u8>> {
        self.buffers.into_iter().map(|buffer| buffer.bytes).collect()
    }
}
