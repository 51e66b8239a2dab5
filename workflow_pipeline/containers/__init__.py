"""Building the images, and the same steps under Docker Compose."""
