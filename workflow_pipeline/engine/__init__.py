"""How the graph runs on this machine: kfp's local runners, their exit codes and their log."""
