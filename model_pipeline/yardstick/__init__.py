"""The yardstick: the same pipeline on IBM's Telco table."""
