"""Programs that the processes run, unpacked below `.cache`: Debian packages, and OHIF's files from npm."""
