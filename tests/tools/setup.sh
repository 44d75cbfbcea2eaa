# setup.sh: what ./test.sh and ./demo.sh need on a fresh Debian 12, from Debian's packages alone.
# Sourced by both. Only what is missing is installed, by root or through sudo.
#
#   install_packages build | run | test | bench    a list each, below
#   build_into DIR [cmake options]         configures and builds

PACKAGES_build="gcc cmake ninja-build pkgconf libpq-dev libmariadb-dev libuv1-dev
    libprotobuf-c-dev liblz4-dev libyaml-dev libzstd-dev zlib1g-dev libjansson-dev libssl-dev
    uthash-dev libxxhash-dev libcmocka-dev libsqlite3-dev libgmp-dev libpcre2-dev libcsv-dev
    protobuf-compiler protobuf-c-compiler libprotobuf-dev"
# protobuf-compiler: the vocabulary of events is read by protoc when Millrace starts
PACKAGES_run="postgresql mariadb-server-core mariadb-client-core tzdata protobuf-compiler
    python3 python3-psycopg2 python3-pymysql python3-yaml python3-cryptography"
PACKAGES_test="$PACKAGES_run python3-pytest sysbench
    debian-archive-keyring"
PACKAGES_bench="$PACKAGES_test python3-matplotlib python3-xxhash pgloader mariadb-client"

python=/usr/bin/python3 # Debian's own: its modules are Debian packages
export PYTHONDONTWRITEBYTECODE=1

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "these packages are missing, and installing needs root or sudo: $missing" >&2
        return 1
    fi
}

# A package counts as there when it, or one that provides it, is installed.
missing_of() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
            dpkg-query -W -f '${Status} ${Provides}\n' 2>/dev/null |
            grep 'ok installed' | grep -qE "[ ,]$package( |,|\$)" || echo "$package"
    done
}

install_packages() {
    local wanted=""
    for list in "$@"; do
        local name=PACKAGES_$list
        wanted="$wanted ${!name}"
    done
    missing=$(missing_of $wanted | sort -u | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || {
        echo "not a Debian system: install what stands for $missing" >&2
        return 1
    }
    echo "installing: $missing"
    local log
    log=$(mktemp)
    if ! { as_root apt-get -qq update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
            install $missing; } >"$log" 2>&1; then
        tail -20 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

build_into() {
    local dir=$1
    shift
    mkdir -p "$dir"
    if ! { cmake -G Ninja -S "$repo" -B "$dir" "$@" && ninja -C "$dir"; } >"$dir/build.log" 2>&1; then
        grep -E 'error|FAILED' "$dir/build.log" | head -40
        echo "the build in $dir failed: $dir/build.log" >&2
        return 1
    fi
}
