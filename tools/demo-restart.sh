# SPDX-License-Identifier: Apache-2.0
# The demo's second half (read by demo.sh): cells in a world that keeps them. John works in its cell's memory, so nothing
# but the world's checkpoints can bring back what it did.

# John's session file in a cell: "GUESSES CRACKED"; a guess is a word tried against a hash.
progress_of()
{
    local guesses cracked
    read -r guesses cracked < <("$ringfence" exec --world "$world" "$1" -- cat /tmp/crack.rec 2>/dev/null |
        awk 'NR == 2 { words = $1 } words && NR == words + 3 { cracked = $1 } words && NR == words + 4 { guesses = $1 }
             END { if (NR > words + 15) print guesses, cracked }')
    echo "$((16#${guesses:-0})) ${cracked:-0}"
}

# note_progress NAME: of all cells, into the arrays guesses_NAME and cracked_NAME.
note_progress()
{
    local cell guesses cracked
    for cell in crack1 crack2; do
        read -r guesses cracked < <(progress_of "$cell")
        declare -gA "guesses_$1[$cell]=$guesses" "cracked_$1[$cell]=$cracked"
    done
}

crack_in_a_world()
{
    local cell
    say "the same in a world that keeps its cells:"
    world=$folder/world
    echo "  \$ ringfence world -d --checkpoint-every 1 $world"
    "$ringfence" world -d --checkpoint-every 1 "$world" || give_up "the world does not start: see $world/log"
    for cell in 1 2; do
        echo "  \$ ringfence run -d --name crack$cell john ..."
        "$ringfence" run --world "$world" -d --name "crack$cell" --env OMP_NUM_THREADS=1 --env HOME=/tmp \
            --ro "$folder/shared" --file "/etc/john/john.conf=$settings" -- \
            "$john" --format=crypt --wordlist="$folder/shared/words" --session=/tmp/crack "--node=$cell/2" \
            "$folder/shared/hashes" >/dev/null || give_up "crack$cell does not start"
    done
}

# In the middle: each cell has made some guesses that are checkpointed, and some that are not.
kill_the_world()
{
    local pid children
    while note_progress kept && [ "${guesses_kept[crack1]}" -lt 900 ] || [ "${guesses_kept[crack2]}" -lt 900 ]; do
        "$ringfence" ps --world "$world" | grep -q running || give_up "all was over before the world could be killed"
        sleep 0.5
    done
    "$ringfence" checkpoint --world "$world" --wait >/dev/null || give_up "there was no checkpoint"
    sleep 1.5
    note_progress killed
    pid=$(cat "$world/lock")
    children=$(pgrep -d, -P "$pid")
    say "the world is killed, and all cells with it:"
    echo "  \$ kill -9 $pid"
    kill -9 "$pid"
    while pgrep -P "$pid" >/dev/null || ps -p "$children" >/dev/null; do sleep 0.05; done
}

start_again()
{
    local cell status
    echo "  \$ ringfence world -d --checkpoint-every 1 $world"
    "$ringfence" world -d --checkpoint-every 1 "$world" || give_up "the world does not start again: see $world/log"
    note_progress restarted
    for cell in crack1 crack2; do
        "$ringfence" wait --world "$world" "$cell"
        status=$?
        "$ringfence" logs --world "$world" "$cell" >"../$cell.out"
        [ "$status" = 0 ] || { tail -n 5 "../$cell.out" >&2; give_up "$cell ended with status $status"; }
    done
    printf '  %-7s %30s %20s %20s %14s\n' cell 'guesses before a checkpoint' 'when killed' 'when started again' 'cracked at the end'
    for cell in crack1 crack2; do
        printf '  %-7s %28d %20d %20d %14d\n' "$cell" "${guesses_kept[$cell]}" "${guesses_killed[$cell]}" \
            "${guesses_restarted[$cell]}" "$(grep -c '(user' "../$cell.out")"
        [ "${guesses_restarted[$cell]}" -ge "${guesses_kept[$cell]}" ] &&
            [ "${cracked_restarted[$cell]}" -ge "${cracked_kept[$cell]}" ] || give_up "$cell lost guesses that were checkpointed"
    done
    collect_cracked ../crack1.out ../crack2.out
    echo "  ${green}nothing that was checkpointed is lost:${plain} the job went on and found all $hash_count passwords"
}
