//! What a workspace is called, and where in its repository it is.

use crate::Workspace;

impl Workspace {
    /// Name of the workspace: that of its root package, or else of its directory.
    pub fn name(&self) -> String {
        let root_package = self.cargo().members.iter().find(|member| member.directory.is_empty());
        let directory = || self.root().file_name().map(|name| name.to_string_lossy().into_owned());
        root_package
            .map(|member| member.name.clone())
            .or_else(directory)
            .unwrap_or_default()
    }

    /// Directory of the workspace below the top of its work tree, `/`-separated; empty at the top, and outside version
    /// control.
    pub fn directory(&self) -> String {
        let below = self.git().and_then(|git| self.root().strip_prefix(&git.top).ok());
        below.map_or_else(String::new, |below| {
            let parts = below
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned());
            parts.collect::<Vec<_>>().join("/")
        })
    }
}
