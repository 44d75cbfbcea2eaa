#!/bin/bash
# mutants.sh [JUNIT]: builds Millrace with one guard removed at a time (cdc/base/guard.h) and runs
# the tests that should notice. Prints which test went red; fails if a mutant survives.
# MUTANTS="2 5" runs some only.
set -uo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
cd "$repo"
. tests/tools/setup.sh
junit=${1:-}

# number, guard, tests that must notice it (pytest -k)
guards=(
    "1 marker check|gap_in_the_numbers"
    "2 path cut|nothing_comes_back or both_sides_write"
    "3 checkpoint fence|strange_checkpoint or second_engine_on_the_same"
    "4 acknowledgement cap|acknowledged_is_durable"
    "5 TOAST skip|unchanged_toast"
    "6 key-change fold|changed_keys_are_followed or random_load"
    "7 count check|drifted_stops"
    "8 copy hand-over|copied_under_load or killed_again_and_again_during_the_copy"
)
cases=""
survived=0

mutant_case() { # name, failure text or nothing
    cases="$cases<testcase classname=\"mutants\" name=\"$1\">${2:+<failure message=\"$2\"/>}</testcase>"
}

red_tests() { # junit file: the names of its failed tests; what could not run has noticed nothing
    "$python" - "$1" <<'P'
import sys, xml.etree.ElementTree as ET
for c in ET.parse(sys.argv[1]).iter("testcase"):
    if c.find("failure") is not None:
        print(c.get("name"))
P
}

for guard in "${guards[@]}"; do
    number=${guard%% *}
    name=${guard#* }
    tests=${name#*|}
    name=${name%|*}
    [[ " ${MUTANTS:-1 2 3 4 5 6 7 8} " == *" $number "* ]] || continue
    dir=$repo/build-mutant
    if ! build_into "$dir" -DMILLRACE_MUTANT="$number"; then
        mutant_case "without the $name" "does not build"
        survived=$((survived + 1))
        continue
    fi
    out=$dir/red.xml
    rm -f "$out"
    MILLRACE_BIN=$dir/millrace "$python" -m pytest tests/integration -p no:cacheprovider -q -x \
        --tb=no -m "not crash" -k "$tests" --junitxml="$out" >"$dir/pytest.log" 2>&1
    red=$(red_tests "$out" 2>/dev/null | head -1)
    if [ -n "$red" ]; then
        echo "without the $name: red: $red"
        mutant_case "without the $name"
    else
        echo "without the $name: SURVIVES ($dir/pytest.log)"
        mutant_case "without the $name" "no test noticed"
        survived=$((survived + 1))
    fi
done
[ -z "$junit" ] || echo "<testsuites><testsuite name=\"mutants\">$cases</testsuite></testsuites>" >"$junit"
[ "$survived" = 0 ]
