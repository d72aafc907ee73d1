"""Slides in S3 as local files: OpenSlide reads nothing else."""

from slideloom.stores.slide_cache.cache import CacheFull, SlideCache, SlideTooLarge, default_cache

__all__ = ["CacheFull", "SlideCache", "SlideTooLarge", "default_cache"]
