#!/bin/bash
# get-mysql.sh [DIR]: a real MySQL server (mysql-server-core of a newer Debian suite, 9.7 or later)
# in DIR, beside this system and without touching it. No root needed.
#
#   DIR/bin/mysqld, DIR/bin/mysqlbinlog   wrappers that run with the libraries of that suite
#   DIR/server.cnf                        the options that depend on where DIR is
#   DIR/ok                                written last: the folder is complete
#
# DIR defaults to $MILLRACE_CACHE/mysql, or .cache/mysql in the repository. Needs the network once
# (46 MB from the Debian mirror that apt uses here, or MYSQL_MIRROR; suite MYSQL_SUITE, default sid).
# apt checks each package against the signed index. Exits 1, saying why, where it cannot be had.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-${MILLRACE_CACHE:-$here/../../.cache}/mysql}
suite=${MYSQL_SUITE:-sid}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if [ -e "$dir/ok" ] && [ "$(cat "$dir/ok")" = "$dir" ]; then
    echo "get-mysql: already in $dir"
    exit 0
fi

# The mirror this system installs from: both forms of apt's source files are covered this way.
mirror=${MYSQL_MIRROR:-$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
    awk '$2 == "main" && $1 ~ /\/debian\/?$/ { m = m ? m : $1 } END { print m }')}
if [ -z "$mirror" ]; then
    echo "get-mysql: apt names no Debian mirror here: set MYSQL_MIRROR" >&2
    exit 1
fi
if [ ! -e "$keyring" ]; then
    echo "get-mysql: $keyring is missing: apt-get install debian-archive-keyring" >&2
    exit 1
fi

# An apt of our own: its own list of sources, its own (empty) idea of what is installed.
apt_options() {
    mkdir -p "$dir"/apt/{lists/partial,cache/archives/partial,etc}
    echo "deb [signed-by=$keyring] $mirror $suite main" >"$dir/apt/etc/sources.list"
    : >"$dir/apt/etc/status"
    options=(-o Dir::Etc::sourcelist="$dir/apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferencesparts=/dev/null -o Dir::Etc::preferences=/dev/null
        -o Dir::State::Lists="$dir/apt/lists" -o Dir::State::status="$dir/apt/etc/status"
        -o Dir::State::extended_states="$dir/apt/etc/extended_states"
        -o Dir::Cache="$dir/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=root
        -o Acquire::Languages=none -o Acquire::Retries=3
        -o Acquire::Check-Valid-Until=false # a mirror that lags behind will do: it is signed
        -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
}

# Everything mysqld needs down to libc, less what only its scripts need.
closure() {
    apt-get "${options[@]}" -s install --no-install-recommends mysql-server-core |
        sed -n 's/^Inst \([^ ]*\) .*/\1/p' |
        grep -vE '^(perl|libperl|libgdbm|libdb5|libmecab|gcc-[0-9]+-base|libc-gconv|libcrypt1$|libbz2)'
}

unpack() {
    apt_options
    apt-get "${options[@]}" -qq update
    mkdir -p "$dir/debs" "$dir/root"
    (cd "$dir/debs" && apt-get "${options[@]}" -qq download $(closure))
    for deb in "$dir"/debs/*.deb; do
        dpkg -x "$deb" "$dir/root"
    done
    rm -rf "$dir"/root/usr/share/{doc,man,locale,lintian,bug} "$dir"/apt "$dir"/debs
}

[ -x "$dir/root/usr/sbin/mysqld" ] || unpack

loader=$(find "$dir/root" -name 'ld-linux-x86-64.so.2' -o -name 'ld-linux-aarch64.so.1' | head -1)
libraries=$( { find "$dir/root/usr/lib" "$dir/root/lib" -maxdepth 1 -type d -name '*-linux-gnu' \
    2>/dev/null || true; } | paste -sd:)
mkdir -p "$dir/bin"
for program in sbin/mysqld bin/mysqlbinlog; do
    [ -e "$dir/root/usr/$program" ] || continue
    wrapper=$dir/bin/$(basename "$program")
    cat >"$wrapper" <<W
#!/bin/sh
exec "$loader" --library-path "$libraries" --argv0 "$dir/root/usr/$program" "$dir/root/usr/$program" "\$@"
W
    chmod +x "$wrapper"
done
cat >"$dir/server.cnf" <<C
[mysqld]
basedir=$dir/root/usr
lc-messages-dir=$dir/root/usr/share/mysql
character-sets-dir=$dir/root/usr/share/mysql/charsets
plugin-dir=$dir/root/usr/lib/mysql/plugin
C
"$dir/bin/mysqld" --no-defaults --version
chmod -R go+rX "$dir"
echo "$dir" >"$dir/ok"
