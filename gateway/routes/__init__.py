"""What the door answers, one file a noun."""
