"""How the graph runs on this machine: kfp's local runners, their exit codes, their log, and the report."""
