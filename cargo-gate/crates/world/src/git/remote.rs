//! What a release asks: when a commit was made, and what another repository has under a tag.

use super::Git;

impl Git {
    /// Seconds since 1970 at which a commit was made.
    ///
    /// # Errors
    /// What git says.
    pub fn committed_at(&self, commit: &str) -> Result<i64, String> {
        let output = self
            .program
            .output(&["show", "--no-patch", "--format=%ct", commit, "--"])?;
        let text = String::from_utf8_lossy(&output);
        text.trim()
            .parse()
            .map_err(|_| format!("git printed `{}` as the time of a commit", text.trim()))
    }

    /// The address of a remote, without a password in it; `None` when no remote has this name.
    pub fn remote_address(&self, remote: &str) -> Option<String> {
        let output = self.program.output(&["remote", "get-url", "--", remote]).ok()?;
        let address = String::from_utf8_lossy(&output).trim().to_owned();
        Some(match address.split_once("://") {
            Some((scheme, rest)) => match rest.split_once('@') {
                Some((user, host)) if !user.contains('/') => format!("{scheme}://{host}"),
                _ => address,
            },
            None => address,
        })
    }

    /// The commit that a remote has under a tag; `None` when it has no such tag. Asks the network.
    ///
    /// # Errors
    /// What git says: the remote cannot be reached, or is none.
    pub fn remote_tag(&self, remote: &str, tag: &str) -> Result<Option<String>, String> {
        let (plain, peeled) = (format!("refs/tags/{tag}"), format!("refs/tags/{tag}^{{}}"));
        let output = self.program.output(&["ls-remote", "--", remote, &plain, &peeled])?;
        let text = String::from_utf8_lossy(&output);
        let of = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('\t'));
            lines
                .find(|(_, reference)| *reference == name)
                .map(|(id, _)| id.to_owned())
        };
        // What an annotated tag stands for comes under a name of its own.
        Ok(of(&peeled).or_else(|| of(&plain)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    #[test]
    fn a_remote_says_what_it_has_under_a_tag() {
        let world = World::repository();
        world.write("a", "");
        world.commit();
        world.git(&["tag", "-a", "-m", "one", "v1"]);
        let elsewhere = tempfile::tempdir().expect("a directory");
        let bare = elsewhere.path().join("bare");
        let bare = bare.to_str().expect("a path");
        world.git(&["clone", "--quiet", "--bare", ".", bare]);
        world.git(&["remote", "add", "origin", bare]);
        let opened = world.open();
        let git = opened.git().expect("a repository");
        assert_eq!(git.remote_tag("origin", "v1"), Ok(git.head.clone()));
        assert_eq!(git.remote_tag("origin", "v2"), Ok(None));
        assert!(git.remote_tag("nowhere", "v1").is_err());
        assert_eq!(git.remote_address("origin").as_deref(), Some(bare));
        assert_eq!(git.remote_address("nowhere"), None);
        world.git(&["remote", "add", "secret", "https://user:word@example.com/a.git"]);
        assert_eq!(
            git.remote_address("secret").as_deref(),
            Some("https://example.com/a.git")
        );
        let head = git.head.clone().unwrap_or_default();
        assert!(git.committed_at(&head).is_ok_and(|time| time > 0));
        assert!(git.committed_at("nothing").is_err());
    }
}
