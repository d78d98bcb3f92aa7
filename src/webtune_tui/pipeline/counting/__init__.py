"""Counting what a dataset consists of."""
