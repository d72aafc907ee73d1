"""What a viewer shows: a slide in tiles; outlines and density of cells, and the cells in a box."""
