"""What watchers of jobs and workflows are told, and when."""
