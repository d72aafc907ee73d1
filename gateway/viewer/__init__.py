"""What of a job's cells is shown: looked for, kept for a while, and drawn."""
