"""The command line `slideloom`; modules are loaded when their command is called."""
