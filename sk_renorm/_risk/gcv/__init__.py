"""Generalized cross-validation: of moments, a sample, Krylov spaces; its ratio to leave-one-out."""
