"""Arrays of other namespaces and devices: data, singular vectors, factorization."""
