"""The tenants' door: REST, WebSocket, uploads, viewer. Tenants never reach Prefect itself."""
