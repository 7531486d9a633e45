//! Digest index: content digests keyed by path, size, times and inode, with git's racy-timestamp rule.
