"""Krylov spaces in place of a factorization, for sparse rows that are large on both sides."""
