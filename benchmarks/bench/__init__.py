"""The harness of the benchmarks; scenario.py says how a scenario is written."""
