"""Rows left out together: any folds, in closed form where the training rows are all others."""
