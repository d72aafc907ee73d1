"""Result folders: atomic files, the manifest that commits them, and the formats of the cells."""
