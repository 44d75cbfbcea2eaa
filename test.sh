#!/bin/bash
# ./test.sh [PART [ARGUMENT]]: sets up all it needs (Debian 12; root or sudo) and runs the tests.
#
#   (none)         unit, integration and crash: what every change must pass; about 25 minutes
#   unit           cmocka tests, under ctest
#   golden         of these, the decoders over recorded bytes
#   integration    pytest against real servers     (ARGUMENT: pytest's -k expression)
#   crash [N]      kill -9 at every named point and N times at random (default 50)
#   large [ROWS]   one transaction of that many rows, each way (default 5,000,000); 100,000 events held
#   asan           unit, integration and crash under AddressSanitizer and UBSan
#   tsan           what crosses threads, under ThreadSanitizer
#   mutants        removes one guard at a time: each time a test must fail
#   soak [MINUTES] load for a long time: memory, checkpoints (default 30)
#   all            all of them
#
# The last line is `N passed, N failed, N skipped`; the exit code is 0 when none failed.
# MILLRACE_CACHE: where the MySQL server is kept (default .cache). NO_SETUP=1: install nothing.
set -uo pipefail
repo=$(cd "$(dirname "$0")" && pwd)
cd "$repo"
. tests/tools/setup.sh

results=$repo/build/results
part=${1:-default}
argument=${2:-}

# A step that cannot even start is one failed test.
broken() {
    printf '<testsuites><testsuite name="%s" tests="1" failures="1" errors="0" skipped="0">
<testcase name="%s"><failure message="did not run"/></testcase></testsuite></testsuites>\n' \
        "$1" "$1" >"$results/$1.xml"
}

set_up() {
    if [ -z "${NO_SETUP:-}" ]; then
        install_packages build test || exit 1
        tests/tools/get-mysql.sh ||
            echo "MySQL 9.7 cannot be had here: its tests are SKIPPED" >&2
    fi
    rm -rf "$results"
    mkdir -p "$results"
}

plain() { [ -n "${built_plain:-}" ] || build_into build && built_plain=1; }
crashing() { build_into build-crash -DMILLRACE_CRASH_POINTS=ON; }
sanitized() { build_into build-asan -DMILLRACE_SANITIZE=address,undefined -DMILLRACE_CRASH_POINTS=ON; }
racing() { build_into build-tsan -DMILLRACE_SANITIZE=thread; }

run_ctest() { # name, build directory, more
    local name=$1 dir=$2
    shift 2
    ctest --test-dir "$dir" --output-on-failure -j "$(nproc)" --no-tests=error \
        --output-junit "$results/$name.xml" "$@" | grep -vE '^ *[0-9/]+ Test .*Passed|Start ' || true
    [ -e "$results/$name.xml" ] || broken "$name"
}

run_pytest() { # name, more
    local name=$1
    shift
    "$python" -m pytest tests/integration -p no:cacheprovider -q -rs --tb=short \
        --junitxml="$results/$name.xml" -o junit_suite_name="$name" "$@"
    [ -e "$results/$name.xml" ] || broken "$name"
}

unit() { plain && run_ctest unit build || broken unit; }
golden() { plain && run_ctest golden build -R 'decode|binlog|golden|rows|pgoutput' || broken golden; }
integration() {
    plain || { broken integration; return; }
    if [ -n "$1" ]; then
        run_pytest integration -m "not crash" -k "$1"
    else
        run_pytest integration -m "not crash"
    fi
}
crash() {
    crashing || { broken crash; return; }
    MILLRACE_KILLS=${1:-50} run_pytest crash -m crash
}
large() {
    plain || { broken large; return; }
    MILLRACE_LARGE_ROWS=${1:-5000000} MILLRACE_HELD=100000 run_pytest large -m large
}
asan() {
    sanitized || { broken asan; return; }
    export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
    run_ctest asan-unit build-asan
    MILLRACE_BIN=$repo/build-asan/millrace MILLRACE_CRASH_BIN=$repo/build-asan/millrace \
        MILLRACE_PATIENCE=4 run_pytest asan
    unset ASAN_OPTIONS UBSAN_OPTIONS
}
tsan() {
    racing || { broken tsan; return; }
    # libuv closes descriptors by a bare system call: a number used again looks shared, so what
    # interceptors touch is not judged. A second SIGTERM leaves threads behind on purpose.
    MILLRACE_BIN=$repo/build-tsan/millrace MILLRACE_PATIENCE=4 \
        TSAN_OPTIONS="suppressions=$repo/tests/tools/tsan.supp halt_on_error=1 ignore_interceptors_accesses=1 report_thread_leaks=0" \
        run_pytest tsan -m "not crash" \
        -k "random_load or both_sides_write or copied_under_load or under_load or sigterm or cut_again or skip_demands"
}
mutants() { tests/tools/mutants.sh "$results/mutants.xml" || true; }
soak() {
    plain || { broken soak; return; }
    "$python" tests/tools/soak.py --minutes "${1:-30}" --junit "$results/soak.xml" ||
        [ -e "$results/soak.xml" ] || broken soak
}

set_up
case $part in
default) unit; integration ""; crash "" ;;
unit | golden) $part ;;
integration | crash | large | soak) $part "$argument" ;;
asan | tsan | mutants) $part ;;
all) unit; integration ""; crash ""; large; asan; tsan; mutants; soak "$argument" ;;
*)
    sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
    exit 1
    ;;
esac
exec "$python" tests/tools/count.py "$results"
