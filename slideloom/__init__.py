"""The pure core of slideloom: slides, grid, tissue, engines, merging, measures, drawing.

Nothing in this package knows Prefect, tenants or HTTP. Coordinates are level-0 pixels, (x, y),
top-left origin, unless a name says otherwise; `mpp` is µm per pixel.
"""

__version__ = "0.1.0"
