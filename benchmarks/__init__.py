"""Time, memory, error and honesty of the package: ``python -m benchmarks`` lists what there is."""
