"""The model behind a web address: the application, its container, and a cluster's manifest."""
