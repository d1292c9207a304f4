"""What the estimators share, the only wing that knows ``self``: fit, predict, stream, answers."""
