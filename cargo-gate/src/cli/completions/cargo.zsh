
# `_cargo` calls this function with `gate` as the first word; where there is no `_cargo`, this file completes `cargo` too.
_cargo-gate() {
    local at=2
    [[ $words[2] == +* ]] && at=3
    if [[ $words[1] == gate || $words[1] == *cargo-gate ]]; then
        _cargo_gate "$@"
    elif [[ $words[at] == gate ]] && (( CURRENT > at )); then
        shift $(( at - 1 )) words
        (( CURRENT -= at - 1 ))
        _cargo_gate "$@"
    elif (( $+functions[_cargo] )); then
        _cargo "$@"
    elif (( CURRENT == at )); then
        compadd gate
    fi
}

if [ "$funcstack[1]" = "_cargo-gate" ]; then
    _cargo-gate "$@"
else
    compdef _cargo-gate cargo-gate cargo
fi
