"""The steps, one module each, named by number."""
