"""IBM's Telco table and its reader."""
