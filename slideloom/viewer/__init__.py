"""What a viewer asks for: pictures of a slide in tiles."""
