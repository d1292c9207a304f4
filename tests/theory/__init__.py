"""Tests of the theory; a package, so that no script of that name stands in for it."""
