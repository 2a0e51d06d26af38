"""One call per task, for notebook and command line."""
