"""Distributed search and benchmarking of deep-learning models."""
