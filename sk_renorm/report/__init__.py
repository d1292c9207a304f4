"""What a fit answers: intervals, learning curves, rows ahead, a summary."""
