"""Rows that depend on each other, and their noise."""
