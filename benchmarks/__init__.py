"""Benchmarks: each prints ratios of two things measured in the same run, so that they mean something on any machine."""
