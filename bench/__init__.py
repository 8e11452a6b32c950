"""Benchmarks: each contender in its own process, side by side in one run, reported as ratios.

`make bench` runs them all and ends with what was measured beside what is promised; `python -m bench NAME …` runs some.
A figure without its neighbour from the same run means nothing.

To add one: a module `bench/NAME.py` with `run() -> list[Check]` (`bench/registry.py`), and NAME in `BENCHMARKS` there.
"""
