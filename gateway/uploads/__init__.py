"""Uploads: received in a folder of this machine, looked at, then put into the tenant's store."""
