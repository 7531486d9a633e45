
# `cargo gate` completes as `cargo-gate` does.
function __fish_cargo_gate_words
    set -l words (commandline -opc)
    set -l at (contains -i -- gate $words)
    complete -C "cargo-gate "(string join ' ' -- (string escape -- $words[(math $at + 1)..-1]) (commandline -ct))
end
complete -c cargo -n '__fish_seen_subcommand_from gate' -f -a '(__fish_cargo_gate_words)'
complete -c cargo -n __fish_use_subcommand -f -a gate -d 'Decide whether the workspace may enter a rollout stage'
