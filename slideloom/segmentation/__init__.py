"""The steps of one slide's segmentation: plan, tile tasks, merge, aggregate, draw."""
