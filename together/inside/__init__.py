"""What runs in the model half's own environment, the same in a container and in a process."""
