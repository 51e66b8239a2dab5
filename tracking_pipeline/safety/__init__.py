"""Safety: which model files may be loaded, which code ran, and what happens to the record when a process is killed."""
