
complete -F _cargo_gate -o bashdefault -o default cargo-gate

# `cargo gate`: everything else after `cargo` stays with what completed it before.
if ! complete -p cargo &>/dev/null; then
    for loader in _comp_load __load_completion; do
        if declare -F "$loader" >/dev/null; then
            "$loader" cargo
            break
        fi
    done
fi
_cargo_without_gate=$(complete -p cargo 2>/dev/null)
if [[ $_cargo_without_gate == *"-F "* && $_cargo_without_gate != *_cargo_with_gate* ]]; then
    _cargo_without_gate=${_cargo_without_gate#*-F }
    _cargo_without_gate=${_cargo_without_gate%% *}
else
    _cargo_without_gate=
fi

_cargo_with_gate() {
    local at=1
    [[ ${COMP_WORDS[1]} == +* ]] && at=2
    if [[ $COMP_CWORD -gt $at && ${COMP_WORDS[at]} == gate ]]; then
        COMP_WORDS=(cargo-gate "${COMP_WORDS[@]:at+1}")
        COMP_CWORD=$((COMP_CWORD - at))
        _cargo_gate cargo-gate "$2" "${COMP_WORDS[COMP_CWORD - 1]}"
    elif [[ -n $_cargo_without_gate ]]; then
        "$_cargo_without_gate" "$@"
    elif [[ $COMP_CWORD -eq $at ]]; then
        COMPREPLY=($(compgen -W gate -- "$2"))
    fi
}
complete -F _cargo_with_gate -o bashdefault -o default cargo
