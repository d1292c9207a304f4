"""What a fit looks for in its rows, and says when it matters."""
