#!/bin/bash
# ./demo.sh [--exit] [--sabotage] [--seconds N]: an ERP on PostgreSQL, a MES on MariaDB, Millrace
# between them, a factory's work on both, and the proof, row by row. On a fresh Debian 12 it
# installs what is missing (root or sudo). Everything lives in a temporary directory and on free
# ports of 127.0.0.1, and is gone when it ends.
#
#   --exit       ends after the proof: 0 where both sides are equal, 1 where not
#   --sabotage   changes one row behind Millrace's back: must end with 1
set -euo pipefail
repo=$(cd "$(dirname "$0")" && pwd)
cd "$repo"
. tests/tools/setup.sh
[ -n "${NO_SETUP:-}" ] || install_packages build run
echo "building Millrace"
build_into build
exec "$python" examples/factory/demo.py "$@"
