"""What keeps the store right when a disk fills, a process dies or a database is older."""
