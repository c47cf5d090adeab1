"""A model's weights on a disk: brought from the hub, held against their digests, packed. `__main__` is the command."""
