"""A user's own CSV, with the lesson's pieces. This room imports the lesson; the stages never import this room."""
