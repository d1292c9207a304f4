"""The only door in: rows, weights and groups as given are checked here, wherever they live."""
