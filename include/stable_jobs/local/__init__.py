"""A whole Airflow on one person's machine: started, asked and stopped; nothing of it outlives its command."""
