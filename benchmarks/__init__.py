"""Measure speed and memory: `make bench`. The benchmarks print figures; they have no limits to pass."""
