# SPDX-License-Identifier: Apache-2.0
# Completion for bash. The options come from the program itself.

_ringfence_commands()
{
    "${COMP_WORDS[0]}" help 2>/dev/null | sed -n 's/^  \([a-z]\{1,\}\)  .*/\1/p'
}

_ringfence()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} i word
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$(_ringfence_commands) --version --help" -- "$current")
        return
    fi
    case ${COMP_WORDS[1]} in
    help)
        mapfile -t COMPREPLY < <(compgen -W "$(_ringfence_commands)" -- "$current")
        return
        ;;
    run) ;;
    *)
        if [[ $previous == --world || $previous == -w || $previous == --volume || ${COMP_WORDS[1]} == @(world|fsck|scrub) && $current != -* ]]; then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
        elif [[ $previous == @(-o|--output|--identity|--encrypt-to|--ro|--rw|--root) || ${COMP_WORDS[1]} == @(thaw|key) && $current != -* ]]; then
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        elif [[ $current == -* ]]; then
            mapfile -t COMPREPLY < <(
                compgen -W "$("${COMP_WORDS[0]}" help "${COMP_WORDS[1]}" 2>/dev/null | grep -oE '^  --[a-z-]+')" -- "$current"
            )
        else
            mapfile -t COMPREPLY < <(
                compgen -W "$("${COMP_WORDS[0]}" ps 2>/dev/null | awk 'NR > 1 { print $2 }')" -- "$current"
            )
        fi
        return
        ;;
    esac
    # The first word that is neither an option nor an option's value is the program.
    for ((i = 2; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        --) ((i++)) && break ;;
        --ro | --rw | --tmp | --file | --root | --cwd | --env | --hostname | --uid | --gid | --mem | \
            --cpu | --pids | --time | --clock | --wrap | --trace-to | --limit-by | --world | --name | -w | -n) ((i++)) ;;
        -*) ;;
        *) break ;;
        esac
    done
    if ((i < COMP_CWORD)); then
        if declare -F _command_offset >/dev/null; then
            _command_offset "$i"
        else
            compopt -o default
        fi
        return
    fi
    case $previous in
    --ro | --rw | --root | --trace-to | --world | -w)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --limit-by)
        mapfile -t COMPREPLY < <(compgen -W "any cgroup2 cgroup1 poll" -- "$current")
        return
        ;;
    --tmp | --file | --cwd | --env | --hostname | --uid | --gid | --mem | --cpu | --pids | --time | --clock | --wrap)
        return
        ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(
            compgen -W "$("${COMP_WORDS[0]}" help run 2>/dev/null | grep -oE '^  --[a-z-]+')" -- "$current"
        )
    else
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
    fi
}
complete -F _ringfence ringfence
