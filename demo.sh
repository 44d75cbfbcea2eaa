#!/bin/bash
# ./demo.sh [--exit] [--sabotage] [--events | --tables] [--seconds N]: a factory's ERP on PostgreSQL,
# its MES on MariaDB, Millrace between them, in two parts. First Odoo's tables and ktg-mes's, which
# have nothing in common, with typed events between them: step by step, then under load. Then tables
# that both sides share, row by row, both ways. What is said of both is asked of the databases.
#
# On a fresh Debian 12 it installs what is missing (root or sudo). Everything lives in a temporary
# directory and on free ports of 127.0.0.1, and is gone when it ends.
#
#   --exit       ends after the proof, about a minute: 0 where all is as it must be, 1 where not
#   --sabotage   changes a row of each part behind Millrace's back: must end with 1
#   --events, --tables   one part alone
#   --seconds N  how long each factory works (10)
set -euo pipefail
repo=$(cd "$(dirname "$0")" && pwd)
cd "$repo"
. tests/tools/setup.sh
[ -n "${NO_SETUP:-}" ] || install_packages build run
echo "building Millrace"
build_into build
exec "$python" examples/factory/demo.py "$@"
