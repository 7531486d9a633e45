//! `cargo gate pilot|controlled|broad`.

mod all_workspaces;
pub(super) mod arguments;
mod combined;
mod fix;
mod judge;
mod missing_toolchain;
mod selection;

use jiff::Timestamp;

use gate_base::error::Result;
use gate_base::stage::Stage;
use gate_text::secrets;

use super::Conversation;
use arguments::StageArgs;
pub(super) use judge::judge_quietly;

pub(super) fn run(stage: Stage, arguments: &StageArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let now = Timestamp::now();
    // Every run reads its policy and searches what it publishes; until then there is time, while files are looked at.
    std::thread::spawn(|| {
        gate_policy::prepare();
        secrets::prepare();
    });
    if arguments.all_workspaces {
        return all_workspaces::run(stage, arguments, now, conversation);
    }
    if arguments.fix {
        return fix::run(stage, arguments, conversation.workspace()?, now, conversation);
    }
    judge::in_one(stage, arguments, &judge::Printed, now, conversation)
}
