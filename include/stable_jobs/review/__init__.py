"""The pages that officers and engineers look at in the browser, inside Airflow's own server."""
