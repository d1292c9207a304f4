"""Sums over rows that come in blocks, and rows that dask makes again."""
