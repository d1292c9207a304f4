"""From a factorization and a risk estimate to the penalty chosen: numpy alone."""
