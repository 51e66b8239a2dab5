"""How the engines are started and connected on this machine: images, networks, servers, and Airflow's settings."""
