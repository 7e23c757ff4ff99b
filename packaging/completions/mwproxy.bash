# bash completion for mwproxy, with HAProxy's single-dash options.

_mwproxy() {
    local current=$2 previous=$3 words index
    COMPREPLY=()
    # Behind -- only files follow; behind -sf and -st numbers of processes, until the next option.
    for ((index = 1; index < COMP_CWORD; index++)); do
        [[ ${COMP_WORDS[index]} == -- ]] && previous=-f
    done
    case $previous in
    -f | -p | -x)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    -C)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    -S)
        compopt -o nospace -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    -n | -N | -m | -L) return ;;
    esac
    if [[ $current != -* ]]; then
        for ((index = COMP_CWORD - 1; index > 0; index--)); do
            case ${COMP_WORDS[index]} in
            -sf | -st)
                mapfile -t COMPREPLY < <(compgen -W "$(pgrep -x 'mwproxy|haproxy')" -- "$current")
                return
                ;;
            -*) break ;;
            esac
        done
    fi
    words='-f -c -R -W -Ws -S -D -d -db -C -p -n -L -q -V -dW -sf -st -x -dR -v -vv -h --'
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _mwproxy mwproxy
