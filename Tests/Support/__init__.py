"""What the Python tests share: processes, clusters, jobs, HTTP, exports."""
