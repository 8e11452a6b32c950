"""Benchmarks: each contender in its own process, side by side in one run, reported as ratios.

`make bench` runs them all; a figure without its neighbour from the same run means nothing.
"""
