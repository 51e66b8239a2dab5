"""The part of the model half that is the same in a container and in a process."""
