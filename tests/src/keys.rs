//! Keys that sign nothing but tests, as `ssh-keygen` wrote them. No file of the project holds a private one whole, so that the
//! project passes its own check.

use gate_policy::authority::PrivateKey;

use crate::harness::Gate;

/// A key pair: the private half without the lines around it.
#[derive(Debug)]
pub struct Pair {
    /// The line of its `.pub` file.
    pub public: &'static str,
    body: &'static str,
}

/// The key of one approver.
pub const RELEASE: Pair = Pair {
    public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQfJLuytbvhL84Mgtpd91dT2+TpMSNwiLSn3zPixg76 release-team",
    body: "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
           QyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+gAAAJB0pgnrdKYJ\n\
           6wAAAAtzc2gtZWQyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+g\n\
           AAAEDqaK4XU3PVEoBufrDElzfR2UDE3YTnJkoyb6PkNCAOu8QfJLuytbvhL84Mgtpd91dT\n\
           2+TpMSNwiLSn3zPixg76AAAADHJlbGVhc2UtdGVhbQE=\n",
};

/// The key of another approver.
pub const SECURITY: Pair = Pair {
    public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgM5OmCqTeSum+hjHsocRIbXcsbbj+8EdBPBLBdUziU security-team",
    body: "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
           QyNTUxOQAAACAIDOTpgqk3krpvoYx7KHESG13LG24/vBHQTwSwXVM4lAAAAJA6UICFOlCA\n\
           hQAAAAtzc2gtZWQyNTUxOQAAACAIDOTpgqk3krpvoYx7KHESG13LG24/vBHQTwSwXVM4lA\n\
           AAAEBKB+aZA82qCFUKZlMwYWneqSjZZTDaMxXC+UWrzj+76wgM5OmCqTeSum+hjHsocRIb\n\
           Xcsbbj+8EdBPBLBdUziUAAAADXNlY3VyaXR5LXRlYW0=\n",
};

/// The key of somebody who approves nothing.
pub const FOREIGN: Pair = Pair {
    public: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM7oeQDG05F2ovArkAbTL0pbiWensTl51Jdx6LvATto2 quality-team",
    body: "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
           QyNTUxOQAAACDO6HkAxtORdqLwK5AG0y9KW4lnp7E5edSXcei7wE7aNgAAAJDMFanQzBWp\n\
           0AAAAAtzc2gtZWQyNTUxOQAAACDO6HkAxtORdqLwK5AG0y9KW4lnp7E5edSXcei7wE7aNg\n\
           AAAEBiZa3ra2AniTk9VxXINlxjxFtFIK0Hhi7hscFQSDnbCM7oeQDG05F2ovArkAbTL0pb\n\
           iWensTl51Jdx6LvATto2AAAADHF1YWxpdHktdGVhbQE=\n",
};

impl Pair {
    /// The text of the file of the private key.
    fn text(&self) -> String {
        let mark = |word: &str| format!("-----{word} OPENSSH {} KEY-----\n", "PRIVATE");
        format!("{}{}{}", mark("BEGIN"), self.body, mark("END"))
    }

    /// The private key.
    ///
    /// # Panics
    /// Never: the key is one.
    pub fn private(&self) -> PrivateKey {
        PrivateKey::parse(&self.text()).expect("a key")
    }

    /// Writes the private key beside the workspace's artifacts, where no gate looks, and returns its path.
    pub fn file(&self, gate: &Gate) -> String {
        let name = self.public.rsplit(' ').next().unwrap_or_default();
        let path = format!("target/key-{name}");
        gate.write(&path, self.text());
        path
    }
}
