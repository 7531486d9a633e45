//! Compressed streams, read to their end: every member of a gzip file and every frame of a Zstandard file.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// Reads what a gzip stream holds.
pub(crate) fn gzip(source: impl BufRead + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(1 << 18, MultiGzDecoder::new(source)))
}

/// Reads what a Zstandard stream holds.
pub(crate) fn zstandard(source: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    let frames = Frames {
        state: State::Between(Box::new(source)),
    };
    Box::new(BufReader::with_capacity(1 << 18, frames))
}

type Source = Box<dyn Read + Send>;
type Frame = StreamingDecoder<Chain<Cursor<[u8; 4]>, Source>, FrameDecoder>;

/// Frames that follow each other. The decoder knows a single one, and a file may have been written in pieces (RFC 8878, section 3).
struct Frames {
    state: State,
}

enum State {
    Between(Source),
    Within(Box<Frame>),
    Ended,
}

impl Read for Frames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::Between(source) => match next(source)? {
                    Some(frame) => State::Within(Box::new(frame)),
                    None => return Ok(0),
                },
                State::Within(mut frame) => {
                    let read = frame.read(out)?;
                    if read > 0 {
                        self.state = State::Within(frame);
                        return Ok(read);
                    }
                    State::Between(frame.into_inner().into_inner().1)
                }
            };
        }
    }
}

/// The next frame that holds something; `None` at the end.
fn next(mut source: Source) -> io::Result<Option<Frame>> {
    loop {
        let mut magic = [0; 4];
        let mut length = 0;
        while length < magic.len() {
            let read = source.read(&mut magic[length..])?;
            if read == 0 {
                break;
            }
            length += read;
        }
        if length == 0 {
            return Ok(None);
        }
        if length < magic.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // A frame to be skipped: its length, and as many bytes.
        if u32::from_le_bytes(magic) & 0xffff_fff0 == 0x184d_2a50 {
            let mut size = [0; 4];
            source.read_exact(&mut size)?;
            let size = u64::from(u32::from_le_bytes(size));
            let skipped = io::copy(&mut source.by_ref().take(size), &mut io::sink())?;
            if skipped < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            continue;
        }
        return StreamingDecoder::new(Cursor::new(magic).chain(source))
            .map(Some)
            .map_err(|error| io::Error::other(error.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_read() {
        let frame = |text: &str| {
            ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
        };
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let all = [frame("one "), skipped, frame(""), frame("two")].concat();
        let mut text = String::new();
        zstandard(Cursor::new(all.clone()))
            .read_to_string(&mut text)
            .expect("read");
        assert_eq!(text, "one two");
        let cut = all[..all.len() - 2].to_vec();
        assert!(zstandard(Cursor::new(cut)).read_to_string(&mut text).is_err());
        let behind = [frame("one"), b"zz".to_vec()].concat();
        assert!(zstandard(Cursor::new(behind)).read_to_string(&mut text).is_err());
    }
}
