"""How far estimates are off: sums over rows, the profile of the path, noise."""
