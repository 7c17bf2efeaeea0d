"""The command line `guanjia`: one module for each command, one for what several share."""
