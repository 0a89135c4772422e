# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by the tools: runs steps that are quiet when they succeed and clear when they fail.

rocweld_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rocweld_logs=${ROCWELD_LOG_DIR:-$rocweld_root/build/log}

die() {
    printf 'rocweld: %s\n' "$*" >&2
    exit 1
}

# An interrupted tool takes the running step with it (background jobs do not see Ctrl-C).
step_pid=
stop_step() {
    [ -z "$step_pid" ] || kill "$step_pid" 2>/dev/null || true
}
trap 'stop_step; exit 130' INT TERM

# A line that the next one replaces; nothing when the output is not a terminal.
show_progress() {
    if [ -t 2 ]; then
        printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "$*" >&2
    fi
}

clear_progress() {
    show_progress ''
}

# Follows a growing log on the terminal until the process `pid` ends.
follow_log() {
    local title=$1 log=$2 pid=$3
    [ -t 2 ] || return 0
    while kill -0 "$pid" 2>/dev/null; do
        show_progress "$title ... $(tail -n 1 "$log" 2>/dev/null | tr -d '\r\033')"
        sleep 0.3
    done
    clear_progress
}

# run_step TITLE NAME COMMAND...: runs the command with its output in NAME.log. On failure shows the
# log's end and where the whole of it is, and exits with the command's status.
run_step() {
    local title=$1 log=$rocweld_logs/$2.log status=0
    shift 2
    mkdir -p "$rocweld_logs"
    "$@" >"$log" 2>&1 </dev/null &
    step_pid=$!
    follow_log "$title" "$log" "$step_pid"
    wait "$step_pid" || status=$?
    step_pid=
    if [ "$status" -ne 0 ]; then
        printf 'rocweld: %s: failed with status %d. The end of %s:\n' "$title" "$status" "$log" >&2
        tail -n 40 "$log" | sed 's/^/    /' >&2
        exit "$status"
    fi
}

# build_preset PRESET [TARGET...]: configures (when needed) and builds a CMake preset.
build_preset() {
    local preset=$1 folder
    folder=$(preset_folder "$preset")
    shift
    cd "$rocweld_root" || die "cannot enter $rocweld_root"
    if [ ! -e "$folder/build.ninja" ]; then
        run_step "Configuring ($preset)" "configure-$preset" cmake --preset "$preset"
    fi
    run_step "Building ($preset)" "build-$preset" ninja -C "$folder" "$@"
}

preset_folder() {
    if [ "$1" = dev ]; then
        echo "$rocweld_root/build"
    else
        echo "$rocweld_root/build-$1"
    fi
}

install_packages() {
    [ -n "${ROCWELD_SKIP_INSTALL:-}" ] || "$rocweld_root/tools/setup/install"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and sudo is not available; as root, run: $*"
    fi
}

# ---- stacks: newer Debians in folders ----

stack_names() {
    local lists=("$rocweld_root"/tools/setup/stacks/*.txt)
    lists=("${lists[@]##*/}")
    echo "${lists[*]%.txt}"
}

# The list of packages that makes a stack.
stack_packages() {
    local list=$rocweld_root/tools/setup/stacks/$1.txt
    [ -e "$list" ] || die "there is no stack '$1'; there are: $(stack_names)"
    echo "$list"
}

# The stack whose folder a stack starts from, or nothing: the line `base NAME` of its list.
stack_base() {
    sed -n 's/^base //p' "$(stack_packages "$1")"
}

# All that makes a stack: what its folder was made from, word for word.
stack_recipe() {
    local base
    base=$(stack_base "$1")
    [ -z "$base" ] || cat "$(stack_packages "$base")"
    cat "$(stack_packages "$1")"
}

stack_folder() {
    echo "${ROCWELD_STACKS:-$rocweld_root/build/stacks}/$1"
}

# Whether the folder holds this stack as its lists have it now.
stack_is_current() {
    cmp -s <(stack_recipe "$1") "$2/etc/rocweld-stack.txt"
}

# Root, by itself or by sudo, that may mount: not so in most containers.
stack_can_install() {
    if [ "$(id -u)" -eq 0 ]; then
        unshare --mount true 2>/dev/null
    else
        command -v sudo >/dev/null && sudo -n unshare --mount true 2>/dev/null
    fi
}

# Where this machine's apt gets Debian from. Labels are known once apt has updated; before, the
# archive is the one whose folder is called debian.
debian_mirror() {
    local mirror=${ROCWELD_MIRROR:-}
    # shellcheck disable=SC2016
    [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(LABEL)|$(SITE)' \
        'Created-By: Packages' | awk -F'|' '
            $1 == "Debian" { print $2; found = 1; exit }
            !guess && $2 ~ /\/debian\/?$/ { guess = $2 }
            END { if (!found) print guess }')
    [ -n "$mirror" ] || die "apt's configuration names no Debian mirror; set ROCWELD_MIRROR to one"
    echo "$mirror"
}
