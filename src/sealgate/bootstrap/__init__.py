"""The one place that puts the parts together, and the console script `sealgate`."""
